package io.foresight.jobs;

import static org.apache.spark.sql.functions.aggregate;
import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.when;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.reward.RewardSpec;
import io.foresight.spark.ColumnNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/** What rewards say of a run's texts, from its written output. */
final class RewardFigures {

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
   * Reads {@code satisfied} (rows), {@code satisfied_rate} and {@code mean_reward} (over rows that
   * are no errors), {@code mean_scores}, of each reward over the rows that it judged, and {@code
   * hard_coverage} and {@code soft_coverage}, over the rows that keyword coverage judged.
   *
   * @param spec the run's rewards
   */
  static ObjectNode of(Dataset<Row> written, RewardSpec spec) {
    List<String> rewards = spec.names();
    List<Column> columns = new ArrayList<>();
    columns.add(count_if(col("satisfied")));
    columns.add(avg(when(col("satisfied"), lit(1.0)).when(col("satisfied").equalTo(false), 0.0)));
    columns.add(avg(col("reward")));
    rewards.forEach(name -> columns.add(avg(col("constraint_scores").getItem(name))));
    Column coverage = coverage(spec);
    columns.add(avg(when(coverage.equalTo(1.0), 1.0).when(coverage.isNotNull(), 0.0)));
    columns.add(avg(coverage));
    Row row = written.select(columns.toArray(Column[]::new)).head();
    ObjectNode json = JSON.createObjectNode();
    json.put("satisfied", row.getLong(0));
    json.put("satisfied_rate", row.<Double>getAs(1));
    json.put("mean_reward", row.<Double>getAs(2));
    ObjectNode scores = json.putObject("mean_scores");
    for (int i = 0; i < rewards.size(); i++) {
      scores.put(rewards.get(i), row.<Double>getAs(3 + i));
    }
    json.put("hard_coverage", row.<Double>getAs(3 + rewards.size()));
    json.put("soft_coverage", row.<Double>getAs(4 + rewards.size()));
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

  /** The lines that a user looks at first, without those that have no figure. */
  static String table(ObjectNode json) {
    StringBuilder table = new StringBuilder();
    if (!json.get("satisfied_rate").isNull()) {
      Summary.line(
          table,
          "satisfied",
          "%.1f %%, mean reward %.3f"
              .formatted(
                  100 * json.get("satisfied_rate").asDouble(), json.get("mean_reward").asDouble()));
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
                        : "mean %.3f".formatted(score.getValue().asDouble())));
    if (!json.get("hard_coverage").isNull()) {
      Summary.line(
          table,
          "coverage",
          "hard %.1f %%, soft %.1f %%"
              .formatted(
                  100 * json.get("hard_coverage").asDouble(),
                  100 * json.get("soft_coverage").asDouble()));
    }
    return table.toString();
  }
}
