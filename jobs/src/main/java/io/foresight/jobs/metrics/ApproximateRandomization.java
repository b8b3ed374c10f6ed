package io.foresight.jobs.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * The paired test of two systems by approximate randomisation (Noreen 1989; Riezler and Maxwell
 * 2005): if nothing but chance tells the two apart, each row's outputs may as well be swapped, so
 * the difference that was seen is held against those of so many random swaps. Works for any figure
 * of sums over rows, such as a ratio or BLEU.
 */
public final class ApproximateRandomization {

  /** So many that a p survives the correction for some hundred tests. */
  public static final int REPLICATES = 9_999;

  /** Sums that differ by less are the same, computed in another order. */
  private static final double SAME = 1e-12;

  private ApproximateRandomization() {}

  /**
   * A row, or rows that are only ever swapped together, by both systems.
   *
   * @param first what the first system's output adds to each sum
   * @param second the same of the second's
   */
  public record Pair(double[] first, double[] second) {

    private boolean isSame() {
      return Arrays.equals(first, second);
    }
  }

  /**
   * The two-sided p: the share of the swaps whose difference is at least as large as what was seen,
   * which itself is one of them. 1 where the figure is of no row.
   *
   * @param seed decides the swaps
   */
  public static double test(List<Pair> rows, ToDoubleFunction<double[]> figure, long seed) {
    if (rows.isEmpty()) {
      return 1;
    }
    int summands = rows.get(0).first().length;
    double[] first = new double[summands];
    double[] second = new double[summands];
    for (Pair row : rows) {
      add(first, row.first(), 1);
      add(second, row.second(), 1);
    }
    double seen = Math.abs(figure.applyAsDouble(second) - figure.applyAsDouble(first));
    if (!Double.isFinite(seen)) {
      return 1;
    }
    // A row's swaps are its own whether or not others differ: that its figures move by what
    // floating
    // point does moves p by as little.
    double[][] moves =
        rows.stream().map(row -> row.isSame() ? null : move(row)).toArray(double[][]::new);
    SplittableRandom random = new SplittableRandom(seed);
    double[] swappedFirst = new double[summands];
    double[] swappedSecond = new double[summands];
    double[] moved = new double[summands];
    int asLarge = 1;
    for (int r = 0; r < REPLICATES; r++) {
      Arrays.fill(moved, 0);
      long bits = 0;
      for (int row = 0; row < moves.length; row++) {
        bits = row % Long.SIZE == 0 ? random.nextLong() : bits >>> 1;
        if ((bits & 1) != 0 && moves[row] != null) {
          add(moved, moves[row], 1);
        }
      }
      for (int i = 0; i < summands; i++) {
        swappedFirst[i] = first[i] + moved[i];
        swappedSecond[i] = second[i] - moved[i];
      }
      double difference =
          Math.abs(figure.applyAsDouble(swappedSecond) - figure.applyAsDouble(swappedFirst));
      asLarge += difference >= seen - SAME * Math.max(1, seen) ? 1 : 0;
    }
    return asLarge / (REPLICATES + 1.0);
  }

  /** What a swap adds to the first's sums, and takes from the second's. */
  private static double[] move(Pair row) {
    double[] move = row.second().clone();
    add(move, row.first(), -1);
    return move;
  }

  private static void add(double[] sum, double[] row, int sign) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += sign * row[i];
    }
  }
}
