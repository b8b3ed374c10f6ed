package io.foresight.decoding;

/**
 * A model's scores of the token that follows one position.
 *
 * @param id most probable id
 * @param logProb its log-probability
 * @param topIds most probable ids, best first; {@code null} if they were not asked for
 * @param topLogProbs their log-probabilities; {@code null} if they were not asked for
 * @param row [vocabulary] log-probabilities; {@code null} if they were not asked for
 */
record Next(int id, double logProb, int[] topIds, float[] topLogProbs, float[] row) {

  /** The {@code i}-th position that {@code scores} cover. */
  static Next of(Scores scores, int i) {
    return new Next(
        scores.argmax()[i],
        scores.argmaxLogProb()[i],
        scores.topIds() == null ? null : scores.topIds()[i],
        scores.topLogProbs() == null ? null : scores.topLogProbs()[i],
        scores.rows() == null ? null : scores.rows()[i]);
  }
}
