package io.foresight.jobs.metrics;

import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * 95 % intervals of figures that are functions of sums over rows, by a Poisson bootstrap: each
 * replicate takes each row as often as a Poisson variable of mean 1 says. It needs no row twice, so
 * memory does not grow with them. A row's draws depend on its key alone, so that variants are
 * resampled alike and the order of rows is no matter. Of one thread.
 */
public final class Bootstrap {

  private static final int REPLICATES = 1000;

  /** Distribution of a Poisson variable of mean 1, up to where the rest is negligible. */
  private static final double[] CUMULATIVE = cumulative(10);

  private final double[][] sums;

  /** From where to where 95 % of the replicates lie; NaN if there is none. */
  public record Interval(double low, double high) {}

  /** Starts without a row, of which each will have so many summands. */
  public Bootstrap(int summands) {
    sums = new double[REPLICATES][summands];
  }

  private static double[] cumulative(int most) {
    double[] cumulative = new double[most];
    double term = Math.exp(-1);
    double sum = 0;
    for (int k = 0; k < most; k++) {
      sum += term;
      cumulative[k] = sum;
      term /= k + 1;
    }
    return cumulative;
  }

  /**
   * Adds a row, or rows that are only ever taken together.
   *
   * @param key decides how often each replicate takes it
   * @param summands what it adds to each sum
   */
  public void add(long key, double... summands) {
    SplittableRandom random = new SplittableRandom(key);
    for (double[] sum : sums) {
      double drawn = random.nextDouble();
      int times = 0;
      while (times < CUMULATIVE.length && drawn > CUMULATIVE[times]) {
        times++;
      }
      if (times > 0) {
        for (int i = 0; i < summands.length; i++) {
          sum[i] += times * summands[i];
        }
      }
    }
  }

  /** The interval of a figure of the sums. */
  public Interval interval(ToDoubleFunction<double[]> figure) {
    return of(r -> figure.applyAsDouble(sums[r]));
  }

  /**
   * The interval of the second figure less the first, of rows that were added under the same keys.
   */
  public static Interval ofDifference(
      Bootstrap first, Bootstrap second, ToDoubleFunction<double[]> figure) {
    return of(r -> figure.applyAsDouble(second.sums[r]) - figure.applyAsDouble(first.sums[r]));
  }

  private static Interval of(IntToDoubleFunction figure) {
    // A replicate of few rows may have taken none.
    double[] sorted =
        IntStream.range(0, REPLICATES)
            .mapToDouble(figure)
            .filter(Double::isFinite)
            .sorted()
            .toArray();
    if (sorted.length == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    return new Interval(
        sorted[(int) (0.025 * sorted.length)], sorted[(int) (0.975 * (sorted.length - 1))]);
  }
}
