package io.foresight.decoding;

import java.util.List;

/**
 * What a strategy made of a row.
 *
 * @param tokens generated ids, EOS included
 * @param ended whether the last token is an EOS, or completes what stops the row; otherwise the
 *     limit was reached
 * @param logProb sum of log p over {@code tokens} given the prompt, untempered, in nats
 * @param counters what it took
 * @param outputs all texts that it chose among, if they were asked for
 */
public record Generation(
    int[] tokens, boolean ended, double logProb, Counters counters, List<Output> outputs) {

  /** One text of several, as {@link Generation} has the one that was chosen. */
  public record Output(int[] tokens, boolean ended, double logProb) {}

  /** Copies. */
  public Generation {
    outputs = List.copyOf(outputs);
  }

  /** One text alone. */
  public Generation(int[] tokens, boolean ended, double logProb, Counters counters) {
    this(tokens, ended, logProb, counters, List.of());
  }
}
