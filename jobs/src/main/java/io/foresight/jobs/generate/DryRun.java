package io.foresight.jobs.generate;

import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.input.files.Locations;
import io.foresight.jobs.output.FiguresFile;
import io.foresight.jobs.output.OutputOptions;
import io.foresight.jobs.output.RunFolder;
import io.foresight.jobs.output.RunIdentity;
import io.foresight.jobs.output.Summary;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.process.Failure;
import io.foresight.jobs.process.Models;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.Provenance;
import io.foresight.spark.run.Run;
import io.foresight.store.ModelStore;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * What can be told of a run of {@code generate} before it decodes a row. Looks at everything,
 * whatever it finds wrong before, so that all problems are told at once.
 */
final class DryRun implements Callable<Integer> {

  private static final int SHOWN_PROMPTS = 3;

  private final SparkSession spark;
  private final ModelStore store;
  private final SettingsReader given;
  private final JobSettings settings;
  private final OutputOptions options;
  private final List<Failure> problems = new ArrayList<>();

  /**
   * @param given knows what is wrong with the settings
   * @param settings with stand-ins for those; what depends on them is not looked at
   */
  DryRun(
      SparkSession spark,
      ModelStore store,
      SettingsReader given,
      JobSettings settings,
      OutputOptions options) {
    this.spark = spark;
    this.store = store;
    this.given = given;
    this.settings = settings;
    this.options = options;
  }

  /** Prints what it finds; the exit code is that of the first problem. */
  @Override
  public Integer call() throws Exception {
    tell(given::finish);
    tell(() -> FiguresFile.check("--summary", options.summaryFile()));
    GenerationSettings generation = generation();
    Models models =
        given.isSound("models", "decoding.strategy")
            ? found(() -> Models.check(store, generation))
            : null;
    if (given.isSound("input", "output")) {
      found(() -> checkOutput(models));
    }
    Dataset<Row> prompts =
        given.isSound("input")
            ? found(() -> InputReader.read(spark, settings.reading(), generation))
            : null;
    if (!given.hasProblems()) {
      // Else there may be a secret among them, where none belongs.
      System.out.println(settings.resolved());
    }
    if (prompts != null) {
      show(prompts, models, generation);
    }
    problems.forEach(problem -> System.err.println(problem.message()));
    return problems.isEmpty() ? 0 : problems.get(0).code().code();
  }

  /** Without rewards if those cannot be used. */
  private GenerationSettings generation() {
    GenerationSettings all = settings.generation();
    return given.isSound("reward.use", "rewards")
        ? all
        : all.withRewards(new RewardSpec(all.rewards().combination(), List.of()));
  }

  private Void checkOutput(Models models) throws Exception {
    JobSettings chosen = settings;
    Map<String, String> identity = Map.of();
    boolean identified = models != null && !given.hasProblems();
    if (identified) {
      identity =
          RunIdentity.of("generate", settings, Provenance.of(models.on(settings.generation())));
      chosen = RunFolder.choose(spark, "generate", settings, identity);
    }
    Locations.requireApart(spark, chosen.reading(), chosen.output());
    if (identified) {
      Run.check(
          spark,
          RunFolder.request(
              spark,
              "generate",
              "decode",
              chosen,
              options,
              identity,
              GenerateJob.described(models)));
    }
    return null;
  }

  private void show(Dataset<Row> prompts, Models models, GenerationSettings generation)
      throws Exception {
    StructType schema =
        given.isSound("prompt", "output.prefix")
            ? found(() -> InputReader.usable(() -> Foresight.schema(prompts, generation)))
            : null;
    boolean hasPrompts = schema != null && models != null;
    if (schema != null) {
      System.out.println(schema.treeString());
    }
    if (hasPrompts) {
      Foresight.prompts(prompts.limit(SHOWN_PROMPTS), models.on(generation))
          .forEach(System.out::println);
    }
    Set<String> columns = new LinkedHashSet<>(Foresight.columns(generation).keySet());
    columns.retainAll(List.of(prompts.columns()));
    if (!given.isSound("prompt")) {
      generation.prompt().columns().forEach(columns::remove);
    }
    InputStatistics statistics =
        new InputStatistics(
            prompts,
            columns,
            hasPrompts
                ? new InputStatistics.Lengths(generation, models.target().contextLength())
                : null);
    String id = ColumnSettings.idColumn(generation.settings());
    Long rows = found(() -> statistics.measure(columns.contains(id) ? id : null));
    if (rows != null || statistics.areKnown()) {
      System.out.print(statistics.table());
    }
    if (rows != null && given.isSound("run.shard-rows")) {
      StringBuilder line = new StringBuilder();
      Summary.line(line, "shards", String.valueOf(Run.shards(spark, rows, settings.shardRows())));
      System.out.print(line);
    }
  }

  private void tell(Runnable check) throws Exception {
    found(Executors.callable(check));
  }

  /** What a step gives; null if it finds a problem, which is noted. */
  private <T> T found(Callable<T> step) throws Exception {
    try {
      return step.call();
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      Failure problem = Failure.of(e);
      if (problem.code() == ExitCode.INTERNAL) {
        throw e;
      }
      if (problems.stream().noneMatch(other -> other.message().equals(problem.message()))) {
        problems.add(problem);
      }
      return null;
    }
  }
}
