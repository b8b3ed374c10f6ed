package io.foresight.jobs.benchmark;

import io.foresight.model.cost.ForwardSizes;

/**
 * Seconds of a forward by its positions: given at powers of two, linear in between and beyond. Two
 * curves, since a position of a sequence of its own costs more than one of several of a sequence; a
 * forward lies between them by its sequences per position.
 *
 * @param lines seconds at 1, 2, 4, ... positions of sequences that have many each; at least two
 * @param rows seconds at 1, 2, 4, ... positions of a sequence each; at least two
 */
record SizeCost(double[] lines, double[] rows) {

  /** Seconds of all forwards of these sizes. */
  double seconds(ForwardSizes sizes) {
    double sum = 0;
    for (int bucket = 0; bucket < sizes.forwards().length; bucket++) {
      long forwards = sizes.forwards()[bucket];
      if (forwards > 0) {
        double positions = sizes.positions()[bucket];
        double further = positions - forwards;
        double apart = further == 0 ? 0 : (sizes.sequences()[bucket] - forwards) / further;
        sum +=
            apart * along(rows, bucket, forwards, positions)
                + (1 - apart) * along(lines, bucket, forwards, positions);
      }
    }
    return sum;
  }

  /** The sum of a bucket's forwards on the straight line through the bucket's ends. */
  private static double along(double[] curve, int bucket, long forwards, double positions) {
    int end = Math.max(1, Math.min(bucket, curve.length - 1));
    double size = 1L << end;
    double slope = (curve[end] - curve[end - 1]) / (size / 2);
    return forwards * curve[end] + (positions - forwards * size) * slope;
  }
}
