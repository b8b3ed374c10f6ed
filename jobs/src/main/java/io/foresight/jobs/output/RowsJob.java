package io.foresight.jobs.output;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.input.files.Locations;
import io.foresight.jobs.process.Interruption;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.settings.Settings;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import io.foresight.spark.run.Run;
import io.foresight.spark.run.RunRequest;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What every job does that turns rows of an input into rows of a run: finds or opens the run, does
 * the rows that are missing, aggregates all of them, and tells how it went. A run that is whole
 * tells what it told before.
 *
 * @param spark the session
 * @param progress what its tasks report
 * @param options of the command line
 * @param kind what the job does of its own
 */
public record RowsJob(
    SparkSession spark, Progress progress, OutputOptions options, RowsJob.Kind kind) {

  /** What differs from job to job. */
  public interface Kind {

    /** The job's name. */
    String name();

    /** What it does with a row, for people. */
    String verb();

    /** Who wrote the texts, for a report: a strategy, or what is known of others. */
    String writer(JobSettings settings);

    /** The column of the texts. */
    String text(JobSettings settings);

    /** What else, besides the settings, makes the run this one: digests by name. */
    Map<String, String> content();

    /** What {@code run.json} is to hold of it. */
    ObjectNode described();

    /** The settings as a run goes on by them which may have begun before. */
    default JobSettings resumed(JobSettings settings, Run run) {
      return settings;
    }

    /** The work that makes the rows. */
    Foresight.Work of(JobSettings settings);

    /** Runs the planning of a run, beside what may be done meanwhile. */
    default void during(JobSettings settings, Runnable planning) {
      planning.run();
    }

    /**
     * What is to be aggregated over the columns that the job adds, without their prefix; {@code
     * rows} and {@code error} among them.
     */
    List<Column> columns();

    /** The figures for {@code run.json}, of those {@link #columns}. */
    ObjectNode figures(Row columns, double seconds);

    /** The figures for people. */
    String table(ObjectNode figures);

    /** What to show of rows that were just written; nothing by default. */
    default String examples(Run run, JobSettings settings) {
      return "";
    }

    /**
     * What else is to be told, and the exit code.
     *
     * @param error an example of what failed, where any row did
     * @param written whether rows were just written
     */
    int verdict(JobSettings settings, ObjectNode figures, Supplier<String> error, boolean written);
  }

  /**
   * Checks, without changing anything, that the output can be written and holds nothing else.
   *
   * @throws io.foresight.spark.run.RunException as {@link Run#check}
   */
  public void check(JobSettings bound) throws IOException {
    Map<String, String> identity = RunIdentity.of(kind.name(), bound, kind.content());
    Locations.requireApart(spark, bound.reading(), bound.output());
    Run.check(
        spark,
        RunFolder.request(
            spark, kind.name(), kind.verb(), bound, options, identity, kind.described()));
  }

  /** Does it; the exit code. */
  public int run(JobSettings bound) throws Exception {
    Map<String, String> identity = RunIdentity.of(kind.name(), bound, kind.content());
    JobSettings settings = RunFolder.choose(spark, kind.name(), bound, identity);
    Locations.requireApart(spark, settings.reading(), settings.output());
    RunRequest request =
        RunFolder.request(
            spark, kind.name(), kind.verb(), settings, options, identity, kind.described());
    try (Run run = Run.open(spark, request)) {
      return Interruption.during(run::howToGoOn, () -> write(run, settings));
    }
  }

  private int write(Run run, JobSettings asked) throws IOException {
    RunFolder.tellResumed(run, asked);
    JobSettings settings = kind.resumed(asked, run);
    ObjectNode figures = run.isWhole() ? null : written(run, settings);
    boolean written = figures != null;
    if (!written) {
      figures = (ObjectNode) run.described("summary");
    }
    FiguresFile.write(options.summaryFile(), figures);
    System.out.print(kind.table(figures));
    if (written) {
      System.out.print(kind.examples(run, settings));
    }
    System.out.printf("Written %sto %s%n", written ? "" : "before ", settings.output());
    if (options.report()) {
      System.out.printf(
          "Report in %s%n",
          RunReport.write(
              spark.sparkContext().hadoopConfiguration(), run, settings, kind, options.command()));
    }
    Supplier<String> error = written ? run::exampleError : () -> "see its error rows";
    return kind.verdict(settings, figures, error, written);
  }

  /** Figures of the rows, or {@code null} if they were all there. */
  private ObjectNode written(Run run, JobSettings settings) {
    Settings values = settings.generation().settings();
    String prefix = values.get(ColumnSettings.PREFIX);
    Foresight.Work work = InputReader.usable(() -> kind.of(settings));
    long started = System.nanoTime();
    kind.during(settings, () -> RunFolder.plan(run, work, prefix));
    if (run.isWhole()) {
      return null;
    }
    RunFolder.decode(run, work, progress);
    double seconds = (System.nanoTime() - started) / 1e9;
    ObjectNode figures = kind.figures(RunFolder.figures(run, kind.columns(), prefix), seconds);
    run.finish(figures);
    return figures;
  }
}
