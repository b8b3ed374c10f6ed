package io.foresight.jobs.evaluate;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.engine.JudgingSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.output.RowsJob;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A run that says of texts which another run wrote how probable they are to a language model.
 *
 * @param judging what is judged, and by what
 * @param content what makes the run this one: digests by name
 */
record Judging(
    SparkSession spark, Progress progress, JudgingSettings judging, Map<String, String> content)
    implements RowsJob.Kind {

  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public String name() {
    return "judge";
  }

  @Override
  public String verb() {
    return "judge";
  }

  @Override
  public String writer(JobSettings settings) {
    return "column " + judging.textColumn();
  }

  @Override
  public String text(JobSettings settings) {
    return judging.textColumn();
  }

  @Override
  public ObjectNode described() {
    return JSON.createObjectNode().put("text", judging.textColumn());
  }

  @Override
  public Foresight.Work of(JobSettings settings) {
    ScoringSettings reading =
        new ScoringSettings(
            judging.settings(),
            judging.textColumn(),
            new RewardSpec(settings.generation().rewards().combination(), List.of()));
    Dataset<Row> texts = InputReader.readTexts(spark, settings.reading(), reading, null);
    return Foresight.judging(texts, judging, progress);
  }

  @Override
  public List<Column> columns() {
    return List.of(count(lit(1)).as("rows"), count(col("error")).as("error"));
  }

  @Override
  public ObjectNode figures(Row columns, double seconds) {
    return JSON.createObjectNode()
        .put("rows", columns.<Long>getAs("rows"))
        .put("error", columns.<Long>getAs("error"));
  }

  @Override
  public String table(ObjectNode figures) {
    return "";
  }

  @Override
  public int verdict(
      JobSettings settings, ObjectNode figures, Supplier<String> error, boolean written) {
    long rows = figures.get("rows").asLong();
    if (rows > 0 && figures.get("error").asLong() == rows) {
      System.err.println("Cannot judge any row: %s".formatted(error.get()));
      return ExitCode.ALL_ROWS_FAILED.code();
    }
    return 0;
  }
}
