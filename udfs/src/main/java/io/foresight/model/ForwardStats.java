package io.foresight.model;

/**
 * What the forwards of a session took. Immutable.
 *
 * @param forwards calls into native code
 * @param sequences sequences in them
 * @param positions tokens in them; no padding
 * @param scored positions that went through the LM head
 * @param copiedBytes cached keys and values that were copied: forks, kept paths, and sequences that
 *     attention could not read in place
 * @param nanos time in all of them, but the canonical ones
 * @param canonicalForwards forwards of one row alone that decided a near tie
 * @param canonicalNanos time in those
 */
public record ForwardStats(
    long forwards,
    long sequences,
    long positions,
    long scored,
    long copiedBytes,
    long nanos,
    long canonicalForwards,
    long canonicalNanos) {

  /** Nothing yet. */
  public static final ForwardStats ZERO = new ForwardStats(0, 0, 0, 0, 0, 0, 0, 0);

  ForwardStats plusForward(long moreSequences, long morePositions, long moreScored, long bytes) {
    return new ForwardStats(
        forwards + 1,
        sequences + moreSequences,
        positions + morePositions,
        scored + moreScored,
        copiedBytes + bytes,
        nanos,
        canonicalForwards,
        canonicalNanos);
  }

  ForwardStats plusNanos(long more) {
    return new ForwardStats(
        forwards,
        sequences,
        positions,
        scored,
        copiedBytes,
        nanos + more,
        canonicalForwards,
        canonicalNanos);
  }

  ForwardStats plusCanonical(long more) {
    return new ForwardStats(
        forwards,
        sequences,
        positions,
        scored,
        copiedBytes,
        nanos,
        canonicalForwards + 1,
        canonicalNanos + more);
  }

  /** What was added since {@code earlier}. */
  public ForwardStats since(ForwardStats earlier) {
    return new ForwardStats(
        forwards - earlier.forwards,
        sequences - earlier.sequences,
        positions - earlier.positions,
        scored - earlier.scored,
        copiedBytes - earlier.copiedBytes,
        nanos - earlier.nanos,
        canonicalForwards - earlier.canonicalForwards,
        canonicalNanos - earlier.canonicalNanos);
  }
}
