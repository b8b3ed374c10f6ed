package io.foresight.jobs.curate;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.jobs.curate.card.CardData;
import io.foresight.jobs.curate.card.CardData.SourceFigures;
import io.foresight.jobs.curate.card.CardData.StepFigures;
import io.foresight.jobs.curate.card.Counting;
import io.foresight.jobs.curate.card.Histograms;
import io.foresight.jobs.curate.card.HtmlCard;
import io.foresight.jobs.curate.card.MarkdownCard;
import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.jobs.curate.settings.Form;
import io.foresight.jobs.curate.source.GeneratedRows;
import io.foresight.jobs.curate.source.Source;
import io.foresight.jobs.curate.source.Sources;
import io.foresight.jobs.curate.step.Columns;
import io.foresight.jobs.curate.step.ExactDuplicates;
import io.foresight.jobs.curate.step.Export;
import io.foresight.jobs.curate.step.Filter;
import io.foresight.jobs.curate.step.NearDuplicates;
import io.foresight.jobs.curate.step.Pairs;
import io.foresight.jobs.curate.step.Ranking;
import io.foresight.jobs.curate.step.References;
import io.foresight.jobs.curate.step.Selection;
import io.foresight.jobs.curate.step.Split;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.output.Summary;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.settings.Catalog;
import io.foresight.settings.Secrets;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.run.StagedRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The steps from generated rows to a data set, one after the other, and what is told of each.
 *
 * @param given the settings with where they were given
 * @param runs the inputs as they were given
 * @param output folder that is written to
 */
record Curation(
    SparkSession spark,
    SettingsReader given,
    JobSettings bound,
    Sources sources,
    List<String> runs,
    String output) {

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private static final long ROWS_PER_FILE = 200_000;

  /** From so many bytes of input on, queries are worth being compiled. */
  private static final long LARGE = 1 << 20;

  private static final int PARTITIONS_PER_SLOT = 4;

  /** What the steps leave for one another is computed by Spark anew where it is asked for. */
  private record Step(String name, String does, UnaryOperator<Dataset<Row>> decide) {}

  private Settings settings() {
    return given.settings();
  }

  /** What {@code run.json} is to hold. */
  ObjectNode described() throws IOException {
    ObjectNode described = JSON.createObjectNode();
    described.set("version", JSON.valueToTree(Version.read()));
    described.set("settings", JSON.readTree(bound.resolved()));
    return described;
  }

  /** Makes what is not there. */
  void make(StagedRun run) throws IOException {
    configure();
    Dataset<Row> read = run.stage("00-read", this::read);
    Ranking.requireUnique(read);
    Dataset<Row> all = run.stage("01-ranked", () -> Ranking.of(read));
    requireRewards(all);
    List<StepFigures> figures = new ArrayList<>();
    List<Dataset<Row>> dropped = new ArrayList<>();
    Dataset<Row> rows = all;
    List<Step> steps = steps(run);
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      Dataset<Row> before = rows;
      Dataset<Row> decided =
          run.stage("%02d-%s".formatted(i + 2, step.name()), () -> step.decide().apply(before));
      StepFigures counted = Counting.step(step.name(), step.does(), decided);
      figures.add(counted);
      if (counted.kept() == 0) {
        throw nothingLeft(figures);
      }
      dropped.add(
          decided.where(col(Columns.REASON).isNotNull()).withColumn("step", lit(step.name())));
      rows = Columns.survivors(decided);
    }
    Dataset<Row> kept = rows;
    Dataset<Row> split =
        Columns.survivors(
            run.stage("90-split", () -> Split.of(kept, settings(), run.scratch("split"))));
    Dataset<Row> export = run.stage("91-export", () -> Export.of(split, settings()));
    run.build();
    Map<String, Double> sides = CurationSettings.splits(settings());
    Map<String, Long> written = new TreeMap<>();
    export
        .groupBy(Export.SIDE)
        .agg(count(lit(1)))
        .collectAsList()
        .forEach(row -> written.put(row.getString(0), row.getLong(1)));
    for (String side : sides.keySet()) {
      write(
          run, side, export.where(col(Export.SIDE).equalTo(side)), written.getOrDefault(side, 0L));
    }
    writeDropped(run, dropped, figures);
    CardData card =
        new CardData(
            Setting.spelling(settings().get(CurationSettings.FORM)),
            Setting.spelling(bound.outputFormat()),
            Version.read(),
            sourceFigures(all),
            sources.mixed(),
            sources.notes(),
            shown(),
            all.count(),
            figures,
            Counting.splits(split, written, sides.keySet()),
            Histograms.of(all, split));
    run.write("card.md", MarkdownCard.of(card));
    run.write("card.html", HtmlCard.of(card));
    ObjectNode json = JSON.valueToTree(card);
    run.write("curation.json", json.toPrettyString() + "\n");
    run.finish(json);
  }

  /** Spark's settings, as far as its user has given no others. */
  private void configure() {
    if (System.getProperty("spark.sql.shuffle.partitions") == null) {
      spark
          .conf()
          .set(
              "spark.sql.shuffle.partitions",
              String.valueOf(PARTITIONS_PER_SLOT * spark.sparkContext().defaultParallelism()));
    }
    if (sources.files(spark, List.of()).bytes() > LARGE
        && System.getProperty("spark.sql.codegen.wholeStage") == null) {
      spark.conf().set("spark.sql.codegen.wholeStage", "true");
      spark.conf().set("spark.sql.codegen.factoryMode", "FALLBACK");
    }
  }

  private Dataset<Row> read() {
    Dataset<Row> all = null;
    for (int i = 0; i < sources.all().size(); i++) {
      Dataset<Row> rows =
          GeneratedRows.read(
              spark,
              sources.all().get(i),
              i,
              settings().get(CurationSettings.COLUMNS),
              settings().get(CurationSettings.STRATIFY));
      all = all == null ? rows : all.unionByName(rows);
    }
    return all;
  }

  private void requireRewards(Dataset<Row> rows) {
    Row counts = rows.agg(count(lit(1)), count(col(Columns.REWARD))).head();
    if (counts.getLong(0) == 0) {
      throw InputProblem.told(
          "Cannot curate %s: no row is there. Give runs that have some."
              .formatted(String.join(", ", runs)));
    }
    if (CurationSettings.needsRewards(settings()) && counts.getLong(1) == 0) {
      throw InputProblem.told(
          "Cannot choose by reward: no row of %s has one. Score them first (./submit.sh score), or set curate.select.by = all or diverse."
              .formatted(String.join(", ", runs)));
    }
  }

  private List<Step> steps(StagedRun run) {
    Settings settings = settings();
    List<Step> steps = new ArrayList<>();
    steps.add(
        new Step(
            "filter",
            "drops texts by status, reward, length, perplexity and language",
            rows -> Filter.of(rows, settings)));
    steps.add(
        new Step(
            "exact",
            "keeps the best of texts with the same words",
            rows -> ExactDuplicates.of(rows, settings.get(CurationSettings.EXACT))));
    steps.add(
        new Step(
            "near",
            "keeps the best of near-duplicates: up to %d words changed in texts of up to 16, or a Jaccard similarity of %s"
                .formatted(
                    settings.get(CurationSettings.CHANGED_WORDS),
                    settings.get(CurationSettings.JACCARD)),
            rows -> NearDuplicates.of(rows, settings, run.scratch("near"))));
    steps.add(
        new Step(
            "references",
            "drops texts that share %d words in a row with test data"
                .formatted(settings.get(CurationSettings.NGRAM)),
            rows -> References.of(rows, settings)));
    steps.add(
        new Step(
            "select",
            "keeps of each prompt: " + Setting.spelling(CurationSettings.select(settings)),
            rows -> Selection.of(rows, settings)));
    if (settings.get(CurationSettings.FORM) == Form.PREFERENCE) {
      steps.add(
          new Step(
              "pairs",
              "pairs the best of each prompt with worse ones",
              rows -> Pairs.of(rows, settings)));
    }
    return steps;
  }

  private static RuntimeException nothingLeft(List<StepFigures> figures) {
    StepFigures last = figures.get(figures.size() - 1);
    String before =
        figures.stream()
            .limit(figures.size() - 1)
            .filter(step -> step.dropped() > 0)
            .map(step -> "%s dropped %d".formatted(step.name(), step.dropped()))
            .collect(Collectors.joining(", "));
    return InputProblem.told(
        "Cannot curate: step %s dropped all %d texts that came to it (%s)%s. Change its settings."
            .formatted(
                last.name(),
                last.rows(),
                last.reasons().entrySet().stream()
                    .map(reason -> reason.getKey() + ": " + reason.getValue())
                    .collect(Collectors.joining(", ")),
                before.isEmpty()
                    ? ""
                    : ", of " + figures.get(0).rows() + "; before it, " + before));
  }

  private void writeDropped(StagedRun run, List<Dataset<Row>> dropped, List<StepFigures> figures) {
    Dataset<Row> all = null;
    for (Dataset<Row> some : dropped) {
      Dataset<Row> columns =
          some.select(
              col(Columns.UID),
              col("id"),
              col("source"),
              col("sample"),
              Counting.prompt().as("prompt"),
              col(Columns.TEXT),
              col(Columns.REWARD),
              col("status"),
              col("step"),
              col(Columns.REASON),
              col(Columns.DETAIL),
              col(Columns.SIMILAR),
              col(Columns.JACCARD),
              col(Columns.UID).as(Export.NAME),
              lit("").as(Export.SIDE));
      all = all == null ? columns : all.union(columns);
    }
    write(run, "dropped", all, figures.stream().mapToLong(StepFigures::dropped).sum());
  }

  private void write(StagedRun run, String name, Dataset<Row> rows, long count) {
    Path folder = new Path(run.scratch("write-" + name), "files");
    int files = (int) Math.max(1, (count + ROWS_PER_FILE - 1) / ROWS_PER_FILE);
    rows.repartition(files, col(Export.NAME))
        .sortWithinPartitions(Export.NAME)
        .drop(Export.NAME, Export.SIDE)
        .write()
        .format(bound.outputFormat().sparkName())
        .options(bound.outputFormat().options())
        .save(folder.toString());
    run.take(folder, name);
  }

  private List<SourceFigures> sourceFigures(Dataset<Row> rows) {
    Map<String, Long> texts =
        rows.groupBy("source").agg(count(lit(1))).collectAsList().stream()
            .collect(Collectors.toMap(row -> row.getString(0), row -> row.getLong(1)));
    List<SourceFigures> figures = new ArrayList<>();
    for (Source source : sources.all()) {
      Map<String, String> models = new TreeMap<>();
      source.identity().entrySet().stream()
          .filter(e -> e.getKey().startsWith("models.") || e.getKey().startsWith("decoding.strat"))
          .forEach(e -> models.put(e.getKey(), e.getValue()));
      figures.add(
          new SourceFigures(
              source.label(), source.job(), texts.getOrDefault(source.label(), 0L), models));
    }
    return figures;
  }

  /** The settings that curate reads. */
  private Map<String, String> shown() {
    Map<String, String> shown = new LinkedHashMap<>();
    for (Setting<?> setting : Catalog.load().settings()) {
      if (setting.effect() == Setting.Effect.CURATION) {
        shown.put(setting.key(), Secrets.hidden(given.shown(setting)));
      }
    }
    return shown;
  }

  /** The figures for people. */
  static String table(JsonNode card) {
    StringBuilder table = new StringBuilder();
    Summary.line(table, "texts", card.path("read").asText());
    for (JsonNode step : card.path("steps")) {
      List<String> reasons = new ArrayList<>();
      step.path("reasons")
          .fields()
          .forEachRemaining(e -> reasons.add(e.getKey() + " " + e.getValue().asText()));
      Summary.line(
          table,
          step.path("name").asText(),
          "%d kept, %d dropped%s"
              .formatted(
                  step.path("kept").asLong(),
                  step.path("dropped").asLong(),
                  reasons.isEmpty() ? "" : ": " + String.join(", ", reasons)));
    }
    card.path("splits")
        .fields()
        .forEachRemaining(
            split ->
                Summary.line(
                    table,
                    split.getKey(),
                    "%d rows of %d prompts"
                        .formatted(
                            split.getValue().path("rows").asLong(),
                            split.getValue().path("prompts").asLong())));
    return table.toString();
  }
}
