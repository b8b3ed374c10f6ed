package io.foresight.decoding;

/**
 * A model's scores of the token that follows one position.
 *
 * @param id most probable id
 * @param logProb its log-probability
 * @param topIds most probable ids, best first; {@code null} if they were not asked for
 * @param topLogProbs their log-probabilities; {@code null} if they were not asked for
 * @param gatherIds ids that were asked for by name; {@code null} for none
 * @param gathered their log-probabilities; {@code null} for none
 * @param row [vocabulary] log-probabilities; {@code null} if they were not asked for
 */
record Next(
    int id,
    double logProb,
    int[] topIds,
    float[] topLogProbs,
    int[] gatherIds,
    float[] gathered,
    float[] row) {

  /** The {@code i}-th position that {@code scores}, asked for by {@code ask}, cover. */
  static Next of(Ask ask, Scores scores, int i) {
    return new Next(
        scores.argmax()[i],
        scores.argmaxLogProb()[i],
        scores.topIds() == null ? null : scores.topIds()[i],
        scores.topLogProbs() == null ? null : scores.topLogProbs()[i],
        ask.gather() == null ? null : ask.gather()[i],
        scores.gathered() == null ? null : scores.gathered()[i],
        scores.rows() == null ? null : scores.rows()[i]);
  }

  /** Log-probability of {@code wanted}, or NaN if it is not among the scores. */
  double logProbOf(int wanted) {
    if (wanted == id) {
      return logProb;
    }
    for (int i = 0; topIds != null && i < topIds.length; i++) {
      if (topIds[i] == wanted) {
        return topLogProbs[i];
      }
    }
    for (int i = 0; gatherIds != null && i < gatherIds.length; i++) {
      if (gatherIds[i] == wanted) {
        return gathered[i];
      }
    }
    return row == null ? Double.NaN : row[wanted];
  }
}
