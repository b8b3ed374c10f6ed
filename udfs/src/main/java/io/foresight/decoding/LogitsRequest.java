package io.foresight.decoding;

import java.util.Arrays;

/**
 * What a decoder wants to know of the positions {@code from .. tokens.length - 1} of an extension.
 * The arg max and its margin always come for those positions; everything else costs extra.
 *
 * @param from first appended position that is asked for; {@link Integer#MAX_VALUE} for none (the
 *     tokens only enter the cache)
 * @param logProbs whether the arg max's log-probability is wanted; else it is NaN. Whoever wants
 *     more wants that too
 * @param topK number of ids with the highest scores per asked position; 0 for none
 * @param gather ids whose log-probability is wanted, per asked position (rows may differ in
 *     length); {@code null} for none
 * @param rows whether the full row of log-probabilities is wanted, per asked position
 * @param noise what perturbs the scores; {@code null} for nothing: they are the log-probabilities
 * @param places per asked position, the tokens that precede the place which is scored, as {@link
 *     Noise#key} takes them; {@code null} without noise
 * @param edits per asked position, what becomes of its logits; {@code null} if all stay as they are
 */
public record LogitsRequest(
    int from,
    boolean logProbs,
    int topK,
    int[][] gather,
    boolean rows,
    Noise noise,
    int[] places,
    LogitsEdit[] edits) {

  /** Checks that log-probabilities are asked for by whoever needs them, and places for noise. */
  public LogitsRequest {
    if (!logProbs && (topK > 0 || gather != null || rows)) {
      throw new IllegalArgumentException(
          "Cannot ask for top ids, given ids or rows without log-probabilities.");
    }
    if ((noise == null) != (places == null)) {
      throw new IllegalArgumentException("Cannot perturb scores without noise and its places.");
    }
  }

  /** Without noise. */
  public LogitsRequest(int from, boolean logProbs, int topK, int[][] gather, boolean rows) {
    this(from, logProbs, topK, gather, rows, null, null, null);
  }

  /**
   * The same of some of its positions, for the tokens that those are.
   *
   * @param at first position that is asked for, among those tokens
   * @param first index of the first of those positions among the asked ones
   * @param end index behind the last
   */
  public LogitsRequest part(int at, int first, int end) {
    return new LogitsRequest(
        at,
        logProbs,
        topK,
        gather == null ? null : Arrays.copyOfRange(gather, first, end),
        rows,
        noise,
        places == null ? null : Arrays.copyOfRange(places, first, end),
        edits == null ? null : Arrays.copyOfRange(edits, first, end));
  }

  /** Margin of its scores below which rounding may decide, as {@link Scores#nearTie} has it. */
  public double nearTie() {
    return Scores.nearTie(noise);
  }

  /** The same of positions from another one on. */
  public LogitsRequest from(int other) {
    return new LogitsRequest(other, logProbs, topK, gather, rows, noise, places, edits);
  }

  /** Nothing: the tokens only enter the cache. */
  public static final LogitsRequest NOTHING =
      new LogitsRequest(Integer.MAX_VALUE, false, 0, null, false);

  /** The arg max alone at all positions from {@code from} on. */
  public static LogitsRequest ids(int from) {
    return new LogitsRequest(from, false, 0, null, false);
  }

  /** The arg max and its log-probability at all positions from {@code from} on. */
  public static LogitsRequest argmax(int from) {
    return new LogitsRequest(from, true, 0, null, false);
  }

  /** Arg max and the {@code k} most probable ids at all positions from {@code from} on. */
  public static LogitsRequest topK(int from, int k) {
    return new LogitsRequest(from, true, k, null, false);
  }

  /** Full rows of log-probabilities from {@code from} on. */
  public static LogitsRequest rows(int from) {
    return new LogitsRequest(from, true, 0, null, true);
  }

  /** Log-probabilities of given ids, per position from {@code from} on. */
  public static LogitsRequest gather(int from, int[][] ids) {
    return new LogitsRequest(from, true, 0, ids, false);
  }
}
