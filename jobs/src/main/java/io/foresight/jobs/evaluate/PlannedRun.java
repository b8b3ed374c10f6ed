package io.foresight.jobs.evaluate;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import io.foresight.jobs.measure.TextSource;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.output.OutputOptions;
import io.foresight.jobs.output.RowsJob;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Progress;
import io.foresight.spark.run.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A run that an evaluation needs: one variant on one data set.
 *
 * @param variant its name
 * @param dataset its name
 * @param settings of the run
 * @param kind what it does
 * @param text column of the texts that it writes or scores
 * @param shown what the report says of where the texts are from
 */
record PlannedRun(
    String variant,
    String dataset,
    JobSettings settings,
    RowsJob.Kind kind,
    String text,
    String shown) {

  /** The same in place of what its output holds, if that is another run. */
  PlannedRun overwriting() {
    return new PlannedRun(variant, dataset, settings.overwriting(), kind, text, shown);
  }

  private RowsJob job(SparkSession spark, Progress progress) {
    return new RowsJob(spark, progress, new OutputOptions(), kind);
  }

  /**
   * Checks that it can be written.
   *
   * @param overwrite whether another run may be in its place
   * @return this, or what takes another run's place
   */
  PlannedRun checked(SparkSession spark, Progress progress, boolean overwrite) throws IOException {
    try {
      job(spark, progress).check(settings);
      return this;
    } catch (RunException e) {
      if (e.kind() != RunException.Kind.TAKEN || !overwrite) {
        throw e;
      }
      return overwriting();
    }
  }

  /** Does what of it is not done; the exit code. */
  int run(SparkSession spark, Progress progress) throws Exception {
    return job(spark, progress).run(settings);
  }

  /** All settings as they were used, by their names, but for where rows come from and go to. */
  Map<String, String> values() {
    Map<String, String> values = new TreeMap<>();
    ConfigFactory.parseString(settings.resolved())
        .entrySet()
        .forEach(entry -> values.put(entry.getKey(), String.valueOf(entry.getValue().unwrapped())));
    values.keySet().removeIf(key -> key.startsWith("output.") || key.startsWith("input.path"));
    return values;
  }

  /**
   * What it wrote.
   *
   * @param judged the run that judged it, and so has its rows with more columns; {@code null} if
   *     none did
   * @param judge what did
   * @param own those of the settings that set it apart
   * @param references column of texts to hold outputs against; left out if the rows have none
   */
  TextSource written(
      SparkSession spark,
      PlannedRun judged,
      MetricSet.Judge judge,
      Map<String, String> own,
      String references)
      throws IOException {
    Dataset<Row> rows = (judged == null ? this : judged).rows(spark);
    boolean has = List.of(rows.columns()).contains(references);
    return new TextSource(
        variant,
        dataset,
        shown,
        own,
        rows,
        count(spark),
        settings.generation().rewards(),
        settings.generation().settings().get(ColumnSettings.PREFIX),
        text,
        ColumnSettings.idColumn(settings.generation().settings()),
        settings.generation().prompt().columns(),
        has ? references : null,
        judge);
  }

  private Dataset<Row> rows(SparkSession spark) {
    return spark
        .read()
        .format(settings.outputFormat().sparkName())
        .options(settings.outputFormat().options())
        .load(settings.output());
  }

  private long count(SparkSession spark) throws IOException {
    Path manifest = new Path(settings.output(), "_foresight/run.json");
    try (InputStream in =
        manifest.getFileSystem(spark.sparkContext().hadoopConfiguration()).open(manifest)) {
      return new ObjectMapper().readTree(in).at("/summary/rows").asLong();
    }
  }
}
