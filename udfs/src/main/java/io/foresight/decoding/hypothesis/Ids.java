package io.foresight.decoding.hypothesis;

import java.util.Arrays;

/** Arrays of token ids. */
public final class Ids {

  private Ids() {}

  /** {@code head} followed by {@code tail}. */
  public static int[] concat(int[] head, int... tail) {
    int[] all = Arrays.copyOf(head, head.length + tail.length);
    System.arraycopy(tail, 0, all, head.length, tail.length);
    return all;
  }

  /** Number of leading ids that both have in common. */
  public static int common(int[] a, int[] b) {
    int mismatch = Arrays.mismatch(a, b);
    return mismatch < 0 ? a.length : mismatch;
  }
}
