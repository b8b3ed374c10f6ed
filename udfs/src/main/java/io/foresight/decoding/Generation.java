package io.foresight.decoding;

/**
 * What a strategy made of a row.
 *
 * @param tokens generated ids, EOS included
 * @param ended whether the last token is an EOS, or completes what stops the row; otherwise the
 *     limit was reached
 * @param logProb sum of log p over {@code tokens} given the prompt, untempered, in nats
 * @param counters what it took
 */
public record Generation(int[] tokens, boolean ended, double logProb, Counters counters) {}
