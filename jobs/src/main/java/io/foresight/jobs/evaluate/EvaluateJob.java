package io.foresight.jobs.evaluate;

import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.generate.GenerateJob;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.measure.TextSource;
import io.foresight.jobs.process.Models;
import io.foresight.jobs.process.Sessions;
import io.foresight.jobs.process.TypedCommand;
import io.foresight.jobs.score.ScoreJob;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.settings.SettingsOptions;
import io.foresight.jobs.settings.Variants;
import io.foresight.settings.SettingsException;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import io.foresight.spark.Provenance;
import io.foresight.spark.run.RunException;
import io.foresight.store.ModelStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Compares variants on data sets by the texts that they write: a run per variant and data set,
 * figures with intervals, tests, and a report. Runs that are whole are not done again.
 */
@Command(
    name = "evaluate",
    description =
        "Compares variants on data sets: a run of each, metrics with intervals, paired tests, a report.",
    mixinStandardHelpOptions = true)
public final class EvaluateJob implements Callable<Integer> {

  /** What is compared if nobody says: the first is what the others are held against. */
  private static final List<String> STRATEGIES =
      List.of("greedy", "cdlh-appx", "cdsl", "cdlh", "cdlh-speculative", "cdsl-tree");

  private static final String OUTPUT = "output/evaluate";
  private static final String REFERENCES = "references";

  @Spec private CommandSpec spec;

  @Mixin private SettingsOptions options;

  @Option(
      names = "--variants",
      paramLabel = "FILE",
      description =
          "HOCON file with a list \"variants\" of settings to compare, each with a \"name\".")
  private Path variantsFile;

  @Option(
      names = "--strategies",
      paramLabel = "NAME",
      split = ",",
      description =
          "Strategies to compare instead; greedy, cdlh-appx, cdsl, cdlh, cdlh-speculative and"
              + " cdsl-tree if neither these nor --outputs are given.")
  private List<String> strategies = List.of();

  @Option(
      names = "--sweep",
      paramLabel = "key=a,b",
      description = "Each variant with each of these values of a setting; may be repeated.")
  private List<String> sweeps = List.of();

  @Option(
      names = "--outputs",
      paramLabel = "[NAME=]FILE",
      description =
          "Texts that another system wrote, with the ids of the data sets' rows; may be repeated.")
  private List<String> outputs = List.of();

  @Option(
      names = "--text",
      paramLabel = "COLUMN",
      description = "The column of the texts of --outputs; text if not given.")
  private String text = "text";

  @Option(
      names = "--references",
      paramLabel = "COLUMN",
      description =
          "The data sets' column of texts, or of lists of texts, to hold outputs against;"
              + " references if they have one.")
  private String references;

  @Option(
      names = "--judge",
      paramLabel = "MODEL",
      description =
          "Model that judges all texts: of a language model their perplexity is given, of a"
              + " classifier how many have a class.")
  private String judge;

  @Option(
      names = "--judge-label",
      paramLabel = "LABEL",
      description = "The class that texts should have by the classifier of --judge.")
  private String judgeLabel;

  @Option(
      names = "--output",
      paramLabel = "P",
      description = "Folder of the runs and the report; output/evaluate if not given.")
  private String output = OUTPUT;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Takes the first N rows of each data set.")
  private Integer limit;

  @Option(
      names = "--overwrite",
      description =
          "Replaces runs of other settings or input by the same name, once they are whole.")
  private boolean overwrite;

  @Override
  public Integer call() throws Exception {
    if (judgeLabel != null && judge == null) {
      throw new SettingsException(
          List.of("--judge-label %s: it needs a classifier. Give --judge.".formatted(judgeLabel)));
    }
    Map<String, Map<String, Object>> variants = variants();
    Map<String, String> others = others();
    List<String> names = new ArrayList<>(variants.keySet());
    names.addAll(others.keySet());
    DataSets.requireApart(names);
    Map<String, String> datasets = datasets();
    Set<String> idle = new LinkedHashSet<>();
    Map<String, Map<String, JobSettings>> bound = new LinkedHashMap<>();
    for (Map.Entry<String, String> dataset : datasets.entrySet()) {
      Map<String, JobSettings> there = new LinkedHashMap<>();
      variants.forEach((name, own) -> there.put(name, bind(dataset, name, own, idle)));
      bound.put(dataset.getKey(), there);
    }
    idle.forEach(System.err::println);
    JobSettings any =
        bind(datasets.entrySet().iterator().next(), "", Map.of(), new LinkedHashSet<>());
    try (SparkSession spark = Sessions.open("foresight evaluate");
        ModelStore store = new ModelStore(any.store(), spark.sparkContext().hadoopConfiguration());
        Progress progress = Progress.listen(spark.sparkContext())) {
      JudgeOption judging = judge == null ? null : JudgeOption.of(store, judge, judgeLabel);
      List<PlannedRun> planned = new ArrayList<>();
      for (Map.Entry<String, Map<String, JobSettings>> dataset : bound.entrySet()) {
        planned.addAll(generated(spark, progress, store, dataset.getKey(), dataset.getValue()));
      }
      planned.addAll(scored(spark, progress, store, datasets, others));
      List<PlannedRun> ordered = inOrder(planned, names);
      return new Evaluation(
              List.copyOf(datasets.keySet()),
              ordered,
              judging,
              this::judgeSettings,
              references == null ? REFERENCES : references,
              overwrite)
          .run(spark, progress, output, TypedCommand.of(spec));
    }
  }

  private Map<String, Map<String, Object>> variants() {
    Map<String, Map<String, Object>> named;
    if (variantsFile != null) {
      if (!strategies.isEmpty()) {
        throw new SettingsException(
            List.of("--variants and --strategies say the same in two ways. Give one of them."));
      }
      named = Variants.ofFile(variantsFile);
    } else {
      List<String> compared = strategies;
      if (strategies.isEmpty() && outputs.isEmpty()) {
        compared = STRATEGIES;
      }
      DataSets.requireApart(compared);
      named = Variants.ofStrategies(compared);
    }
    for (String sweep : sweeps) {
      named = Variants.swept(named, sweep);
    }
    return named;
  }

  /** Files of other systems' outputs by name. */
  private Map<String, String> others() {
    Map<String, String> others = new LinkedHashMap<>();
    for (String given : outputs) {
      int equals = given.indexOf('=');
      String file = given.substring(equals + 1);
      String name = equals < 0 ? DataSets.name(file) : given.substring(0, equals);
      if (others.put(name, file) != null) {
        throw new SettingsException(
            List.of(
                "--outputs %s: others are named %s too. Give names, as in --outputs NAME=FILE."
                    .formatted(given, name)));
      }
    }
    return others;
  }

  private Map<String, String> datasets() {
    if (!options.inputs().isEmpty()) {
      return DataSets.named(options.inputs());
    }
    JobSettings settings = options.bind("evaluate", Map.of());
    List<String> paths = settings.reading().paths();
    return paths.size() == 1
        ? DataSets.named(paths)
        // Several paths of one setting are one input.
        : Map.of(DataSets.name(paths.get(0)), "");
  }

  private JobSettings bind(
      Map.Entry<String, String> dataset,
      String variant,
      Map<String, Object> own,
      Set<String> idle) {
    Map<String, Object> settings = new HashMap<>(own);
    if (!dataset.getValue().isEmpty()) {
      settings.put("input.path", dataset.getValue());
    }
    if (limit != null) {
      settings.put("input.limit", limit);
    }
    settings.put("output.overwrite", false);
    settings.put(
        "output.path", "%s/%s/%s".formatted(output, dataset.getKey(), DataSets.folder(variant)));
    JobSettings bound = options.bind("generate", settings);
    bound.idle().forEach(line -> idle.add("In variant %s, %s".formatted(variant, line)));
    return bound;
  }

  private List<PlannedRun> generated(
      SparkSession spark,
      Progress progress,
      ModelStore store,
      String dataset,
      Map<String, JobSettings> variants)
      throws Exception {
    List<PlannedRun> planned = new ArrayList<>();
    for (Map.Entry<String, JobSettings> variant : variants.entrySet()) {
      JobSettings settings = variant.getValue();
      Models models = Models.check(store, settings.generation());
      PartOfEvaluation kind =
          PartOfEvaluation.of(new GenerateJob.Decoding(spark, progress, settings, models));
      if (planned.isEmpty()) {
        // What is wrong with a data set is told before another one is decoded.
        Dataset<Row> rows = InputReader.usable(() -> kind.of(settings)).rows();
        requireReferences(rows, dataset);
      }
      planned.add(
          new PlannedRun(
                  variant.getKey(),
                  dataset,
                  settings,
                  kind,
                  settings.generation().settings().get(ColumnSettings.PREFIX) + "output",
                  settings.output())
              .checked(spark, progress, overwrite));
    }
    return planned;
  }

  private void requireReferences(Dataset<Row> rows, String dataset) {
    if (references != null && !List.of(rows.columns()).contains(references)) {
      throw new RunException(
          RunException.Kind.INPUT,
          "Cannot hold outputs against column %s: data set %s has no such column. Correct --references, or leave it out."
              .formatted(references, dataset));
    }
  }

  private List<PlannedRun> scored(
      SparkSession spark,
      Progress progress,
      ModelStore store,
      Map<String, String> datasets,
      Map<String, String> others)
      throws Exception {
    List<PlannedRun> planned = new ArrayList<>();
    for (Map.Entry<String, String> other : others.entrySet()) {
      JobSettings reading =
          options.bind("evaluate", Map.of("input.path", other.getValue(), "input.limit", 0));
      String id = ColumnSettings.idColumn(reading.generation().settings());
      if (id == null) {
        throw new SettingsException(
            List.of(
                "--outputs %s: its texts are found by ids, and input.columns.id is empty. Name the column of ids."
                    .formatted(other.getValue())));
      }
      OthersOutputs texts = OthersOutputs.read(spark, reading, text);
      boolean matched = false;
      for (Map.Entry<String, String> dataset : datasets.entrySet()) {
        JobSettings settings = bind(dataset, other.getKey(), Map.of(), new LinkedHashSet<>());
        Dataset<Row> rows = InputReader.read(spark, settings.reading(), settings.generation());
        long matching = texts.matching(rows, id);
        if (matching > 0) {
          matched = true;
          requireReferences(rows, dataset.getKey());
          if (matching < texts.rows()) {
            System.err.printf(
                "Note: of the %d rows of --outputs %s, %d are of data set %s.%n",
                texts.rows(), other.getValue(), matching, dataset.getKey());
          }
          planned.add(
              scored(
                      spark,
                      progress,
                      store,
                      texts,
                      rows,
                      other.getKey(),
                      dataset.getKey(),
                      settings)
                  .checked(spark, progress, overwrite));
        }
      }
      if (!matched) {
        throw texts.matchesNothing(List.copyOf(datasets.keySet()));
      }
    }
    return planned;
  }

  private static PlannedRun scored(
      SparkSession spark,
      Progress progress,
      ModelStore store,
      OthersOutputs texts,
      Dataset<Row> rows,
      String variant,
      String dataset,
      JobSettings settings) {
    GenerationSettings generation = settings.generation();
    String column = OthersOutputs.column(rows);
    ScoringSettings scoring =
        new ScoringSettings(generation.settings(), column, generation.rewards());
    Map<String, String> folders = Models.ofRewards(store, scoring.rewards());
    Map<String, String> content =
        Provenance.of(scoring.rewards().withModels(model -> folders.getOrDefault(model, model)));
    content.put("text", column);
    String id = ColumnSettings.idColumn(generation.settings());
    PartOfEvaluation kind =
        new PartOfEvaluation(
            new ScoreJob.Scoring(spark, progress, scoring, content),
            Map.of("outputs.checksum", texts.checksum()),
            of -> Foresight.scoring(texts.beside(rows, id), scoring, progress));
    return new PlannedRun(variant, dataset, settings, kind, column, texts.location());
  }

  /** By data set, and there in the order in which variants were asked for. */
  private static List<PlannedRun> inOrder(List<PlannedRun> planned, List<String> names) {
    List<PlannedRun> ordered = new ArrayList<>();
    for (String dataset : planned.stream().map(PlannedRun::dataset).distinct().toList()) {
      for (String name : names) {
        planned.stream()
            .filter(run -> run.dataset().equals(dataset) && run.variant().equals(name))
            .forEach(ordered::add);
      }
    }
    return ordered;
  }

  private JobSettings judgeSettings(PlannedRun run, String to) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("input.path", run.settings().output());
    settings.put("input.limit", 0);
    settings.put("output.overwrite", false);
    settings.put("output.prefix", TextSource.JUDGE);
    settings.put("output.path", to);
    return options.bind("judge", settings);
  }
}
