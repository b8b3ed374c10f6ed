package io.foresight.jobs.output;

import io.foresight.jobs.measure.DifferingRows;
import io.foresight.jobs.measure.ReferenceFrequencies;
import io.foresight.jobs.measure.TextSource;
import io.foresight.jobs.measure.VariantRows;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.report.ReportData;
import io.foresight.jobs.report.ReportData.VariantReport;
import io.foresight.jobs.report.ReportFiles;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.settings.Settings;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.run.Run;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The report of one run: what {@code evaluate} says of each of its variants, from the same
 * measures.
 */
final class RunReport {

  /** Beside {@code run.json}, where names begin so that no reader of the rows takes it for rows. */
  private static final String FOLDER = "_foresight";

  private static final String REFERENCES = "references";

  private RunReport() {}

  /**
   * Reads a run's rows and writes its report.
   *
   * @param run is whole
   * @param kind what the job did
   * @param command that it was started by
   * @return where the page is
   */
  static String write(
      Configuration hadoop, Run run, JobSettings settings, RowsJob.Kind kind, String command)
      throws IOException {
    String folder = settings.output() + "/" + FOLDER;
    ReportData data =
        run.readBack(rows -> of(source(rows, run.rowsThere(), settings, kind), command));
    ReportFiles.write(hadoop, folder, data);
    return folder + "/" + ReportFiles.HTML;
  }

  private static TextSource source(
      Dataset<Row> rows, long count, JobSettings settings, RowsJob.Kind kind) {
    Settings values = settings.generation().settings();
    return new TextSource(
        kind.writer(settings),
        settings.reading().paths().stream()
            .map(path -> new Path(path).getName())
            .collect(Collectors.joining(", ")),
        settings.output(),
        Map.of(),
        rows,
        count,
        settings.generation().rewards(),
        values.get(ColumnSettings.PREFIX),
        kind.text(settings),
        ColumnSettings.idColumn(values),
        settings.generation().prompt().columns(),
        List.of(rows.columns()).contains(REFERENCES) ? REFERENCES : null,
        MetricSet.Judge.NONE);
  }

  private static ReportData of(TextSource source, String command) {
    VariantReport report = VariantRows.of(source, ReferenceFrequencies.of(source)).report();
    return new ReportData(
        "%s on %s".formatted(source.name(), source.dataset()),
        command,
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        version(),
        RunSentences.of(report),
        List.of(source.dataset()),
        List.of(report),
        List.of(),
        DifferingRows.of(List.of(source)));
  }

  private static String version() {
    try {
      return Version.read().get("version");
    } catch (IOException e) {
      throw new IllegalStateException("The job's jar holds its version", e);
    }
  }
}
