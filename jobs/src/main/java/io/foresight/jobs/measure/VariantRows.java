package io.foresight.jobs.measure;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.jobs.metrics.Bootstrap;
import io.foresight.jobs.metrics.DocumentFrequencies;
import io.foresight.jobs.metrics.Metric;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.metrics.TextSample;
import io.foresight.jobs.report.ReportData.Estimate;
import io.foresight.jobs.report.ReportData.Group;
import io.foresight.jobs.report.ReportData.VariantReport;
import io.foresight.reward.Rewards;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;

/** What one variant's rows on one data set say. Lives on the driver; immutable. */
public final class VariantRows {

  private static final String KEY = "_foresight_key";

  /** What is counted per committed token. */
  private static final List<String> WORK =
      List.of(
          "target_forwards",
          "target_positions",
          "draft_forwards",
          "draft_positions",
          "reward_calls");

  private static final List<String> STATES = List.of("s1", "s2", "s3", "s4");

  private static final List<String> STATUS = List.of("ok", "unsatisfied", "truncated", "error");

  private final TextSource source;
  private final MetricSet metrics;
  private final RowSums sums;
  private final double[] totals;

  private VariantRows(TextSource source, MetricSet metrics, RowSums sums) {
    this.source = source;
    this.metrics = metrics;
    this.sums = sums;
    totals = new double[metrics.summands()];
    for (double[] group : sums.groups().values()) {
      for (int i = 0; i < totals.length; i++) {
        totals[i] += group[i];
      }
    }
  }

  /**
   * Reads all rows, once.
   *
   * @param frequencies of the references' word sequences; {@code null} if there are none
   */
  public static VariantRows of(TextSource source, DocumentFrequencies frequencies) {
    MetricSet metrics =
        MetricSet.of(source.rewards(), source.isGenerated(), frequencies, source.judge());
    TextRows texts = new TextRows(source);
    long count = source.count();
    RowSums sums =
        source
            .identified()
            .withColumn(KEY, xxhash64(col(HiddenColumns.ID)))
            .toJavaRDD()
            .mapPartitions(new Summing(texts, metrics, count))
            .treeAggregate(new RowSums(count), RowSums::plus, RowSums::plus);
    return new VariantRows(source, metrics, sums);
  }

  /** Adds up a partition's rows. */
  private record Summing(TextRows texts, MetricSet metrics, long count)
      implements FlatMapFunction<Iterator<Row>, RowSums> {

    @Override
    public Iterator<RowSums> call(Iterator<Row> rows) {
      RowSums sums = new RowSums(count);
      try (Rewards concepts = texts.coverage()) {
        while (rows.hasNext()) {
          Row row = rows.next();
          Map<String, Object> values = Rows.values(row);
          sums.add(row.<Long>getAs(KEY), texts, values, texts.measured(values, concepts), metrics);
        }
      }
      return List.of(sums).iterator();
    }
  }

  /** The rows that these are of. */
  public TextSource source() {
    return source;
  }

  MetricSet metrics() {
    return metrics;
  }

  /** A metric over all rows; NaN of no row, or if it is not among those that are measured. */
  public double value(String metric) {
    return metrics.from(metric) < 0 ? Double.NaN : metrics.value(metric, totals);
  }

  /** The sums of one metric's summands, by group of rows in the groups' order. */
  SortedMap<Long, double[]> groups(String metric) {
    int from = metrics.from(metric);
    int to = from + metrics.metric(metric).summands();
    TreeMap<Long, double[]> groups = new TreeMap<>();
    sums.groups()
        .forEach(
            (group, of) -> {
              if (of[from] > 0) {
                groups.put(group, Arrays.copyOfRange(of, from, to));
              }
            });
    return groups;
  }

  /** All of it, for a report. */
  public VariantReport report() {
    Map<String, Long> status = new LinkedHashMap<>();
    STATUS.forEach(name -> status.put(name, sums.status().getOrDefault(name, 0L)));
    return new VariantReport(
        source.name(),
        source.dataset(),
        source.source(),
        source.settings(),
        status,
        estimates(),
        work(),
        states(),
        Map.of(),
        groups(sums.byConstraints(), RowSums::constraintsLabel),
        groups(sums.byLength(), RowSums::lengthLabel));
  }

  private Map<String, Estimate> estimates() {
    Bootstrap bootstrap = new Bootstrap(metrics.summands());
    new TreeMap<>(sums.groups()).forEach(bootstrap::add);
    Map<String, Estimate> estimates = new LinkedHashMap<>();
    for (String name : metrics.names()) {
      int from = metrics.from(name);
      if (totals[from] > 0) {
        Bootstrap.Interval interval =
            bootstrap.interval(replicate -> metrics.value(name, replicate));
        estimates.put(
            name,
            new Estimate(
                metrics.value(name, totals), interval.low(), interval.high(), (long) totals[from]));
      }
    }
    TextSample sample = sums.sample();
    variety(estimates, "distinct_1", sample.distinct(1), sample.texts().size());
    variety(estimates, "distinct_2", sample.distinct(2), sample.texts().size());
    variety(
        estimates,
        "self_bleu",
        sample.selfBleu(),
        Math.min(sample.texts().size(), TextSample.MOST_FOR_SELF_BLEU));
    return estimates;
  }

  /** Resampled texts would repeat themselves, so of variety there is no interval. */
  private static void variety(
      Map<String, Estimate> estimates, String name, double value, long rows) {
    if (Double.isFinite(value)) {
      estimates.put(name, new Estimate(value, Double.NaN, Double.NaN, rows));
    }
  }

  private Map<String, Double> work() {
    Map<String, Double> work = new LinkedHashMap<>();
    double tokens = sums.counter("tokens");
    if (source.isGenerated() && tokens > 0) {
      WORK.forEach(name -> work.put(name, sums.counter(name) / tokens));
      if (sums.counter("drafted") > 0) {
        work.put("acceptance_rate", sums.counter("accepted") / sums.counter("drafted"));
      }
    }
    return work;
  }

  private Map<String, Double> states() {
    double steps = STATES.stream().mapToDouble(sums::counter).sum();
    Map<String, Double> states = new LinkedHashMap<>();
    if (steps > 0) {
      STATES.forEach(name -> states.put(name.toUpperCase(Locale.ROOT), sums.counter(name) / steps));
    }
    return states;
  }

  private static List<Group> groups(Map<Integer, long[]> counts, IntFunction<String> label) {
    List<Group> groups = new ArrayList<>();
    counts.forEach(
        (group, of) -> groups.add(new Group(label.apply(group), of[0], (double) of[1] / of[0])));
    return groups;
  }

  /** The metric that both measure; {@code null} if one does not. */
  static Metric common(VariantRows first, VariantRows second, String name) {
    return first.metrics.from(name) < 0 || second.metrics.from(name) < 0
        ? null
        : first.metrics.metric(name);
  }
}
