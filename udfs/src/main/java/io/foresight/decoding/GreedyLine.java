package io.foresight.decoding;

import io.foresight.decoding.Tally.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * p's greedy path, drafted by q and verified by p in as many rounds as it takes.
 *
 * @param ids w
 * @param origins whose each of them is
 */
record GreedyLine(int[] ids, List<Origin> origins) {

  /**
   * Drafts and verifies until p's greedy path is known for {@code horizon} ids, up to EOS, or up to
   * the limit.
   *
   * @param most g, or the most that it may be
   * @param length bounds the drafts, and learns how they fared
   * @param topK ids to ask for per position; 0 for none
   */
  static GreedyLine extend(
      Row row, Line p, Line q, int horizon, int most, DraftLength length, int topK) {
    int wanted = Math.min(horizon, row.remaining());
    List<Origin> origins = new ArrayList<>();
    int[] base = q.base();
    while (!p.reaches(wanted)) {
      int[] known = p.greedy(wanted);
      q.rebase(Ids.concat(base, known), List.of());
      int[] z = q.rollOut(Math.min(length.next(most), wanted - known.length - 1));
      int[] proposal = Ids.concat(known, z);
      Line.verify(row.target(), List.of(p), List.of(proposal), topK);
      int accepted = p.agreement(proposal) - known.length;
      row.verified(z.length, accepted);
      length.observe(z.length, accepted);
      while (origins.size() < known.length) {
        origins.add(Origin.TARGET);
      }
      for (int i = 0; i < accepted; i++) {
        origins.add(Origin.DRAFT);
      }
    }
    int[] w = p.greedy(wanted);
    while (origins.size() < w.length) {
      origins.add(Origin.TARGET);
    }
    q.rebase(base, List.of());
    return new GreedyLine(w, origins);
  }

  /** Commits the first {@code count} ids, and moves both models on. */
  void commit(Row row, Line p, Line q, int count) {
    List<Next> scores = p.known();
    for (int i = 0; i < count; i++) {
      row.commit(origins.get(i), ids[i], scores.get(i).logProb());
    }
    int[] committed = Arrays.copyOf(ids, count);
    p.advance(committed);
    q.advance(committed);
  }
}
