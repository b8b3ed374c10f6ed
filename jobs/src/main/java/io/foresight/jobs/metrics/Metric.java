package io.foresight.jobs.metrics;

import java.io.Serializable;
import java.util.Arrays;

/**
 * A figure of texts that is a function of sums over rows, so that rows can be added up wherever
 * they lie and resampled by their summands alone. {@code docs/evaluation.md} defines each.
 *
 * @param name as figures call it
 * @param summands of a row; the first is 1 if the metric is defined for the row, and 0 with all
 *     others if it is not
 * @param measure gives a row's
 * @param figure what their sums say; NaN of no row
 */
public record Metric(String name, int summands, Measure measure, Figure figure)
    implements Serializable {

  /** So fine are summands that are no whole numbers: sums are exact, so in any order the same. */
  private static final double STEPS = 1L << 30;

  /** A row's summands, without the first. */
  @FunctionalInterface
  public interface Measure extends Serializable {
    /**
     * Gives them.
     *
     * @return {@code null} if the metric is not defined for the text
     */
    double[] of(MeasuredText text);
  }

  /** What sums say. */
  @FunctionalInterface
  public interface Figure extends Serializable {
    /**
     * Says it.
     *
     * @param sums of the rows for which it is defined, their number first and not 0
     */
    double of(double[] sums);
  }

  /** Writes a row's summands. */
  void add(MeasuredText text, double[] into, int from) {
    double[] own = measure.of(text);
    if (own != null) {
      into[from] = 1;
      for (int i = 0; i < own.length; i++) {
        into[from + 1 + i] = Math.rint(own[i] * STEPS) / STEPS;
      }
    }
  }

  /** The figure of sums of its summands; NaN of no row. */
  public double value(double[] sums) {
    return value(sums, 0);
  }

  /** The figure of sums that begin at an index of many. */
  double value(double[] sums, int from) {
    return sums[from] == 0
        ? Double.NaN
        : figure.of(Arrays.copyOfRange(sums, from, from + summands));
  }

  /** A mean over the rows that have a value. */
  static Metric mean(String name, Value value) {
    return new Metric(
        name,
        2,
        text -> {
          Double of = value.of(text);
          return of == null ? null : new double[] {of};
        },
        sums -> sums[1] / sums[0]);
  }

  /** A row's value. */
  @FunctionalInterface
  interface Value extends Serializable {
    /** Gives it; {@code null} for none. */
    Double of(MeasuredText text);
  }
}
