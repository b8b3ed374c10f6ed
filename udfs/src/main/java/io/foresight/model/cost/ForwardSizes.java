package io.foresight.model.cost;

import java.util.Arrays;

/**
 * Forwards by their size: how many there were between one power of two of positions and the next.
 * Since sequences and positions are summed per bucket, a cost that is linear between powers of two
 * can be summed over all forwards exactly. Immutable.
 *
 * @param forwards per bucket: bucket 0 holds forwards of one position, bucket b those of more than
 *     2^(b-1) and at most 2^b
 * @param sequences per bucket, in those forwards
 * @param positions per bucket, in those forwards
 */
public record ForwardSizes(long[] forwards, long[] sequences, long[] positions) {

  private static final int BUCKETS = 24;

  /** No forward. */
  public static final ForwardSizes NONE =
      new ForwardSizes(new long[BUCKETS], new long[BUCKETS], new long[BUCKETS]);

  ForwardSizes plus(int moreSequences, int morePositions) {
    int bucket = 32 - Integer.numberOfLeadingZeros(morePositions - 1);
    ForwardSizes sum = plus(NONE, 1);
    sum.forwards[bucket]++;
    sum.sequences[bucket] += moreSequences;
    sum.positions[bucket] += morePositions;
    return sum;
  }

  /** The forwards of both. */
  public ForwardSizes plus(ForwardSizes other) {
    return plus(other, 1);
  }

  /** What was added since {@code earlier}. */
  public ForwardSizes since(ForwardSizes earlier) {
    return plus(earlier, -1);
  }

  private ForwardSizes plus(ForwardSizes other, int sign) {
    return new ForwardSizes(
        plus(forwards, other.forwards, sign),
        plus(sequences, other.sequences, sign),
        plus(positions, other.positions, sign));
  }

  private static long[] plus(long[] a, long[] b, int sign) {
    long[] sum = a.clone();
    Arrays.setAll(sum, i -> a[i] + sign * b[i]);
    return sum;
  }
}
