package io.foresight.jobs.measure;

import io.foresight.jobs.metrics.MeasuredText;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.metrics.TextSample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What some rows of a variant add up to. All sums are exact, so that they are the same however the
 * rows were cut. Of one thread.
 */
final class RowSums implements Serializable {

  private static final long serialVersionUID = 1;

  /**
   * More rows than this are resampled and swapped in so many groups by the hash of their id, so
   * that what the driver holds does not grow with them.
   */
  static final int MOST_GROUPS = 5_000;

  /** Texts whose variety is measured, about. */
  static final int SAMPLE = 10_000;

  /** Beyond it rows count as one kind. */
  private static final int MOST_CONSTRAINTS = 20;

  /** Upper ends of the lengths that are told apart. */
  private static final int[] LENGTHS = {5, 10, 15, 20, 30, 50, 100, 200, 500, 1000};

  private static final List<String> COUNTERS =
      List.of(
          "target_forwards",
          "target_positions",
          "draft_forwards",
          "draft_positions",
          "reward_calls",
          "drafted",
          "accepted",
          "s1",
          "s2",
          "s3",
          "s4");

  private record Sampled(long key, String text) implements Serializable {}

  private final long rows;
  private final Map<Long, double[]> groups = new HashMap<>();
  private final TreeMap<String, Long> status = new TreeMap<>();
  private final TreeMap<String, Double> counters = new TreeMap<>();
  private final TreeMap<Integer, long[]> byConstraints = new TreeMap<>();
  private final TreeMap<Integer, long[]> byLength = new TreeMap<>();
  private final ArrayList<Sampled> sample = new ArrayList<>();

  /**
   * Of none yet.
   *
   * @param rows that the variant has in all
   */
  RowSums(long rows) {
    this.rows = rows;
  }

  /**
   * Adds a row.
   *
   * @param key of 64 bits, of its id
   */
  void add(long key, TextRows of, Map<String, Object> row, MeasuredText text, MetricSet metrics) {
    add(groups, rows <= MOST_GROUPS ? key : Math.floorMod(key, MOST_GROUPS), metrics.of(text));
    status.merge(of.status(row), 1L, Long::sum);
    counters.merge("tokens", text.tokens() == null ? 0.0 : text.tokens(), Double::sum);
    for (String counter : COUNTERS) {
      counters.merge(counter, of.counter(row, counter), Double::sum);
    }
    if (text.text() == null) {
      return;
    }
    if (text.satisfied() != null) {
      int constraints = Math.min(constraints(text), MOST_CONSTRAINTS);
      count(byConstraints, constraints, text.satisfied());
      count(byLength, lengthGroup(of.length(row)), text.satisfied());
    }
    if (Long.remainderUnsigned(key, (rows + SAMPLE - 1) / SAMPLE) == 0) {
      sample.add(new Sampled(key, text.text()));
    }
  }

  /** The concepts that it was to have; where it was to have none, the rewards that judge it. */
  private static int constraints(MeasuredText text) {
    long parts = text.scores().keySet().stream().filter(name -> name.contains(".")).count();
    return (int) (parts > 0 ? parts : text.scores().size());
  }

  private static int lengthGroup(long length) {
    int group = 0;
    while (group < LENGTHS.length && length > LENGTHS[group]) {
      group++;
    }
    return group;
  }

  private static void count(Map<Integer, long[]> groups, int group, boolean satisfied) {
    long[] counts = groups.computeIfAbsent(group, of -> new long[2]);
    counts[0]++;
    counts[1] += satisfied ? 1 : 0;
  }

  private static void add(Map<Long, double[]> groups, long group, double[] summands) {
    double[] sums = groups.get(group);
    if (sums == null) {
      groups.put(group, summands.clone());
      return;
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] += summands[i];
    }
  }

  /** Adds what others add up to; this. */
  RowSums plus(RowSums other) {
    other.groups.forEach((group, sums) -> add(groups, group, sums));
    other.status.forEach((name, count) -> status.merge(name, count, Long::sum));
    other.counters.forEach((name, count) -> counters.merge(name, count, Double::sum));
    merge(byConstraints, other.byConstraints);
    merge(byLength, other.byLength);
    sample.addAll(other.sample);
    return this;
  }

  private static void merge(Map<Integer, long[]> groups, Map<Integer, long[]> others) {
    others.forEach(
        (group, counts) -> {
          long[] sums = groups.computeIfAbsent(group, of -> new long[2]);
          sums[0] += counts[0];
          sums[1] += counts[1];
        });
  }

  /** The summands of rows that are only ever taken together, by group. */
  Map<Long, double[]> groups() {
    return groups;
  }

  /** Rows by status. */
  Map<String, Long> status() {
    return status;
  }

  /** Sum of a counter over all rows. */
  double counter(String name) {
    return counters.getOrDefault(name, 0.0);
  }

  /** Rows and satisfied rows by the number of constraints. */
  Map<Integer, long[]> byConstraints() {
    return byConstraints;
  }

  /** The same by group of lengths. */
  Map<Integer, long[]> byLength() {
    return byLength;
  }

  /** What a group of constraints is called. */
  static String constraintsLabel(int constraints) {
    return constraints == MOST_CONSTRAINTS ? constraints + " or more" : String.valueOf(constraints);
  }

  /** What a group of lengths is called. */
  static String lengthLabel(int group) {
    int from = group == 0 ? 0 : LENGTHS[group - 1] + 1;
    return group == LENGTHS.length ? from + " or more" : from + "-" + LENGTHS[group];
  }

  /** The texts whose variety is measured. */
  TextSample sample() {
    return new TextSample(
        sample.stream()
            .sorted(Comparator.comparingLong(Sampled::key).thenComparing(Sampled::text))
            .map(Sampled::text)
            .toList());
  }
}
