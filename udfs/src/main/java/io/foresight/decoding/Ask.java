package io.foresight.decoding;

/**
 * What a decoder wants to know of the positions {@code from .. tokens.length - 1} of an extension.
 * The arg max and its log-probability always come for those positions; everything else costs extra.
 *
 * @param from first appended position that is asked for; {@link Integer#MAX_VALUE} for none (the
 *     tokens only enter the cache)
 * @param topK number of most probable ids per asked position; 0 for none
 * @param gather ids whose log-probability is wanted, per asked position (rows may differ in
 *     length); {@code null} for none
 * @param rows whether the full row of log-probabilities is wanted, per asked position
 */
public record Ask(int from, int topK, int[][] gather, boolean rows) {

  /** Nothing: the tokens only enter the cache. */
  public static final Ask NOTHING = new Ask(Integer.MAX_VALUE, 0, null, false);

  /** The arg max at all positions from {@code from} on. */
  public static Ask argmax(int from) {
    return new Ask(from, 0, null, false);
  }

  /** Arg max and the {@code k} most probable ids at all positions from {@code from} on. */
  public static Ask topK(int from, int k) {
    return new Ask(from, k, null, false);
  }

  /** Full rows of log-probabilities from {@code from} on. */
  public static Ask rows(int from) {
    return new Ask(from, 0, null, true);
  }

  /** Log-probabilities of given ids, per position from {@code from} on. */
  public static Ask gather(int from, int[][] ids) {
    return new Ask(from, 0, ids, false);
  }
}
