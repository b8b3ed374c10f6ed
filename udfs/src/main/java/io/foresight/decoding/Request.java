package io.foresight.decoding;

import java.util.function.Predicate;

/**
 * One row to decode.
 *
 * @param prompt prompt ids, BOS included; at least one, shorter than the context
 * @param maxNewTokens most tokens to generate; at least 1
 * @param reward the row's reward
 * @param seed the row's seed: equal rows and seeds give equal output
 * @param committed runs with each token that is committed, on the row's thread; those that are
 *     taken back and decoded anew included
 * @param rules what changes the logits of p and q
 * @param stop whether generated ids hold what ends the row, wherever it stands in them; ids that
 *     hold it hold it still when others follow
 */
public record Request(
    int[] prompt,
    int maxNewTokens,
    HypothesisReward reward,
    long seed,
    Runnable committed,
    LogitsRules rules,
    Predicate<int[]> stop) {

  /** One that nothing but EOS and the limit ends, and that tells nobody how far it is. */
  public Request(int[] prompt, int maxNewTokens, HypothesisReward reward, long seed) {
    this(prompt, maxNewTokens, reward, seed, () -> {});
  }

  /** The same, which tells. */
  public Request(
      int[] prompt, int maxNewTokens, HypothesisReward reward, long seed, Runnable committed) {
    this(prompt, maxNewTokens, reward, seed, committed, LogitsRules.NONE, ids -> false);
  }

  /** The same under rules, and ended by what {@code ends} finds. */
  public Request under(LogitsRules others, Predicate<int[]> ends) {
    return new Request(prompt, maxNewTokens, reward, seed, committed, others, ends);
  }
}
