package io.foresight.jobs.metrics;

import java.util.Comparator;
import java.util.stream.IntStream;

/** Holm's correction (1979) of the p of several tests for their number. */
public final class Holm {

  private Holm() {}

  /**
   * The corrected p, in the order given: of the k-th smallest of m it is (m - k + 1) times itself,
   * at least that of the one before, at most 1. Where those below 0.05 are taken for differences,
   * the chance that any of these is none is at most 0.05.
   */
  public static double[] adjusted(double[] p) {
    int[] order =
        IntStream.range(0, p.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> p[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] adjusted = new double[p.length];
    double least = 0;
    for (int rank = 0; rank < p.length; rank++) {
      least = Math.max(least, Math.min(1, (p.length - rank) * p[order[rank]]));
      adjusted[order[rank]] = least;
    }
    return adjusted;
  }
}
