package io.foresight.decoding.search;

import io.foresight.decoding.Sampler;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.RowCounters.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A draft as p verified it: w, its accepted prefix and, unless that ends in EOS, p's own token.
 *
 * @param drafted |z|
 * @param accepted n
 * @param hypothesis w
 * @param logProbs log p of each token of w
 */
public record VerifiedDraft(int drafted, int accepted, int[] hypothesis, double[] logProbs) {

  /** A = n / |z|, or 1 for an empty draft. */
  public double acceptance() {
    return drafted == 0 ? 1 : (double) accepted / drafted;
  }

  /** Commits the first {@code count} tokens of w, and moves p on; for drafts of no model. */
  public void commit(DecodingRow row, Hypothesis p, int count) {
    for (int i = 0; i < count; i++) {
      row.commit(i < accepted ? Origin.DRAFT : Origin.TARGET, hypothesis[i], logProbs[i]);
    }
    p.advance(Arrays.copyOf(hypothesis, count));
  }

  /** The same, and moves q on as well. */
  public void commit(DecodingRow row, Hypothesis p, Hypothesis q, int count) {
    commit(row, p, count);
    q.advance(Arrays.copyOf(hypothesis, count));
  }

  /**
   * Hard rejection: z is accepted while it is p's greedy path; w is p's greedy path. One forward of
   * p, or none if all that is known already.
   *
   * @param p y, what was generated so far
   * @param tokens z, which anything may have drafted: at most one token less than the row has left,
   *     since p's own follows. What comes after an EOS in it is no part of it
   * @param topK ids to ask p for per position; 0 for none
   */
  public static VerifiedDraft hard(DecodingRow row, Hypothesis p, int[] tokens, int topK) {
    int[] draft = untilEos(row, tokens);
    Hypothesis.verify(row.target(), List.of(p), List.of(draft), topK);
    int accepted = p.agreement(draft);
    int[] hypothesis = p.greedy(accepted + 1);
    double[] logProbs =
        p.known().stream().limit(hypothesis.length).mapToDouble(TokenScores::logProb).toArray();
    row.verified(draft.length, accepted);
    return new VerifiedDraft(draft.length, accepted, hypothesis, logProbs);
  }

  /**
   * What p is known to go on with, {@code count} tokens or up to EOS, as if nothing was drafted.
   */
  public static VerifiedDraft known(Hypothesis p, int count) {
    int[] hypothesis = p.greedy(count);
    double[] logProbs =
        p.known().stream().limit(hypothesis.length).mapToDouble(TokenScores::logProb).toArray();
    return new VerifiedDraft(0, 0, hypothesis, logProbs);
  }

  private static int[] untilEos(DecodingRow row, int... tokens) {
    for (int i = 0; i < tokens.length; i++) {
      if (row.isEos(tokens[i])) {
        return Arrays.copyOf(tokens, i + 1);
      }
    }
    return tokens;
  }

  /**
   * Speculative sampling (Leviathan et al. 2023, Chen et al. 2023): z_i, drawn from q, is accepted
   * with probability min(1, p / q); a rejection draws from max(0, p - q), a full acceptance from p.
   *
   * @param p y with {@link Hypothesis.Detail#ROWS}
   * @param drafts q's scores at each position of the draft, with rows
   */
  public static VerifiedDraft byRatio(
      DecodingRow row,
      Hypothesis p,
      int[] draft,
      List<TokenScores> drafts,
      Sampler sampler,
      SplittableRandom random) {
    List<TokenScores> scores = p.along(draft, 0);
    List<Integer> hypothesis = new ArrayList<>();
    int accepted = 0;
    while (accepted < draft.length) {
      double[] target = sampler.distribution(scores.get(accepted).row());
      double[] proposal = sampler.distribution(drafts.get(accepted).row());
      int id = draft[accepted];
      if (random.nextDouble() * proposal[id] >= target[id]) {
        hypothesis.add(Sampler.draw(residual(target, proposal), random));
        break;
      }
      hypothesis.add(id);
      accepted++;
    }
    if (accepted == draft.length && scores.size() > accepted) {
      hypothesis.add(Sampler.draw(sampler.distribution(scores.get(accepted).row()), random));
    }
    int[] ids = hypothesis.stream().mapToInt(Integer::intValue).toArray();
    double[] logProbs = new double[ids.length];
    for (int i = 0; i < ids.length; i++) {
      logProbs[i] = scores.get(i).row()[ids[i]];
    }
    row.verified(draft.length, accepted);
    return new VerifiedDraft(draft.length, accepted, ids, logProbs);
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
