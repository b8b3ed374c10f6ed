package io.foresight.jobs.benchmark;

import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * 95 % intervals over rows, by a Poisson bootstrap: each replicate takes each row as often as a
 * Poisson variable of mean 1 says. It needs no row twice, so memory does not grow with them. A
 * row's draws depend on its number alone, so that variants are resampled alike.
 */
final class Bootstrap {

  private static final int REPLICATES = 1000;

  /** Distribution of a Poisson variable of mean 1, up to where the rest is negligible. */
  private static final double[] CUMULATIVE = cumulative(10);

  private final double[] judged = new double[REPLICATES];
  private final double[] satisfied = new double[REPLICATES];
  private final double[] tokens = new double[REPLICATES];
  private final double[] logProb = new double[REPLICATES];
  private long seen;

  /** From where to where 95 % of the replicates lie. */
  record Interval(double low, double high) {}

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
   * Adds a row.
   *
   * @param isSatisfied {@code null} if no hard reward judged it
   */
  void add(Boolean isSatisfied, int rowTokens, double rowLogProb) {
    SplittableRandom random = new SplittableRandom(seen++);
    for (int r = 0; r < REPLICATES; r++) {
      double drawn = random.nextDouble();
      int times = 0;
      while (times < CUMULATIVE.length && drawn > CUMULATIVE[times]) {
        times++;
      }
      judged[r] += isSatisfied != null ? times : 0;
      satisfied[r] += Boolean.TRUE.equals(isSatisfied) ? times : 0;
      tokens[r] += times * (double) rowTokens;
      logProb[r] += times * rowLogProb;
    }
  }

  Interval satisfied() {
    return interval(r -> satisfied[r] / judged[r]);
  }

  Interval perplexity() {
    return interval(r -> Math.exp(-logProb[r] / tokens[r]));
  }

  private static Interval interval(IntToDoubleFunction figure) {
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
