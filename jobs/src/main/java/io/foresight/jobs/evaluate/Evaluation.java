package io.foresight.jobs.evaluate;

import io.foresight.jobs.measure.Comparisons;
import io.foresight.jobs.measure.DifferingRows;
import io.foresight.jobs.measure.ReferenceFrequencies;
import io.foresight.jobs.measure.TextSource;
import io.foresight.jobs.measure.VariantRows;
import io.foresight.jobs.metrics.DocumentFrequencies;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.report.ReportData;
import io.foresight.jobs.report.ReportData.PairedTest;
import io.foresight.jobs.report.ReportData.RowTexts;
import io.foresight.jobs.report.ReportData.VariantReport;
import io.foresight.jobs.report.ReportFiles;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.spark.Progress;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.apache.spark.sql.SparkSession;

/**
 * An evaluation whose runs are planned and checked.
 *
 * @param datasets names, in their order
 * @param planned by data set, and there in the order of variants
 * @param judging the model that judges what others wrote; {@code null} for none
 * @param judgeSettings of a judge's run over a run, by the folder that it writes to
 * @param references column of texts to hold outputs against, where rows have it
 * @param overwrite whether a judge's run may take another's place
 */
record Evaluation(
    List<String> datasets,
    List<PlannedRun> planned,
    JudgeOption judging,
    BiFunction<PlannedRun, String, JobSettings> judgeSettings,
    String references,
    boolean overwrite) {

  /**
   * Does the runs, or what of them is not done, measures what they wrote, and writes the report.
   *
   * @param output folder of the report
   * @param command that gives it again
   * @return the exit code: that of the first run which has another than 0
   */
  int run(SparkSession spark, Progress progress, String output, String command) throws Exception {
    int code = ExitCode.OK.code();
    Map<PlannedRun, PlannedRun> judged = new HashMap<>();
    for (PlannedRun run : planned) {
      System.out.printf("%s on %s%n", run.variant(), run.dataset());
      int ended = run.run(spark, progress);
      code = code == ExitCode.OK.code() ? ended : code;
      if (judging != null) {
        PlannedRun by =
            judging
                .over(run, judgeSettings.apply(run, judging.output(run)), spark, progress)
                .checked(spark, progress, overwrite);
        by.run(spark, progress);
        judged.put(run, by);
      }
    }
    List<Map<String, String>> apart = apart(planned);
    List<VariantReport> reports = new ArrayList<>();
    List<VariantRows> measured = new ArrayList<>();
    List<RowTexts> rows = new ArrayList<>();
    for (String dataset : datasets) {
      List<TextSource> sources = new ArrayList<>();
      for (int i = 0; i < planned.size(); i++) {
        if (planned.get(i).dataset().equals(dataset)) {
          sources.add(
              planned
                  .get(i)
                  .written(
                      spark,
                      judged.get(planned.get(i)),
                      judging == null ? MetricSet.Judge.NONE : judging.kind(),
                      apart.get(i),
                      references));
        }
      }
      if (sources.isEmpty()) {
        // Nobody wrote anything for it.
        continue;
      }
      DocumentFrequencies frequencies = ReferenceFrequencies.of(widest(sources));
      for (TextSource source : sources) {
        VariantRows of = VariantRows.of(source, frequencies);
        measured.add(of);
        reports.add(of.report());
      }
      rows.addAll(DifferingRows.of(sources));
    }
    List<PairedTest> tests = Comparisons.of(measured);
    ReportData data =
        new ReportData(
            "Evaluation on " + String.join(", ", datasets),
            command,
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            Version.read().get("version"),
            Sentences.of(datasets, reports, tests),
            datasets,
            reports,
            tests,
            rows);
    ReportFiles.write(spark.sparkContext().hadoopConfiguration(), output, data);
    System.out.print("\n" + EvaluationText.summary(data));
    System.out.printf(
        "%nWritten to %s/%s, %s and %s%n",
        output, ReportFiles.HTML, ReportFiles.MARKDOWN, ReportFiles.JSON);
    return code;
  }

  /** The one with the most rows, since others may have written for some of them only. */
  private static TextSource widest(List<TextSource> sources) {
    TextSource widest = sources.get(0);
    for (TextSource source : sources) {
      widest = source.count() > widest.count() ? source : widest;
    }
    return widest;
  }

  /** Of each run the settings whose values are not the same in all runs. */
  private static List<Map<String, String>> apart(List<PlannedRun> planned) {
    List<Map<String, String>> all = planned.stream().map(PlannedRun::values).toList();
    Set<String> keys = new LinkedHashSet<>();
    all.forEach(values -> keys.addAll(values.keySet()));
    keys.removeIf(key -> all.stream().map(values -> values.get(key)).distinct().count() == 1);
    List<Map<String, String>> apart = new ArrayList<>();
    for (Map<String, String> values : all) {
      Map<String, String> own = new TreeMap<>(values);
      own.keySet().retainAll(keys);
      apart.add(own);
    }
    return apart;
  }
}
