package io.foresight.jobs;

import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.input.Locations;
import io.foresight.spark.Foresight;
import io.foresight.spark.GenerationSettings;
import io.foresight.spark.ModelStore;
import io.foresight.spark.Provenance;
import io.foresight.spark.run.Run;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
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
  private final JobSettings settings;
  private final OutputOptions options;
  private final List<Failure> problems = new ArrayList<>();

  DryRun(SparkSession spark, ModelStore store, JobSettings settings, OutputOptions options) {
    this.spark = spark;
    this.store = store;
    this.settings = settings;
    this.options = options;
  }

  /** Prints what it finds; the exit code is that of the first problem. */
  @Override
  public Integer call() throws Exception {
    GenerationSettings generation = settings.generation();
    Models models = found(() -> Models.check(store, generation));
    found(() -> checkOutput(models));
    Dataset<Row> prompts =
        found(() -> InputReader.read(spark, settings.reading(), settings.generation()));
    System.out.println(settings.resolved());
    if (prompts != null) {
      show(prompts, models);
    }
    problems.forEach(problem -> System.err.println(problem.message()));
    return problems.isEmpty() ? 0 : problems.get(0).code().code();
  }

  private Void checkOutput(Models models) throws Exception {
    JobSettings chosen = settings;
    Map<String, String> identity = Map.of();
    if (models != null) {
      identity =
          RunIdentity.of("generate", settings, Provenance.of(models.on(settings.generation())));
      chosen = RunFolder.choose(spark, "generate", settings, identity);
    }
    Locations.requireApart(spark, chosen.reading(), chosen.output());
    if (models != null) {
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

  private void show(Dataset<Row> prompts, Models models) throws Exception {
    GenerationSettings generation = settings.generation();
    StructType schema =
        found(() -> InputReader.usable(() -> Foresight.schema(prompts, generation)));
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
    InputStatistics statistics =
        new InputStatistics(
            prompts,
            columns,
            hasPrompts
                ? new InputStatistics.Lengths(generation, models.target().contextLength())
                : null);
    String id = generation.idColumn();
    if (found(() -> statistics.measure(columns.contains(id) ? id : null)) != null
        || statistics.areKnown()) {
      System.out.print(statistics.table());
    }
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
