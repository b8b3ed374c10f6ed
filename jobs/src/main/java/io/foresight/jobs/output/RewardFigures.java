package io.foresight.jobs.output;

import static org.apache.spark.sql.functions.aggregate;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.when;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.reward.RewardSpec;
import io.foresight.spark.rows.ColumnNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/** What rewards say of a run's texts, from its written output. */
public final class RewardFigures {

  private static final ObjectMapper JSON = new ObjectMapper();

  private RewardFigures() {}

  /** The columns whose names have the prefix, without it: those that a run added, if it has one. */
  static Dataset<Row> added(Dataset<Row> written, String prefix) {
    if (prefix.isEmpty()) {
      return written;
    }
    return written.select(
        Arrays.stream(written.columns())
            .filter(name -> name.startsWith(prefix) && !name.equals(prefix))
            .map(name -> ColumnNames.column(name).as(name.substring(prefix.length())))
            .toArray(Column[]::new));
  }

  /**
   * What is to be aggregated of a run's rows: {@code satisfied} and {@code satisfied_rate}, {@code
   * mean_reward}, the mean score of each reward, and {@code hard_coverage} and {@code
   * soft_coverage} of the rewards of keyword coverage, each over the rows of which the column is
   * not null; and how many rows those are.
   *
   * @param spec the run's rewards
   */
  public static List<Column> columns(RewardSpec spec) {
    Column coverage = coverage(spec);
    List<Column> columns = new ArrayList<>();
    columns.add(count(col("reward")));
    columns.add(count(col("satisfied")));
    columns.add(count_if(col("satisfied")));
    columns.add(
        avg(when(col("satisfied"), lit(1.0)).when(col("satisfied").equalTo(false), lit(0.0))));
    columns.add(avg(col("reward")));
    columns.add(count(coverage));
    columns.add(avg(when(coverage.equalTo(1.0), 1.0).when(coverage.isNotNull(), 0.0)));
    columns.add(avg(coverage));
    for (String name : spec.names()) {
      Column score = col("constraint_scores").getItem(name);
      columns.add(avg(score));
      columns.add(count(score));
    }
    return columns;
  }

  /**
   * The figures.
   *
   * @param row begins with the {@link #columns}
   * @param spec the run's rewards
   */
  public static ObjectNode of(Row row, RewardSpec spec) {
    ObjectNode json = JSON.createObjectNode();
    json.put("judged", row.getLong(0));
    json.put("judged_hard", row.getLong(1));
    json.put("satisfied", row.getLong(2));
    json.put("satisfied_rate", row.<Double>getAs(3));
    json.put("mean_reward", row.<Double>getAs(4));
    ObjectNode scores = json.putObject("mean_scores");
    ObjectNode judged = json.putObject("judged_by");
    int column = 8;
    for (String name : spec.names()) {
      scores.put(name, row.<Double>getAs(column++));
      judged.put(name, row.getLong(column++));
    }
    json.put("judged_coverage", row.getLong(5));
    json.put("hard_coverage", row.<Double>getAs(6));
    json.put("soft_coverage", row.<Double>getAs(7));
    return json;
  }

  /** Share of a row's concepts that its text has; null if keyword coverage did not judge it. */
  private static Column coverage(RewardSpec spec) {
    Column[] scores =
        spec.ofType("keyword-coverage").names().stream()
            .map(name -> col("constraint_scores").getItem(name))
            .toArray(Column[]::new);
    if (scores.length == 0) {
      return lit(null).cast(DataTypes.DoubleType);
    }
    Column judged = filter(array(scores), Column::isNotNull);
    return aggregate(judged, lit(0.0), Column::plus).divide(when(size(judged).gt(0), size(judged)));
  }

  /** How many rows without an error no reward judged, for the line of the rows; may be empty. */
  public static String notJudged(ObjectNode json) {
    long others =
        json.get("rows").asLong() - json.get("error").asLong() - json.get("judged").asLong();
    return others == 0 ? "" : "; %d not judged".formatted(others);
  }

  /**
   * The lines that a user looks at first, each with the number of rows that its figures are of.
   * Nothing is said of no row.
   */
  public static String table(ObjectNode json) {
    StringBuilder table = new StringBuilder();
    long judged = json.get("judged").asLong();
    long hard = json.get("judged_hard").asLong();
    List<String> overall = new ArrayList<>();
    if (hard > 0) {
      long truncated = json.path("satisfied_truncated").asLong();
      overall.add(
          "%.1f %% of %d judged%s"
              .formatted(
                  100 * json.get("satisfied_rate").asDouble(),
                  hard,
                  truncated == 0 ? "" : " (%d of them truncated)".formatted(truncated)));
    }
    if (judged > 0) {
      overall.add("mean reward %.3f of %d".formatted(json.get("mean_reward").asDouble(), judged));
    }
    if (!overall.isEmpty()) {
      Summary.line(table, "satisfied", String.join(", ", overall));
    }
    json.get("mean_scores")
        .fields()
        .forEachRemaining(
            score ->
                Summary.line(
                    table,
                    score.getKey(),
                    score.getValue().isNull()
                        ? "judged no row"
                        : "mean %.3f of %d"
                            .formatted(
                                score.getValue().asDouble(),
                                json.get("judged_by").get(score.getKey()).asLong())));
    long covered = json.get("judged_coverage").asLong();
    if (covered > 0) {
      Summary.line(
          table,
          "coverage",
          "hard %.1f %%, soft %.1f %% of %d"
              .formatted(
                  100 * json.get("hard_coverage").asDouble(),
                  100 * json.get("soft_coverage").asDouble(),
                  covered));
    }
    return table.toString();
  }
}
