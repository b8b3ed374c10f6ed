package io.foresight.decoding;

/**
 * One sequence's part in a batched forward.
 *
 * @param sequence the sequence to extend; {@code null} for none: the tokens are scored in a forward
 *     of their own, and nothing of it stays
 * @param tokens ids to append; at least one
 * @param parents {@code null} for a chain. For a tree, the index in {@code tokens} of each node's
 *     parent, which precedes it, or -1 - m for a node that follows all but the last m tokens of the
 *     sequence; each node sees what it follows and its own ancestors only
 * @param ask what to return of which positions
 */
public record ForwardRequest(Sequence sequence, int[] tokens, int[] parents, LogitsRequest ask) {

  /** A chain of tokens. */
  public static ForwardRequest of(Sequence sequence, int[] tokens, LogitsRequest ask) {
    return new ForwardRequest(sequence, tokens, null, ask);
  }

  /** A tree of continuations. */
  public static ForwardRequest tree(
      Sequence sequence, int[] tokens, int[] parents, LogitsRequest ask) {
    return new ForwardRequest(sequence, tokens, parents, ask);
  }

  /**
   * Tokens, from the prompt's first on, in a forward of their own, whose scores no neighbour can
   * move by its rounding.
   */
  public static ForwardRequest alone(int[] tokens, LogitsRequest ask) {
    return new ForwardRequest(null, tokens, null, ask);
  }

  /** Whether it is {@linkplain #alone alone}. */
  public boolean isAlone() {
    return sequence == null;
  }

  /** Number of positions that {@link #ask} covers. */
  public int asked() {
    return Math.max(0, tokens.length - ask.from());
  }
}
