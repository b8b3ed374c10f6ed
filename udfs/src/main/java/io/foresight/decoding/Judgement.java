package io.foresight.decoding;

/**
 * What a reward says of a hypothesis.
 *
 * @param reward R, what hypotheses are compared by
 * @param parts what R is made of: the score by each of the reward's {@link
 *     HypothesisReward#criteria()}, in their order
 */
public record Judgement(double reward, double[] parts) {

  /** Of a reward that has one part, itself. */
  public static Judgement of(double reward) {
    return new Judgement(reward, new double[] {reward});
  }
}
