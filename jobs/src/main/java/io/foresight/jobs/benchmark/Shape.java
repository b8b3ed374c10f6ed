package io.foresight.jobs.benchmark;

/**
 * A forward over sequences that are each extended by as many tokens.
 *
 * @param forked whether the sequences are branches of one, as a row's rollouts are
 */
public record Shape(int sequences, int tokens, boolean forked) {

  /** Over sequences that have nothing to do with each other. */
  public static Shape of(int sequences, int tokens) {
    return new Shape(sequences, tokens, false);
  }

  public int positions() {
    return sequences * tokens;
  }
}
