package io.foresight.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.model.ModelException;
import io.foresight.spark.DeviceChoice;
import io.foresight.spark.Foresight;
import io.foresight.spark.GenerationSettings;
import io.foresight.spark.ModelStore;
import io.foresight.spark.Progress;
import io.foresight.spark.RowDecoder;
import java.io.IOException;
import java.util.concurrent.Callable;
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
final class GenerateJob implements Callable<Integer> {

  private static final int SHOWN_ROWS = 10;
  private static final int SHOWN_PROMPTS = 3;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private SettingsOptions options;

  @Mixin private OutputOptions outputOptions;

  @Option(
      names = "--dry-run",
      description = "Checks everything and shows the first prompts; decodes nothing.")
  private boolean dryRun;

  @Override
  public Integer call() throws IOException {
    JobSettings settings = options.bind("generate", outputOptions.settings());
    FiguresFile.check("--summary", outputOptions.summaryFile());
    GenerationSettings generation = settings.generation();
    try (SparkSession spark = SparkSession.builder().appName("foresight generate").getOrCreate();
        ModelStore store =
            new ModelStore(generation.store(), spark.sparkContext().hadoopConfiguration());
        Progress progress = Progress.listen(spark.sparkContext())) {
      Models models = Models.check(store, generation);
      Dataset<Row> prompts = InputReader.read(spark, settings);
      RunFolder folder = new RunFolder(spark, settings);
      folder.requireWritable();
      Dataset<Row> decoded = Foresight.generate(prompts, generation, progress);
      long total = InputReader.countWithUniqueIds(prompts, generation.idColumn());
      if (dryRun) {
        show(settings, models, prompts, decoded);
        return 0;
      }
      long started = System.nanoTime();
      Dataset<Row> written = ProgressLine.during(progress, total, () -> folder.write(decoded));
      Dataset<Row> added = RewardFigures.added(written, generation.columnPrefix());
      Summary summary =
          Summary.of(added, generation.rewards(), (System.nanoTime() - started) / 1e9);
      folder.writeRun(run(settings, models, summary));
      FiguresFile.write(outputOptions.summaryFile(), summary.json());
      System.out.print(summary.table());
      Examples.print(written, generation, SHOWN_ROWS);
      System.out.println("Written to " + settings.output());
      if (generation.decoding().strategy().equals("speculative")) {
        advise(generation, models, summary, spark.sparkContext().isLocal());
      }
      return verdict(summary, added, models);
    }
  }

  private static String run(JobSettings settings, Models models, Summary summary)
      throws IOException {
    ObjectNode run = JSON.createObjectNode();
    run.set("version", JSON.valueToTree(Version.read()));
    run.set("settings", JSON.readTree(settings.resolved()));
    run.putObject("models")
        .put("target", models.target().digest())
        .put("draft", models.draft() == null ? null : models.draft().digest());
    run.set("summary", summary.json());
    return run.toPrettyString();
  }

  /** A run that wrote its rows fails all the same if none was decoded, or nothing speculated. */
  private static int verdict(Summary summary, Dataset<Row> added, Models models) {
    if (summary.allFailed()) {
      System.err.println(
          "Cannot decode any row: %s".formatted(added.select("error").first().getString(0)));
      return 1;
    }
    if (models.draft() != null && summary.draftedNothing()) {
      System.err.println(
          "Cannot speculate: the draft proposed no token in the whole run. Check models.draft and decoding.draft-length.");
      return 1;
    }
    return 0;
  }

  /** Warns if the same output would have come sooner without the draft. */
  private static void advise(
      GenerationSettings generation, Models models, Summary summary, boolean local) {
    SpeculationAdvice advice =
        SpeculationAdvice.of(summary, () -> costs(generation, models, summary, local));
    if (advice != null) {
      boolean hard = generation.decoding().verification() == Verification.HARD;
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
    try (RowDecoder decoder = new RowDecoder(models.on(generation))) {
      return SpeculationAdvice.Costs.measure(decoder, rows, drafted + 1);
    } catch (ModelException e) {
      // The rows are written; that a measurement has no room for its caches must not fail the run.
      return bySize;
    }
  }

  private static void show(
      JobSettings settings, Models models, Dataset<Row> prompts, Dataset<Row> decoded) {
    System.out.println(settings.resolved());
    System.out.println(decoded.schema().treeString());
    for (String prompt :
        Foresight.prompts(prompts.limit(SHOWN_PROMPTS), models.on(settings.generation()))) {
      System.out.println(prompt);
    }
  }
}
