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
 */
public record Scores(
    int[] argmax,
    float[] argmaxLogProb,
    int[][] topIds,
    float[][] topLogProbs,
    float[][] gathered,
    float[][] rows) {}
