package io.foresight.decoding.hypothesis;

import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Scores;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * What a model says of the token that follows one position. Scores are the log-probabilities, or,
 * with {@link Noise}, the perturbed ones.
 *
 * @param id the one with the highest score
 * @param logProb its log-probability
 * @param score its score
 * @param topIds ids with the highest scores, best first, of those that have one; {@code null} if
 *     they were not asked for
 * @param topLogProbs their log-probabilities; {@code null} if they were not asked for
 * @param topScores their scores; {@code null} if they were not asked for
 * @param gatherIds ids that were asked for by name; {@code null} for none
 * @param gathered their log-probabilities; {@code null} for none
 * @param gatheredScores their scores, -infinity for none; {@code null} for none
 * @param row [vocabulary] log-probabilities; {@code null} if they were not asked for
 * @param margin as {@link Scores#margin} has it
 */
public record TokenScores(
    int id,
    double logProb,
    double score,
    int[] topIds,
    float[] topLogProbs,
    float[] topScores,
    int[] gatherIds,
    float[] gathered,
    float[] gatheredScores,
    float[] row,
    double margin) {

  /** The {@code i}-th position that {@code scores}, asked for by {@code ask}, cover. */
  static TokenScores of(LogitsRequest ask, Scores scores, int i) {
    TokenScores next =
        new TokenScores(
            scores.argmax()[i],
            scores.argmaxLogProb()[i],
            scores.argmaxScore()[i],
            scores.topIds() == null ? null : scores.topIds()[i],
            scores.topLogProbs() == null ? null : scores.topLogProbs()[i],
            scores.topScores() == null ? null : scores.topScores()[i],
            ask.gather() == null ? null : ask.gather()[i],
            scores.gathered() == null ? null : scores.gathered()[i],
            scores.gatheredScores() == null ? null : scores.gatheredScores()[i],
            scores.rows() == null ? null : scores.rows()[i],
            scores.margin()[i]);
    return next.withoutExcluded();
  }

  /** Without top ids that have no score, since p' excludes them. */
  private TokenScores withoutExcluded() {
    int kept = topScores == null ? 0 : topScores.length;
    while (kept > 0 && topScores[kept - 1] == Float.NEGATIVE_INFINITY) {
      kept--;
    }
    return topScores == null || kept == topScores.length
        ? this
        : withTop(
            Arrays.copyOf(topIds, kept),
            Arrays.copyOf(topLogProbs, kept),
            Arrays.copyOf(topScores, kept));
  }

  /** The same with other candidates. */
  public TokenScores withTop(int[] ids, float[] logProbs, float[] scores) {
    return new TokenScores(
        id,
        logProb,
        score,
        ids,
        logProbs,
        scores,
        gatherIds,
        gathered,
        gatheredScores,
        row,
        margin);
  }

  /** All ids whose scores were asked for but the arg max: the top ones, then those by name. */
  public int[] scoredIds() {
    int[] top = topIds == null ? new int[0] : topIds;
    return gatherIds == null ? top : Ids.concat(top, gatherIds);
  }

  /** The same ids with the scores that {@code other} has for them, which are canonical. */
  public TokenScores scoredBy(TokenScores other) {
    return new TokenScores(
        id,
        other.logProbOf(id),
        other.scoreOf(id),
        topIds,
        pick(topIds, other::logProbOf),
        pick(topIds, other::scoreOf),
        gatherIds,
        pick(gatherIds, other::logProbOf),
        pick(gatherIds, other::scoreOf),
        row,
        0);
  }

  private static float[] pick(int[] ids, IntToDoubleFunction of) {
    if (ids == null) {
      return null;
    }
    float[] picked = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      picked[i] = (float) of.applyAsDouble(ids[i]);
    }
    return picked;
  }

  /** Log-probability of {@code wanted}, or NaN if it was not asked for. */
  public double logProbOf(int wanted) {
    double found = find(wanted, logProb, topLogProbs, gathered);
    return Double.isNaN(found) && row != null ? row[wanted] : found;
  }

  /** Score of {@code wanted}, or NaN if it was not asked for. */
  public double scoreOf(int wanted) {
    return find(wanted, score, topScores, gatheredScores);
  }

  private double find(int wanted, double ofId, float[] ofTop, float[] ofGathered) {
    if (wanted == id) {
      return ofId;
    }
    for (int i = 0; topIds != null && i < topIds.length; i++) {
      if (topIds[i] == wanted) {
        return ofTop[i];
      }
    }
    for (int i = 0; gatherIds != null && i < gatherIds.length; i++) {
      if (gatherIds[i] == wanted) {
        return ofGathered[i];
      }
    }
    return Double.NaN;
  }
}
