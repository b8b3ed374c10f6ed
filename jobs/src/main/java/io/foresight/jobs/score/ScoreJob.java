package io.foresight.jobs.score;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.output.FiguresFile;
import io.foresight.jobs.output.OutputOptions;
import io.foresight.jobs.output.RewardFigures;
import io.foresight.jobs.output.RowsJob;
import io.foresight.jobs.output.Summary;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.process.Models;
import io.foresight.jobs.process.Sessions;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.settings.SettingsOptions;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import io.foresight.spark.Provenance;
import io.foresight.spark.StoredModels;
import io.foresight.store.ModelStore;
import java.util.ArrayList;
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

/** Scores texts that exist already, by the rewards that {@code generate} follows. */
@Command(
    name = "score",
    description = "Scores texts of any origin by a configuration's rewards; decodes nothing.",
    mixinStandardHelpOptions = true)
public final class ScoreJob implements Callable<Integer> {

  private static final ObjectMapper JSON = new ObjectMapper();

  @Mixin private SettingsOptions options;

  @Option(
      names = "--text",
      required = true,
      paramLabel = "COLUMN",
      description = "The column of the texts.")
  private String text;

  @Mixin private OutputOptions outputOptions;

  @Override
  public Integer call() throws Exception {
    JobSettings bound = options.bind("score", outputOptions.settings());
    FiguresFile.check("--summary", outputOptions.summaryFile());
    GenerationSettings generation = bound.generation();
    ScoringSettings scoring =
        new ScoringSettings(generation.settings(), text, generation.rewards());
    try (SparkSession spark = Sessions.open("foresight score");
        ModelStore store =
            new ModelStore(StoredModels.of(scoring), spark.sparkContext().hadoopConfiguration());
        Progress progress = Progress.listen(spark.sparkContext())) {
      Map<String, String> folders = Models.ofRewards(store, scoring.rewards());
      Map<String, String> content =
          Provenance.of(scoring.rewards().withModels(model -> folders.getOrDefault(model, model)));
      content.put("text", text);
      Scoring work = new Scoring(spark, progress, scoring, content);
      return new RowsJob(spark, progress, outputOptions, work).run(bound);
    }
  }

  /** The job's own part of a run. */
  public record Scoring(
      SparkSession spark, Progress progress, ScoringSettings scoring, Map<String, String> content)
      implements RowsJob.Kind {

    @Override
    public String name() {
      return "score";
    }

    @Override
    public String verb() {
      return "score";
    }

    @Override
    public String writer(JobSettings settings) {
      return content.get("text");
    }

    @Override
    public String text(JobSettings settings) {
      return content.get("text");
    }

    @Override
    public ObjectNode described() {
      return JSON.createObjectNode().put("text", content.get("text"));
    }

    @Override
    public Foresight.Work of(JobSettings settings) {
      String id = ColumnSettings.idColumn(settings.generation().settings());
      Dataset<Row> texts = InputReader.readTexts(spark, settings.reading(), scoring, id);
      return Foresight.scoring(texts, scoring, progress);
    }

    @Override
    public List<Column> columns() {
      List<Column> columns = new ArrayList<>(RewardFigures.columns(scoring.rewards()));
      columns.add(count(lit(1)).as("rows"));
      columns.add(count(col("error")).as("error"));
      return columns;
    }

    @Override
    public ObjectNode figures(Row row, double seconds) {
      ObjectNode figures = JSON.createObjectNode();
      figures.put("rows", row.<Long>getAs("rows")).put("error", row.<Long>getAs("error"));
      figures.setAll(RewardFigures.of(row, scoring.rewards()));
      return figures;
    }

    @Override
    public String table(ObjectNode figures) {
      String counts =
          "%d: %d error%s"
              .formatted(
                  figures.get("rows").asLong(),
                  figures.get("error").asLong(),
                  RewardFigures.notJudged(figures));
      StringBuilder table = new StringBuilder();
      Summary.line(table, "rows", counts);
      return table.append(RewardFigures.table(figures)).toString();
    }

    @Override
    public int verdict(
        JobSettings settings, ObjectNode figures, Supplier<String> error, boolean written) {
      long rows = figures.get("rows").asLong();
      if (rows > 0 && figures.get("error").asLong() == rows) {
        System.err.println("Cannot score any row: %s".formatted(error.get()));
        return ExitCode.ALL_ROWS_FAILED.code();
      }
      return 0;
    }
  }
}
