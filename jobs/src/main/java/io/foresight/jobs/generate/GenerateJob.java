package io.foresight.jobs.generate;

import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.engine.DeviceChoice;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowDecoder;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.input.files.Locations;
import io.foresight.jobs.output.FiguresFile;
import io.foresight.jobs.output.OutputOptions;
import io.foresight.jobs.output.RunFolder;
import io.foresight.jobs.output.RunIdentity;
import io.foresight.jobs.output.Summary;
import io.foresight.jobs.process.Examples;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.process.Interruption;
import io.foresight.jobs.process.Models;
import io.foresight.jobs.process.Sessions;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.settings.SettingsOptions;
import io.foresight.model.text.ModelException;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.ModelPreload;
import io.foresight.spark.Progress;
import io.foresight.spark.Provenance;
import io.foresight.spark.SparkTask;
import io.foresight.spark.run.Run;
import io.foresight.spark.run.RunRequest;
import io.foresight.store.ModelStore;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
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
      Map<String, String> identity =
          RunIdentity.of("generate", bound, Provenance.of(models.on(bound.generation())));
      JobSettings settings = RunFolder.choose(spark, "generate", bound, identity);
      Locations.requireApart(spark, settings.reading(), settings.output());
      RunRequest request =
          RunFolder.request(
              spark, "generate", "decode", settings, outputOptions, identity, described(models));
      try (Run run = Run.open(spark, request)) {
        return Interruption.during(
            run::howToGoOn, () -> write(spark, run, settings, models, progress));
      }
    }
  }

  private int write(
      SparkSession spark, Run run, JobSettings asked, Models models, Progress progress)
      throws IOException {
    RunFolder.tellResumed(run, asked);
    JobSettings settings =
        asked.withChatTime(run.described("settings").at("/prompt/chat/now").asText());
    GenerationSettings generation = settings.generation();
    if (run.isWhole()) {
      return writtenBefore(run, settings, models, generation);
    }
    Dataset<Row> prompts = InputReader.read(spark, settings.reading(), generation);
    Foresight.Work work =
        InputReader.usable(() -> Foresight.generation(prompts, generation, progress));
    long started = System.nanoTime();
    Runnable planning =
        () -> RunFolder.plan(run, work, generation.settings().get(ColumnSettings.PREFIX));
    if (spark.sparkContext().isLocal()) {
      ModelPreload.during(models.on(generation), planning);
    } else {
      planning.run();
    }
    if (run.isWhole()) {
      return writtenBefore(run, settings, models, generation);
    }
    RunFolder.decode(run, work, progress);
    double seconds = (System.nanoTime() - started) / 1e9;
    Row figures =
        RunFolder.figures(
            run,
            Summary.columns(generation.rewards()),
            generation.settings().get(ColumnSettings.PREFIX));
    Summary summary = Summary.of(figures, generation.rewards(), seconds);
    run.finish(summary.json());
    print(summary);
    System.out.print(run.<String>readBack(rows -> Examples.table(rows, generation, SHOWN_ROWS)));
    System.out.println("Written to " + settings.output());
    if (generation.settings().get(STRATEGY).equals("speculative")) {
      advise(generation, models, summary, spark.sparkContext().isLocal());
    }
    return verdict(summary, run::exampleError, models, generation.settings().get(STRATEGY));
  }

  private int writtenBefore(
      Run run, JobSettings settings, Models models, GenerationSettings generation)
      throws IOException {
    Summary summary = new Summary((ObjectNode) run.described("summary"));
    print(summary);
    System.out.println("Written before to " + settings.output());
    return verdict(
        summary, () -> "see its error rows", models, generation.settings().get(STRATEGY));
  }

  private void print(Summary summary) throws IOException {
    FiguresFile.write(outputOptions.summaryFile(), summary.json());
    System.out.print(summary.table());
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
      Summary summary, Supplier<String> error, Models models, String strategy) {
    if (summary.allFailed()) {
      System.err.println("Cannot decode any row: %s".formatted(error.get()));
      return ExitCode.ALL_ROWS_FAILED.code();
    }
    if (models.draft() != null && summary.draftedNothing() && draftIsNeeded(strategy, summary)) {
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
            models.target().multipliedWeights(), models.draft().multipliedWeights());
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
