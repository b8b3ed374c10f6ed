package io.foresight.jobs.score;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.input.files.Locations;
import io.foresight.jobs.output.FiguresFile;
import io.foresight.jobs.output.OutputOptions;
import io.foresight.jobs.output.RewardFigures;
import io.foresight.jobs.output.RunFolder;
import io.foresight.jobs.output.RunIdentity;
import io.foresight.jobs.output.Summary;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.process.Interruption;
import io.foresight.jobs.process.Models;
import io.foresight.jobs.process.Sessions;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.settings.SettingsOptions;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import io.foresight.spark.Provenance;
import io.foresight.spark.StoredModels;
import io.foresight.spark.run.Run;
import io.foresight.spark.run.RunRequest;
import io.foresight.store.ModelStore;
import java.io.IOException;
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
      Map<String, String> identity = RunIdentity.of("score", bound, content);
      JobSettings settings = RunFolder.choose(spark, "score", bound, identity);
      Locations.requireApart(spark, settings.reading(), settings.output());
      RunRequest request =
          RunFolder.request(
              spark,
              "score",
              "score",
              settings,
              outputOptions,
              identity,
              JSON.createObjectNode().put("text", text));
      try (Run run = Run.open(spark, request)) {
        return Interruption.during(
            run::howToGoOn, () -> write(spark, run, settings, scoring, progress));
      }
    }
  }

  private int write(
      SparkSession spark, Run run, JobSettings settings, ScoringSettings scoring, Progress progress)
      throws IOException {
    RunFolder.tellResumed(run, settings);
    ObjectNode figures = null;
    Supplier<String> error = () -> "see its error rows";
    if (!run.isWhole()) {
      Dataset<Row> texts =
          InputReader.readTexts(
              spark,
              settings.reading(),
              scoring,
              ColumnSettings.idColumn(settings.generation().settings()));
      Foresight.Work work = InputReader.usable(() -> Foresight.scoring(texts, scoring, progress));
      RunFolder.plan(run, work, scoring.settings().get(ColumnSettings.PREFIX));
      if (!run.isWhole()) {
        RunFolder.decode(run, work, progress);
        figures = figures(run, scoring);
        run.finish(figures);
        error = run::exampleError;
      }
    }
    if (figures == null) {
      figures = (ObjectNode) run.described("summary");
    }
    FiguresFile.write(outputOptions.summaryFile(), figures);
    long rows = figures.get("rows").asLong();
    long errors = figures.get("error").asLong();
    if (rows > 0 && errors == rows) {
      System.err.println("Cannot score any row: %s".formatted(error.get()));
      return ExitCode.ALL_ROWS_FAILED.code();
    }
    StringBuilder table = new StringBuilder();
    Summary.line(
        table, "rows", "%d: %d error%s".formatted(rows, errors, RewardFigures.notJudged(figures)));
    System.out.print(table.append(RewardFigures.table(figures)));
    System.out.println("Written to " + settings.output());
    return 0;
  }

  private static ObjectNode figures(Run run, ScoringSettings scoring) {
    List<Column> columns = new ArrayList<>(RewardFigures.columns(scoring.rewards()));
    columns.add(count(lit(1)).as("rows"));
    columns.add(count(col("error")).as("error"));
    Row row = RunFolder.figures(run, columns, scoring.settings().get(ColumnSettings.PREFIX));
    ObjectNode figures = JSON.createObjectNode();
    figures.put("rows", row.<Long>getAs("rows")).put("error", row.<Long>getAs("error"));
    figures.setAll(RewardFigures.of(row, scoring.rewards()));
    return figures;
  }
}
