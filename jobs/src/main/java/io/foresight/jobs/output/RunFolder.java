package io.foresight.jobs.output;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.process.ProgressLine;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import io.foresight.spark.run.Run;
import io.foresight.spark.run.RunRequest;
import io.foresight.spark.run.UnfinishedRuns;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** What a job asks of the run that writes its rows. */
public final class RunFolder {

  private static final ObjectMapper JSON = new ObjectMapper();

  private RunFolder() {}

  /**
   * The settings with the folder that the run goes to: the one that is named, that of an unfinished
   * run of the same identity over the same input, or a new one.
   */
  public static JobSettings choose(
      SparkSession spark, String job, JobSettings settings, Map<String, String> identity) {
    if (!settings.outputChosen()) {
      return settings;
    }
    String unfinished =
        UnfinishedRuns.find(
            spark,
            JobSettings.CHOSEN_FOLDER,
            JobSettings.chosenPrefix(job),
            identity,
            InputReader.files(spark, settings.reading()));
    return unfinished == null ? settings : settings.withOutput(unfinished);
  }

  /**
   * The request.
   *
   * @param verb what the job does with a row
   * @param described what {@code run.json} holds besides what the run itself keeps there
   */
  public static RunRequest request(
      SparkSession spark,
      String job,
      String verb,
      JobSettings settings,
      OutputOptions options,
      Map<String, String> identity,
      ObjectNode described)
      throws IOException {
    described.set("version", JSON.valueToTree(Version.read()));
    described.set("settings", JSON.readTree(settings.resolved()));
    return new RunRequest(
        job,
        verb,
        settings.output(),
        settings.outputFormat(),
        settings.overwrite(),
        options.extend(),
        options.retryErrors(),
        settings.shardRows(),
        settings.maxErrorFraction(),
        identity,
        InputReader.files(spark, settings.reading()),
        described);
  }

  /** Says that a run had begun before. */
  public static void tellResumed(Run run, JobSettings settings) {
    if (run.isResumed() && !run.isWhole()) {
      System.err.printf("Going on with %s.%n", settings.output());
    }
  }

  /**
   * Finds out what rows there are to be. The run may be whole then: where the input's files were
   * but touched.
   *
   * @param prefix what precedes the names of the columns that the job adds
   */
  public static void plan(Run run, Foresight.Work work, String prefix) {
    run.output(work.schema(), prefix + "error");
    run.plan(work::rows);
  }

  /** Does a job's rows, those that are planned and not there. */
  public static void decode(Run run, Foresight.Work work, Progress progress) {
    ProgressLine.during(progress, run, () -> run.decode(work.function(), work.rows().schema()));
  }

  /**
   * Aggregates all rows, in one pass that also finds out whether all are there.
   *
   * @param columns over the columns that the job added, without their prefix; {@code rows} and
   *     {@code error} among them, how many rows there are and how many of them are errors
   * @param prefix as of {@link #plan}
   */
  public static Row figures(Run run, List<Column> columns, String prefix) {
    Row figures =
        run.readBack(
            written ->
                RewardFigures.added(written, prefix)
                    .agg(columns.get(0), columns.stream().skip(1).toArray(Column[]::new))
                    .head());
    run.requireWhole(figures.getAs("rows"), figures.getAs("error"));
    return figures;
  }
}
