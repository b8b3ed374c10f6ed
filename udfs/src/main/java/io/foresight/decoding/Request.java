package io.foresight.decoding;

/**
 * One row to decode.
 *
 * @param prompt prompt ids, BOS included; at least one, shorter than the context
 * @param maxNewTokens most tokens to generate; at least 1
 * @param reward the row's reward
 * @param seed the row's seed: equal rows and seeds give equal output
 */
public record Request(int[] prompt, int maxNewTokens, LineReward reward, long seed) {}
