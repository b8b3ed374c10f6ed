package io.foresight.decoding.budget;

import java.util.Arrays;

/**
 * How often a draft's choices were its target's, by the margin by which the draft preferred them.
 * What a row begins with, which learns more as it goes on. Immutable.
 */
public final class DraftFit {

  /** Upper ends of the ranges of margins, in nats; the last range has none. */
  private static final double[] MARGINS = {0.25, 0.5, 1, 1.5, 2, 3, 4, 6};

  /** Ranges of margins. */
  static final int RANGES = MARGINS.length + 1;

  /** Of a pair that was never tried. */
  public static final DraftFit UNKNOWN = new DraftFit(new double[RANGES], new double[RANGES]);

  private final double[] tried;
  private final double[] accepted;

  private DraftFit(double[] tried, double[] accepted) {
    this.tried = tried;
    this.accepted = accepted;
  }

  /**
   * Of a pair that was tried.
   *
   * @param margins of the draft's choices, in nats
   * @param agreed whether each of them was the target's
   */
  public static DraftFit of(double[] margins, boolean[] agreed) {
    double[] tried = new double[RANGES];
    double[] accepted = new double[RANGES];
    for (int i = 0; i < margins.length; i++) {
      tried[range(margins[i])]++;
      accepted[range(margins[i])] += agreed[i] ? 1 : 0;
    }
    return new DraftFit(tried, accepted);
  }

  /** The range of a margin. */
  static int range(double margin) {
    int at = Arrays.binarySearch(MARGINS, margin);
    return at < 0 ? -1 - at : at;
  }

  /** Choices per range; a copy. */
  double[] tried() {
    return tried.clone();
  }

  /** Those of them that were the target's; a copy. */
  double[] accepted() {
    return accepted.clone();
  }

  /** Share of all choices that were the target's; NaN if none was tried. */
  public double acceptance() {
    return Arrays.stream(accepted).sum() / Arrays.stream(tried).sum();
  }
}
