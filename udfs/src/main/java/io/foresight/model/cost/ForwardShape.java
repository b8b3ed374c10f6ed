package io.foresight.model.cost;

/**
 * A forward over sequences that are each extended by as many tokens.
 *
 * @param forked whether the sequences are branches of one, as a row's rollouts are
 */
public record ForwardShape(int sequences, int tokens, boolean forked) {

  /** Over sequences that have nothing to do with each other. */
  public static ForwardShape of(int sequences, int tokens) {
    return new ForwardShape(sequences, tokens, false);
  }

  /** Tokens of all sequences together. */
  public int positions() {
    return sequences * tokens;
  }
}
