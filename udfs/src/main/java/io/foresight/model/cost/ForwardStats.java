package io.foresight.model.cost;

/**
 * What the forwards of a session took. Immutable.
 *
 * @param forwards calls into native code
 * @param sequences sequences in them
 * @param positions tokens in them; no padding
 * @param shared tokens with which sequences began and that were in none, since a prefix that was
 *     computed once has them
 * @param scored positions that went through the LM head
 * @param copiedBytes cached keys and values that were copied: forks, kept paths, and sequences that
 *     attention could not read in place
 * @param nanos time in all of them, but the canonical ones
 * @param canonicalForwards forwards of one row alone that decided a near tie
 * @param canonicalNanos time in those
 * @param sizes all forwards but the canonical ones, by size
 */
public record ForwardStats(
    long forwards,
    long sequences,
    long positions,
    long shared,
    long scored,
    long copiedBytes,
    long nanos,
    long canonicalForwards,
    long canonicalNanos,
    ForwardSizes sizes) {

  /** Nothing yet. */
  public static final ForwardStats ZERO =
      new ForwardStats(0, 0, 0, 0, 0, 0, 0, 0, 0, ForwardSizes.NONE);

  public ForwardStats plusForward(
      long moreSequences, long morePositions, long moreScored, long bytes) {
    return plus(
        new ForwardStats(
            1, moreSequences, morePositions, 0, moreScored, bytes, 0, 0, 0, ForwardSizes.NONE));
  }

  /** Adds what a forward that was asked for took: one that {@link #plusForward} has counted. */
  public ForwardStats plusAsked(long more, int moreSequences, int morePositions) {
    ForwardSizes size = ForwardSizes.NONE.plus(moreSequences, morePositions);
    return plus(new ForwardStats(0, 0, 0, 0, 0, 0, more, 0, 0, size));
  }

  public ForwardStats plusShared(long more) {
    return plus(new ForwardStats(0, 0, 0, more, 0, 0, 0, 0, 0, ForwardSizes.NONE));
  }

  public ForwardStats plusCanonical(long more) {
    return plus(new ForwardStats(0, 0, 0, 0, 0, 0, 0, 1, more, ForwardSizes.NONE));
  }

  /** What was added since {@code earlier}. */
  public ForwardStats since(ForwardStats earlier) {
    return new ForwardStats(
        forwards - earlier.forwards,
        sequences - earlier.sequences,
        positions - earlier.positions,
        shared - earlier.shared,
        scored - earlier.scored,
        copiedBytes - earlier.copiedBytes,
        nanos - earlier.nanos,
        canonicalForwards - earlier.canonicalForwards,
        canonicalNanos - earlier.canonicalNanos,
        sizes.since(earlier.sizes));
  }

  /** What both took. */
  public ForwardStats plus(ForwardStats other) {
    return new ForwardStats(
        forwards + other.forwards,
        sequences + other.sequences,
        positions + other.positions,
        shared + other.shared,
        scored + other.scored,
        copiedBytes + other.copiedBytes,
        nanos + other.nanos,
        canonicalForwards + other.canonicalForwards,
        canonicalNanos + other.canonicalNanos,
        sizes.plus(other.sizes));
  }
}
