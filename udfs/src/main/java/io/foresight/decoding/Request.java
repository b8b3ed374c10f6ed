package io.foresight.decoding;

/**
 * One row to decode.
 *
 * @param prompt prompt ids, BOS included; at least one, shorter than the context
 * @param maxNewTokens most tokens to generate; at least 1
 * @param reward the row's reward
 * @param seed the row's seed: equal rows and seeds give equal output
 * @param committed runs with each token that is committed, on the row's thread
 */
public record Request(
    int[] prompt, int maxNewTokens, HypothesisReward reward, long seed, Runnable committed) {

  /** One that tells nobody how far it is. */
  public Request(int[] prompt, int maxNewTokens, HypothesisReward reward, long seed) {
    this(prompt, maxNewTokens, reward, seed, () -> {});
  }
}
