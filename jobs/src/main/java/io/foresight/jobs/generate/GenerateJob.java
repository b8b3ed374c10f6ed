package io.foresight.jobs.generate;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.engine.DeviceChoice;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowDecoder;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.output.FiguresFile;
import io.foresight.jobs.output.OutputOptions;
import io.foresight.jobs.output.RowsJob;
import io.foresight.jobs.output.Summary;
import io.foresight.jobs.process.Examples;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.process.Models;
import io.foresight.jobs.process.Sessions;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.settings.SettingsOptions;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.text.ModelException;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.ModelPreload;
import io.foresight.spark.Progress;
import io.foresight.spark.Provenance;
import io.foresight.spark.SparkTask;
import io.foresight.spark.run.Run;
import io.foresight.store.ModelStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Decodes a file of prompts under constraints and writes the scored output. */
@Command(
    name = "generate",
    description = "Decodes prompts under constraints and writes scored Parquet.",
    mixinStandardHelpOptions = true)
public final class GenerateJob implements Callable<Integer> {

  private static final int SHOWN_ROWS = 10;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private SettingsOptions options;

  @Mixin private OutputOptions outputOptions;

  @Option(
      names = "--dry-run",
      description =
          "Checks everything, says what the rows hold and how long their prompts are; decodes nothing.")
  private boolean dryRun;

  @Override
  public Integer call() throws Exception {
    SettingsReader given = options.read(outputOptions.settings());
    JobSettings bound = JobSettings.withStandIns("generate", given);
    if (!dryRun) {
      given.finish();
      FiguresFile.check("--summary", outputOptions.summaryFile());
    }
    if (!given.hasProblems()) {
      bound.idle().forEach(System.err::println);
    }
    try (SparkSession spark = Sessions.open("foresight generate");
        ModelStore store =
            new ModelStore(bound.store(), spark.sparkContext().hadoopConfiguration());
        Progress progress = Progress.listen(spark.sparkContext())) {
      if (dryRun) {
        return new DryRun(spark, store, given, bound, outputOptions).call();
      }
      Models models = Models.check(store, bound.generation());
      Decoding decoding = new Decoding(spark, progress, bound, models);
      return new RowsJob(spark, progress, outputOptions, decoding).run(bound);
    }
  }

  /** The job's own part of a run. */
  public record Decoding(SparkSession spark, Progress progress, JobSettings bound, Models models)
      implements RowsJob.Kind {

    @Override
    public String name() {
      return "generate";
    }

    @Override
    public String verb() {
      return "decode";
    }

    @Override
    public String writer(JobSettings settings) {
      return settings.generation().settings().get(STRATEGY);
    }

    @Override
    public String text(JobSettings settings) {
      return settings.generation().settings().get(ColumnSettings.PREFIX) + "output";
    }

    @Override
    public Map<String, String> content() {
      return Provenance.of(models.on(bound.generation()));
    }

    @Override
    public ObjectNode described() {
      return GenerateJob.described(models);
    }

    @Override
    public JobSettings resumed(JobSettings settings, Run run) {
      return settings.withChatTime(run.described("settings").at("/prompt/chat/now").asText());
    }

    @Override
    public Foresight.Work of(JobSettings settings) {
      Dataset<Row> prompts = InputReader.read(spark, settings.reading(), settings.generation());
      return Foresight.generation(prompts, settings.generation(), progress);
    }

    @Override
    public void during(JobSettings settings, Runnable planning) {
      if (spark.sparkContext().isLocal()) {
        ModelPreload.during(models.on(settings.generation()), planning);
      } else {
        planning.run();
      }
    }

    @Override
    public List<Column> columns() {
      return Summary.columns(bound.generation().rewards());
    }

    @Override
    public ObjectNode figures(Row columns, double seconds) {
      return Summary.of(columns, bound.generation().rewards(), seconds).json();
    }

    @Override
    public String table(ObjectNode figures) {
      return new Summary(figures).table();
    }

    @Override
    public String examples(Run run, JobSettings settings) {
      return run.readBack(rows -> Examples.table(rows, settings.generation(), SHOWN_ROWS));
    }

    @Override
    public int verdict(
        JobSettings settings, ObjectNode figures, Supplier<String> error, boolean written) {
      GenerationSettings generation = settings.generation();
      Summary summary = new Summary(figures);
      String strategy = generation.settings().get(STRATEGY);
      if (written && strategy.equals("speculative")) {
        advise(generation, models, summary, spark.sparkContext().isLocal());
      }
      return GenerateJob.verdict(summary, error, models, generation.settings());
    }
  }

  /** What the manifest says of the models. */
  static ObjectNode described(Models models) {
    ObjectNode described = JSON.createObjectNode();
    described
        .putObject("models")
        .put("target", models.target().digest())
        .put("draft", models.draft() == null ? null : models.draft().digest());
    return described;
  }

  /** A run that wrote its rows fails all the same if none was decoded, or nothing speculated. */
  private static int verdict(
      Summary summary, Supplier<String> error, Models models, Settings settings) {
    String strategy = settings.get(STRATEGY);
    if (summary.allFailed()) {
      System.err.println("Cannot decode any row: %s".formatted(error.get()));
      return ExitCode.ALL_ROWS_FAILED.code();
    }
    if (models.draft() != null && summary.draftedNothing() && draftIsNeeded(strategy, summary)) {
      // Of cdsl's own draft and cdlh-appx's lookaheads there is always one.
      boolean mayLeaveOut = !strategy.equals("cdlh-appx") && !strategy.equals("cdsl");
      if (mayLeaveOut && settings.get(ADAPTIVE_DRAFT).on(true)) {
        System.err.println(
            "Note: nothing was drafted, since no draft token was worth its cost: by the models' sizes, decoding.batch, and how the draft fits. A smaller or better fitting models.draft would be used; decoding.adaptive-draft = false drafts in any case.");
        return 0;
      }
      System.err.println(
          "Cannot speculate: the draft proposed no token in the whole run. Check models.draft and decoding.draft-length.");
      return ExitCode.MODELS.code();
    }
    return 0;
  }

  /**
   * Not where no row has more than the token that the target gives anyway, or the draft only looks
   * ahead and no reward had anything to look for.
   */
  private static boolean draftIsNeeded(String strategy, Summary summary) {
    return summary.number("tokens") > summary.number("rows") - summary.number("error")
        && (!strategy.equals("cdlh-appx") || summary.number("judged") > 0);
  }

  /** Warns if the same output would have come sooner without the draft. */
  private static void advise(
      GenerationSettings generation, Models models, Summary summary, boolean local) {
    SpeculationAdvice advice =
        SpeculationAdvice.of(summary, () -> costs(generation, models, summary, local));
    if (advice != null) {
      boolean hard = generation.settings().get(VERIFICATION) == Verification.HARD;
      String warning = advice.warning(hard ? "greedy" : "sample");
      if (warning != null) {
        System.err.println(warning);
      }
    }
  }

  /** Measured where the run's own models are in this process; else by their sizes. */
  private static SpeculationAdvice.Costs costs(
      GenerationSettings generation, Models models, Summary summary, boolean local) {
    SpeculationAdvice.Costs bySize =
        SpeculationAdvice.Costs.bySize(
            models.target().multipliedWeights(),
            HeadIds.multipliedWeights(
                models.draft(), HeadIds.of(models.draft(), generation.draftHead()).length));
    if (!local || generation.device() == DeviceChoice.GPU) {
      return bySize;
    }
    int drafted = (int) Math.ceil(summary.number("drafted") / summary.number("target_forwards"));
    int rows = (int) Math.min(generation.batch(false), summary.number("rows"));
    try (RowDecoder decoder =
        new RowDecoder(models.on(generation), SparkTask.current(generation.device()))) {
      return SpeculationAdvice.Costs.measure(decoder, rows, drafted + 1);
    } catch (ModelException e) {
      // The rows are written; that a measurement has no room for its caches must not fail the run.
      return bySize;
    }
  }
}
