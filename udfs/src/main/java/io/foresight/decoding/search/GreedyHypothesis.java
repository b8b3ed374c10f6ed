package io.foresight.decoding.search;

import io.foresight.decoding.budget.DraftBudget;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.RowCounters.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * p's greedy path, drafted by q and verified by p in as many rounds as it takes.
 *
 * @param ids w
 * @param origins whose each of them is
 */
public record GreedyHypothesis(int[] ids, List<Origin> origins) {

  /**
   * Drafts and verifies until p's greedy path is known for {@code horizon} ids, up to EOS, or up to
   * the limit.
   *
   * @param most g, or the most that it may be
   * @param budget bounds the drafts, and learns how they fared
   * @param topK ids to ask for per position; 0 for none
   */
  public static GreedyHypothesis extend(
      DecodingRow row,
      Hypothesis p,
      Hypothesis q,
      int horizon,
      int most,
      DraftBudget budget,
      int topK) {
    int wanted = Math.min(horizon, row.remaining());
    Rollout w = new Rollout(p, q, wanted, most);
    List<Origin> origins = new ArrayList<>();
    int[] base = q.base();
    while (!w.done()) {
      fill(origins, Origin.TARGET, w.tokens().length);
      int accepted = Rollout.round(row, List.of(w), budget, topK)[0];
      fill(origins, Origin.DRAFT, origins.size() + accepted);
    }
    fill(origins, Origin.TARGET, w.tokens().length);
    // q drafted along w, and is to go on from y.
    q.rebase(base, List.of());
    return new GreedyHypothesis(w.tokens(), origins);
  }

  private static void fill(List<Origin> origins, Origin origin, int size) {
    while (origins.size() < size) {
      origins.add(origin);
    }
  }

  /** Commits the first {@code count} ids, and moves both models on. */
  public void commit(DecodingRow row, Hypothesis p, Hypothesis q, int count) {
    List<TokenScores> scores = p.known();
    for (int i = 0; i < count; i++) {
      row.commit(origins.get(i), ids[i], scores.get(i).logProb());
    }
    int[] committed = Arrays.copyOf(ids, count);
    p.advance(committed);
    q.advance(committed);
  }
}
