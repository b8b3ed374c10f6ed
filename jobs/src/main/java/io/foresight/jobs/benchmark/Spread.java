package io.foresight.jobs.benchmark;

import java.util.List;

/** Median and range of a figure over rounds or calls; NaN of none. */
public record Spread(double median, double low, double high) {

  public static Spread of(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int n = sorted.length;
    return n == 0
        ? new Spread(Double.NaN, Double.NaN, Double.NaN)
        : new Spread((sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1]);
  }
}
