package io.foresight.decoding.search;

import io.foresight.decoding.Sampler;
import io.foresight.decoding.search.Tally.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A draft as p verified it: w, its accepted prefix and, unless that ends in EOS, p's own token.
 *
 * @param drafted |z|
 * @param accepted n
 * @param line w
 * @param logProbs log p of each token of w
 */
public record Verified(int drafted, int accepted, int[] line, double[] logProbs) {

  /** A = n / |z|, or 1 for an empty draft. */
  public double acceptance() {
    return drafted == 0 ? 1 : (double) accepted / drafted;
  }

  /** Commits the first {@code count} tokens of w, and moves both models on. */
  public void commit(Row row, Line p, Line q, int count) {
    for (int i = 0; i < count; i++) {
      row.commit(i < accepted ? Origin.DRAFT : Origin.TARGET, line[i], logProbs[i]);
    }
    int[] committed = Arrays.copyOf(line, count);
    p.advance(committed);
    q.advance(committed);
  }

  /** Hard rejection: z is accepted while it is p's greedy path; w is p's greedy path. */
  public static Verified hard(Row row, Line p, int[] draft, int topK) {
    Line.verify(row.target(), List.of(p), List.of(draft), topK);
    int accepted = p.agreement(draft);
    int[] line = p.greedy(accepted + 1);
    double[] logProbs = p.known().stream().limit(line.length).mapToDouble(Next::logProb).toArray();
    row.verified(draft.length, accepted);
    return new Verified(draft.length, accepted, line, logProbs);
  }

  /**
   * Speculative sampling (Leviathan et al. 2023, Chen et al. 2023): z_i, drawn from q, is accepted
   * with probability min(1, p / q); a rejection draws from max(0, p - q), a full acceptance from p.
   *
   * @param drafts q's scores at each position of the draft, with rows
   */
  public static Verified byRatio(
      Row row, Line p, int[] draft, List<Next> drafts, Sampler sampler, SplittableRandom random) {
    List<Next> scores = p.along(draft, 0);
    List<Integer> line = new ArrayList<>();
    int accepted = 0;
    while (accepted < draft.length) {
      double[] target = sampler.distribution(scores.get(accepted).row());
      double[] proposal = sampler.distribution(drafts.get(accepted).row());
      int id = draft[accepted];
      if (random.nextDouble() * proposal[id] >= target[id]) {
        line.add(Sampler.draw(residual(target, proposal), random));
        break;
      }
      line.add(id);
      accepted++;
    }
    if (accepted == draft.length && scores.size() > accepted) {
      line.add(Sampler.draw(sampler.distribution(scores.get(accepted).row()), random));
    }
    int[] ids = line.stream().mapToInt(Integer::intValue).toArray();
    double[] logProbs = new double[ids.length];
    for (int i = 0; i < ids.length; i++) {
      logProbs[i] = scores.get(i).row()[ids[i]];
    }
    row.verified(draft.length, accepted);
    return new Verified(draft.length, accepted, ids, logProbs);
  }

  private static double[] residual(double[] target, double[] proposal) {
    double[] rest = new double[target.length];
    double sum = 0;
    for (int i = 0; i < rest.length; i++) {
      rest[i] = Math.max(0, target[i] - proposal[i]);
      sum += rest[i];
    }
    // Equal distributions reject by rounding only; then p itself is the right one.
    return sum > 0 ? rest : target;
  }
}
