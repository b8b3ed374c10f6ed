package io.foresight.decoding;

import java.util.List;

/**
 * What one extension says. Index {@code i} is the i-th asked position; what it has is of the token
 * that would follow it. Log-probabilities are the untempered log-softmax in fp32, natural
 * logarithm. Scores are the same, or, if {@link Noise} was asked for, log p' with noise, which is
 * -infinity for ids that top-k and top-p exclude. Ties are broken to the lower id.
 *
 * @param argmax [asked] id with the highest score
 * @param argmaxLogProb [asked] its log-probability; NaN unless asked for
 * @param argmaxScore [asked] its score; NaN unless log-probabilities were asked for
 * @param topIds [asked][k] ids with the highest scores, best first; {@code null} unless asked for
 * @param topLogProbs [asked][k] their log-probabilities; {@code null} unless asked for
 * @param topScores [asked][k] their scores; {@code null} unless asked for
 * @param gathered [asked][ids] log-probabilities of the ids that were named; {@code null} unless
 *     asked for
 * @param gatheredScores [asked][ids] their scores; {@code null} unless asked for
 * @param rows [asked][vocabulary] log-probabilities; {@code null} unless asked for
 * @param margin [asked] the least by which the score of one of the top ids, or the arg max, led the
 *     next one's, the first that is not among them included
 */
public record Scores(
    int[] argmax,
    float[] argmaxLogProb,
    float[] argmaxScore,
    int[][] topIds,
    float[][] topLogProbs,
    float[][] topScores,
    float[][] gathered,
    float[][] gatheredScores,
    float[][] rows,
    float[] margin) {

  /**
   * Margin of a score or a choice below which a choice may depend on the rounding of one forward or
   * another.
   */
  public static final double NEAR_TIE = 1e-4;

  /**
   * The same of scores that noise perturbs: a temperature below 1 spreads them, and their rounding
   * with them.
   *
   * @param noise {@code null} for none
   */
  public static double nearTie(Noise noise) {
    return noise == null ? NEAR_TIE : NEAR_TIE / Math.min(1, noise.sampler().temperature());
  }

  /** Without noise: the scores are the log-probabilities. */
  public Scores(
      int[] argmax,
      float[] argmaxLogProb,
      int[][] topIds,
      float[][] topLogProbs,
      float[][] gathered,
      float[][] rows,
      float[] margin) {
    this(
        argmax,
        argmaxLogProb,
        argmaxLogProb,
        topIds,
        topLogProbs,
        topLogProbs,
        gathered,
        gathered,
        rows,
        margin);
  }

  /**
   * Scores of positions that follow one another.
   *
   * @param parts at least one, all asked for the same
   */
  public static Scores joined(List<Scores> parts) {
    int asked = parts.stream().mapToInt(part -> part.argmax.length).sum();
    Scores first = parts.get(0);
    Scores all =
        new Scores(
            new int[asked],
            new float[asked],
            new float[asked],
            first.topIds == null ? null : new int[asked][],
            first.topLogProbs == null ? null : new float[asked][],
            first.topScores == null ? null : new float[asked][],
            first.gathered == null ? null : new float[asked][],
            first.gatheredScores == null ? null : new float[asked][],
            first.rows == null ? null : new float[asked][],
            new float[asked]);
    int at = 0;
    for (Scores part : parts) {
      for (int i = 0; i < part.argmax.length; i++, at++) {
        all.put(at, part, i);
        all.margin[at] = part.margin[i];
      }
    }
    return all;
  }

  /**
   * Takes over the first position of {@code other}, which was asked for the same, but the margin.
   */
  public void replace(int i, Scores other) {
    put(i, other, 0);
  }

  private void put(int i, Scores other, int from) {
    argmax[i] = other.argmax[from];
    argmaxLogProb[i] = other.argmaxLogProb[from];
    argmaxScore[i] = other.argmaxScore[from];
    if (topIds != null) {
      topIds[i] = other.topIds[from];
      topLogProbs[i] = other.topLogProbs[from];
      topScores[i] = other.topScores[from];
    }
    if (gathered != null) {
      gathered[i] = other.gathered[from];
      gatheredScores[i] = other.gatheredScores[from];
    }
    if (rows != null) {
      rows[i] = other.rows[from];
    }
  }
}
