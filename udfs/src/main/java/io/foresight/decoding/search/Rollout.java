package io.foresight.decoding.search;

import io.foresight.decoding.budget.DraftBudget;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A rollout by p that q drafts: the same tokens as p's own, in fewer forwards.
 *
 * @param p the rollout
 * @param q q's view of the same hypothesis; it goes on from what p has verified
 * @param depth tokens that the rollout is to have, unless it ends before
 * @param draft most tokens that q drafts at a time
 */
public record Rollout(Hypothesis p, Hypothesis q, int depth, int draft) implements AutoCloseable {

  /** Whether it has its depth, or ended. */
  public boolean done() {
    return p.reaches(depth);
  }

  /** The rollout as far as it is verified. */
  public int[] tokens() {
    return p.greedy(depth);
  }

  /**
   * Extends every rollout: q drafts, p verifies, all together in one forward of p.
   *
   * @param going rollouts that are not done
   * @param budget bounds the drafts, and learns how they fared
   * @param topK ids to ask p for per position; 0 for none
   * @return for each rollout the number of draft tokens that p accepted
   */
  public static int[] round(DecodingRow row, List<Rollout> going, DraftBudget budget, int topK) {
    int[] before = going.stream().mapToInt(rollout -> rollout.tokens().length).toArray();
    int[] counts = new int[before.length];
    for (int i = 0; i < counts.length; i++) {
      Rollout rollout = going.get(i);
      int[] path = Ids.concat(rollout.p.base(), rollout.tokens());
      rollout.q.advance(Arrays.copyOfRange(path, rollout.q.base().length, path.length));
      // One less than what is missing, which is p's own token.
      counts[i] = Math.min(rollout.draft, rollout.depth - before[i] - 1);
    }
    List<Draft> drafted =
        Draft.of(row.draft(), going.stream().map(Rollout::q).toList(), counts, budget);
    List<int[]> drafts = new ArrayList<>();
    for (int i = 0; i < counts.length; i++) {
      drafts.add(Ids.concat(going.get(i).tokens(), drafted.get(i).ids()));
    }
    Hypothesis.verify(row.target(), going.stream().map(Rollout::p).toList(), drafts, topK);
    for (int i = 0; i < counts.length; i++) {
      counts[i] = going.get(i).p.agreement(drafts.get(i)) - before[i];
      row.verified(drafted.get(i).ids().length, counts[i]);
      budget.observe(drafted.get(i).margins(), counts[i]);
    }
    return counts;
  }

  @Override
  public void close() {
    p.close();
    q.close();
  }
}
