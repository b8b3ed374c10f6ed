package io.foresight.jobs.benchmark;

import io.foresight.decoding.LanguageModel;
import io.foresight.model.cost.ForwardShape;
import io.foresight.model.cost.ForwardTimes;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Measures a model's {@link SizeCost}. A row has one position per sequence, a line up to 16, as a
 * verification has.
 */
public final class CostCurve {

  private static final int LINE = 16;

  private static final int MOST_POSITIONS = 512;
  private static final int MOST_ROWS = 128;

  private final List<ForwardShape> lines = new ArrayList<>();
  private final List<ForwardShape> rows = new ArrayList<>();
  private final ForwardTimes times;

  /**
   * Prepares a curve.
   *
   * @param batch rows in flight, at most
   * @param further shapes to time in turn with the curve's
   */
  CostCurve(LanguageModel model, int batch, List<ForwardShape> further) {
    int line = Math.min(LINE, Integer.highestOneBit(ForwardTimes.room(model)));
    for (int n = 1; n <= Math.min(MOST_POSITIONS, 2 * LINE * batch); n *= 2) {
      lines.add(ForwardShape.of(Math.max(1, n / line), Math.min(n, line)));
    }
    for (int n = 1; n <= Math.min(MOST_ROWS, 2 * LINE * batch); n *= 2) {
      rows.add(ForwardShape.of(n, 1));
    }
    Set<ForwardShape> all = new LinkedHashSet<>(lines);
    all.addAll(rows);
    all.addAll(further);
    times = new ForwardTimes(List.copyOf(all));
  }

  void sample(LanguageModel model) {
    times.sample(model);
  }

  /** Seconds of one forward. */
  public double seconds(ForwardShape shape) {
    return times.median(shape);
  }

  /** The largest forward that was timed. */
  public ForwardShape largest() {
    return lines.get(lines.size() - 1);
  }

  /** The curve as it was measured so far. */
  SizeCost cost() {
    return new SizeCost(medians(lines), medians(rows));
  }

  private double[] medians(List<ForwardShape> shapes) {
    return shapes.stream().mapToDouble(this::seconds).toArray();
  }
}
