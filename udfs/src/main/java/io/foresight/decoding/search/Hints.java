package io.foresight.decoding.search;

import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.TokenScores;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A row's hints as candidates of the strategies that choose a token at a time: the first id of each
 * joins p's top k where a word may start, scored by p like any other, and left out where top-k or
 * top-p exclude it from what is sampled.
 *
 * @param ids first ids of the hints that the row starts with; a later hint that begins with another
 *     id has no score, and is no candidate
 */
public record Hints(int[] ids) {

  /** The row's hints; none unless {@code wanted}. */
  public static Hints of(DecodingRow row, boolean wanted) {
    return new Hints(wanted ? starts(row.hints()) : new int[0]);
  }

  /** First ids of hints, each once. */
  public static int[] starts(List<int[]> hints) {
    return hints.stream().mapToInt(hint -> hint[0]).distinct().toArray();
  }

  /**
   * The scores with hints among the top ids: the most probable ones, at most as many as there are
   * candidates without them.
   *
   * @param p scores anew what is close
   * @param next p's scores after {@code ahead}, with the top k and the log-probabilities of {@link
   *     #ids}
   * @param ahead ids after what was generated
   */
  public TokenScores join(DecodingRow row, Hypothesis p, TokenScores next, int... ahead) {
    if (ids.length == 0 || !row.startsWord(next.id())) {
      return next;
    }
    int k = next.topIds().length;
    int[] starts = starts(row.hints(ahead));
    int[] hinted = hinted(next, starts);
    if (hinted.length > k && next.scoreOf(hinted[k - 1]) - next.scoreOf(hinted[k]) < p.nearTie()) {
      row.nearTie();
      TokenScores settled = p.settled(next, Ids.concat(p.base(), ahead));
      return joined(settled, Arrays.copyOf(hinted(settled, starts), k));
    }
    return joined(next, Arrays.copyOf(hinted, Math.min(k, hinted.length)));
  }

  /** Those of {@code starts} that may join, by falling score. */
  private int[] hinted(TokenScores next, int... starts) {
    return sorted(
        next,
        IntStream.of(starts)
            .filter(id -> IntStream.of(ids).anyMatch(known -> known == id))
            .filter(id -> IntStream.of(next.topIds()).noneMatch(top -> top == id))
            .filter(id -> next.scoreOf(id) > Double.NEGATIVE_INFINITY));
  }

  private static int[] sorted(TokenScores next, IntStream some) {
    return some.boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(id -> -next.scoreOf(id))
                .thenComparing(Comparator.naturalOrder()))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static TokenScores joined(TokenScores next, int... hinted) {
    int[] all = sorted(next, IntStream.concat(IntStream.of(next.topIds()), IntStream.of(hinted)));
    float[] logProbs = new float[all.length];
    float[] scores = new float[all.length];
    for (int i = 0; i < all.length; i++) {
      logProbs[i] = (float) next.logProbOf(all[i]);
      scores[i] = (float) next.scoreOf(all[i]);
    }
    return next.withTop(all, logProbs, scores);
  }
}
