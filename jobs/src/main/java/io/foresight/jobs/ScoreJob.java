package io.foresight.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.spark.Foresight;
import io.foresight.spark.GenerationSettings;
import io.foresight.spark.ModelStore;
import io.foresight.spark.ScoringSettings;
import java.io.IOException;
import java.util.concurrent.Callable;
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
final class ScoreJob implements Callable<Integer> {

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
  public Integer call() throws IOException {
    JobSettings settings = options.bind("score", outputOptions.settings());
    FiguresFile.check("--summary", outputOptions.summaryFile());
    GenerationSettings generation = settings.generation();
    ScoringSettings scoring =
        new ScoringSettings(
            text,
            generation.rewards(),
            generation.store(),
            generation.device(),
            generation.columnPrefix());
    try (SparkSession spark = SparkSession.builder().appName("foresight score").getOrCreate();
        ModelStore store =
            new ModelStore(scoring.store(), spark.sparkContext().hadoopConfiguration())) {
      Models.ofRewards(store, scoring.rewards());
      RunFolder folder = new RunFolder(spark, settings);
      folder.requireWritable();
      Dataset<Row> written =
          folder.write(Foresight.score(InputReader.read(spark, settings), scoring));
      Dataset<Row> added = RewardFigures.added(written, scoring.columnPrefix());
      ObjectNode figures = figures(added, scoring);
      folder.writeRun(run(settings, figures));
      FiguresFile.write(outputOptions.summaryFile(), figures);
      long rows = figures.get("rows").asLong();
      long errors = figures.get("error").asLong();
      if (rows > 0 && errors == rows) {
        System.err.println(
            "Cannot score any row: %s".formatted(added.select("error").first().getString(0)));
        return 1;
      }
      StringBuilder table = new StringBuilder();
      Summary.line(table, "rows", "%d: %d error".formatted(rows, errors));
      System.out.print(table.append(RewardFigures.table(figures)));
      System.out.println("Written to " + settings.output());
      return 0;
    }
  }

  private static ObjectNode figures(Dataset<Row> added, ScoringSettings scoring) {
    Row counts = added.selectExpr("count(*)", "count(error)").head();
    ObjectNode figures = JSON.createObjectNode();
    figures.put("rows", counts.getLong(0)).put("error", counts.getLong(1));
    figures.setAll(RewardFigures.of(added, scoring.rewards()));
    return figures;
  }

  private String run(JobSettings settings, ObjectNode figures) throws IOException {
    ObjectNode run = JSON.createObjectNode();
    run.set("version", JSON.valueToTree(Version.read()));
    run.put("text", text);
    run.set("settings", JSON.readTree(settings.resolved()));
    run.set("summary", figures);
    return run.toPrettyString();
  }
}
