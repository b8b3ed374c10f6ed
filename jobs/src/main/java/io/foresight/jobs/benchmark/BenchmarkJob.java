package io.foresight.jobs.benchmark;

import io.foresight.decoding.Strategies;
import io.foresight.engine.EngineSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.output.FiguresFile;
import io.foresight.jobs.process.Models;
import io.foresight.jobs.process.Sessions;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.settings.SettingsOptions;
import io.foresight.jobs.settings.Variants;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.ModelException;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingsException;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.StoredModels;
import io.foresight.store.ModelStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Compares strategies, or settings of one, on the same rows: in one process, on one thread, in
 * turns of a few rows, so that a slow moment of the machine meets all of them.
 */
@Command(
    name = "benchmark",
    description = "Compares strategies on the same rows, interleaved: quality, cost and speed.",
    mixinStandardHelpOptions = true)
public final class BenchmarkJob implements Callable<Integer> {

  /** One row at a time, as latency is quoted, and what a task on the CPU does by default. */
  private static final List<Integer> BATCHES = List.of(1, 16);

  @Mixin private SettingsOptions options;

  @Option(
      names = "--rows",
      paramLabel = "N",
      description = "Takes the first N rows; all if not given.")
  private Integer rows;

  @Option(
      names = "--repeat-rows",
      paramLabel = "N",
      description =
          "Decodes N rows: those of the input, and again those under fresh ids until they are N.")
  private Integer repeatRows;

  @Option(
      names = "--batch",
      paramLabel = "N",
      split = ",",
      description = "Rows in flight; 1 and 16 if neither this nor decoding.batch is given.")
  private List<Integer> batches = List.of();

  @Option(
      names = "--strategies",
      paramLabel = "NAME",
      split = ",",
      description = "Strategies to compare; all if not given.")
  private List<String> strategies = Strategies.names();

  @Option(
      names = "--variants",
      paramLabel = "FILE",
      description =
          "HOCON file with a list \"variants\" of settings to compare instead of strategies, each"
              + " with a \"name\".")
  private Path variantsFile;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      split = ",",
      description = "fp32, bf16, int8: of both models; as the settings say if not given.")
  private List<String> precisions = List.of();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often all rows are decoded; 3 if not given.")
  private int rounds = 3;

  @Option(
      names = "--judge",
      paramLabel = "MODEL",
      description = "Model whose perplexity of the texts is given as well; the draft if not given.")
  private String judge;

  @Option(
      names = "--words",
      paramLabel = "FILE",
      description =
          "Text whose words are known, a word list or a corpus: gives the share of the outputs'"
              + " words that are not among them, nor asked for.")
  private Path wordsFile;

  @Option(
      names = "--spark",
      paramLabel = "NAME",
      description =
          "Compares this strategy's bare loop with Spark jobs of one and two task slots over the"
              + " same rows, at the last batch.")
  private String spark;

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the figures as JSON.")
  private Path json;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Writes what is printed, as Markdown.")
  private Path markdown;

  @Override
  public Integer call() throws IOException {
    checkOptions();
    Map<String, Map<String, Object>> named =
        variantsFile == null ? Variants.ofStrategies(strategies) : Variants.ofFile(variantsFile);
    JobSettings first = options.bind("benchmark", own(named.values().iterator().next()));
    Set<String> idle = new LinkedHashSet<>();
    List<Variant> variants = variants(named, first, idle);
    idle.forEach(System.err::println);
    // A wrong name is told before Spark starts.
    onSpark(variants);
    FiguresFile.check("--json", json);
    FiguresFile.check("--markdown", markdown);
    KnownWords known = wordsFile == null ? null : KnownWords.of(wordsFile);
    Report report;
    SparkSession session = Sessions.open("foresight benchmark");
    try (ModelStore store =
        new ModelStore(
            StoredModels.of(first.generation()), session.sparkContext().hadoopConfiguration())) {
      Benchmark benchmark;
      try (session) {
        List<Variant> here = onThisHost(store, variants);
        Path judging =
            judge == null ? Path.of(here.get(0).settings().draftModel()) : folder(store, judge);
        Checkpoint.inspect(judging);
        benchmark =
            new Benchmark(here, prompts(session, first), rounds, judging, known, onSpark(here));
      }
      report = benchmark.run();
    }
    System.out.print(report.markdown());
    FiguresFile.write(json, report.json());
    if (markdown != null) {
      Files.writeString(markdown, report.markdown());
    }
    return 0;
  }

  private void checkOptions() {
    List<String> problems = new ArrayList<>();
    requirePositive("--rows", rows, problems);
    requirePositive("--repeat-rows", repeatRows, problems);
    requirePositive("--rounds", rounds, problems);
    batches.forEach(batch -> requirePositive("--batch", batch, problems));
    if (wordsFile != null && !Files.isRegularFile(wordsFile)) {
      problems.add("--words %s: it must be a file that exists.".formatted(wordsFile));
    }
    List<String> known = Stream.of(Precision.values()).map(Setting::spelling).toList();
    for (String precision : precisions) {
      if (!known.contains(precision)) {
        problems.add(
            "--precision %s: it must be one of %s.".formatted(precision, String.join(", ", known)));
      }
    }
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }

  private static void requirePositive(String option, Integer value, List<String> problems) {
    if (value != null && value < 1) {
      problems.add("%s %d: it must be a whole number of at least 1.".formatted(option, value));
    }
  }

  /** What the options say of every variant, over a variant's own settings. */
  private Map<String, Object> own(Map<String, Object> variant) {
    Map<String, Object> own = new HashMap<>(variant);
    if (rows != null) {
      own.put("input.limit", rows);
    }
    return own;
  }

  /**
   * Each named variant at each batch and precision, batch by batch.
   *
   * @param idle gets what was set for a variant and changes nothing in it
   */
  private List<Variant> variants(
      Map<String, Map<String, Object>> named, JobSettings first, Set<String> idle) {
    List<Integer> all = batches;
    if (all.isEmpty()) {
      int set = first.generation().settings().get(EngineSettings.BATCH);
      all = set > 0 ? List.of(set) : BATCHES;
    }
    List<Variant> variants = new ArrayList<>();
    for (int batch : new LinkedHashSet<>(all)) {
      named.forEach(
          (name, settings) -> {
            Map<String, Object> bound = own(settings);
            bound.put("decoding.batch", batch);
            if (precisions.isEmpty()) {
              variants.add(variant(name, bound, idle));
            }
            for (String precision : new LinkedHashSet<>(precisions)) {
              bound.put("models.target-precision", precision);
              bound.put("models.draft-precision", precision);
              variants.add(variant(name, bound, idle));
            }
          });
    }
    return variants;
  }

  private Variant variant(String name, Map<String, Object> own, Set<String> idle) {
    JobSettings bound = options.bind("benchmark", own);
    bound.idle().forEach(line -> idle.add("In variant %s, %s".formatted(name, line)));
    return new Variant(name, bound.generation());
  }

  private Variant onSpark(List<Variant> variants) {
    if (spark == null) {
      return null;
    }
    int batch = variants.get(variants.size() - 1).settings().settings().get(EngineSettings.BATCH);
    return variants.stream()
        .filter(
            variant ->
                variant.name().equals(spark)
                    && variant.settings().settings().get(EngineSettings.BATCH) == batch)
        .findFirst()
        .orElseThrow(
            () ->
                new SettingsException(
                    List.of(
                        "--spark %s: it must be one of %s."
                            .formatted(
                                spark,
                                String.join(
                                    ", ",
                                    variants.stream().map(Variant::name).distinct().toList())))));
  }

  /**
   * The variants with their models' folders on this host. All models are checked, the draft also
   * where no variant has one: forward costs are of both.
   */
  private static List<Variant> onThisHost(ModelStore store, List<Variant> variants) {
    List<Variant> here = new ArrayList<>();
    for (Variant variant : variants) {
      GenerationSettings given = variant.settings();
      GenerationSettings local = given.withModels(model -> folder(store, model).toString());
      Models.check(store, given);
      Checkpoint.inspect(Path.of(local.draftModel()));
      here.add(new Variant(variant.name(), local));
    }
    return here;
  }

  private static Path folder(ModelStore store, String location) {
    if (location.startsWith(ModelStore.SHIPPED)) {
      throw new ModelException(
          "Cannot compare with model %s: what Spark ships ends with its session, before the comparison. Give a folder or a URI."
              .formatted(location));
    }
    return store.folder(location);
  }

  private PromptCycle prompts(SparkSession session, JobSettings settings) {
    String id = ColumnSettings.idColumn(settings.generation().settings());
    Dataset<Row> input = InputReader.read(session, settings.reading(), settings.generation());
    InputReader.countWithUniqueIds(input, id);
    PromptCycle prompts = PromptCycle.of(input, id, repeatRows);
    if (prompts.prompts().isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot compare on input %s: it has no rows. Give another --input."
              .formatted(settings.input()));
    }
    return prompts;
  }
}
