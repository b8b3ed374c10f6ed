package io.foresight.decoding;

/**
 * Scores of one extension. Index {@code i} is the i-th asked position; its scores are those of the
 * token that would follow it. Log-probabilities are the untempered log-softmax in fp32, natural
 * logarithm. Ties are broken to the lower id.
 *
 * @param argmax [asked] most probable id
 * @param argmaxLogProb [asked] its log-probability
 * @param topIds [asked][k] most probable ids, best first; {@code null} unless asked for
 * @param topLogProbs [asked][k] their log-probabilities; {@code null} unless asked for
 * @param gathered [asked][ids] log-probabilities of the ids that were named; {@code null} unless
 *     asked for
 * @param rows [asked][vocabulary] log-probabilities; {@code null} unless asked for
 * @param margin [asked] by how much the arg max led the second id, or, if less, the last of the top
 *     ids the first that is not among them; in log-probability
 */
public record Scores(
    int[] argmax,
    float[] argmaxLogProb,
    int[][] topIds,
    float[][] topLogProbs,
    float[][] gathered,
    float[][] rows,
    float[] margin) {

  /** Margin below which a choice may depend on the rounding of one forward or another. */
  public static final double NEAR_TIE = 1e-4;

  /**
   * Takes over the first position of {@code other}, which was asked for the same, but the margin.
   */
  public void replace(int i, Scores other) {
    argmax[i] = other.argmax[0];
    argmaxLogProb[i] = other.argmaxLogProb[0];
    if (topIds != null) {
      topIds[i] = other.topIds[0];
      topLogProbs[i] = other.topLogProbs[0];
    }
    if (gathered != null) {
      gathered[i] = other.gathered[0];
    }
    if (rows != null) {
      rows[i] = other.rows[0];
    }
  }
}
