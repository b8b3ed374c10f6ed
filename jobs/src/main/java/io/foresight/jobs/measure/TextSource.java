package io.foresight.jobs.measure;

import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import io.foresight.jobs.metrics.MetricSet;
import io.foresight.reward.RewardSpec;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.run.Identified;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * The rows of one variant on one data set, as a run wrote them.
 *
 * @param name of the variant
 * @param dataset its name
 * @param source the run's folder, or what others wrote
 * @param settings those that differ between variants
 * @param rows as they were written
 * @param count how many
 * @param rewards that judged them
 * @param prefix of the names of the columns that the run added
 * @param text column of the texts
 * @param id column of ids; {@code null} if rows are known by their content
 * @param prompt columns that a row's prompt is made of
 * @param references column of texts to hold the output against, or of lists of such; {@code null}
 *     for none
 * @param judge what a model that did not write the texts is, if one judged them; its columns begin
 *     with {@link #JUDGE}
 */
public record TextSource(
    String name,
    String dataset,
    String source,
    Map<String, String> settings,
    Dataset<Row> rows,
    long count,
    RewardSpec rewards,
    String prefix,
    String text,
    String id,
    List<String> prompt,
    String references,
    MetricSet.Judge judge) {

  /** How the names of a judge's columns begin. */
  public static final String JUDGE = "judge_";

  /** The judge as a reward, of which its score goes by. */
  public static final String JUDGING_REWARD = "judge";

  private static final Set<String> ADDED =
      Set.of(
          "output",
          "reward",
          "constraint_scores",
          "satisfied",
          "status",
          "error",
          "error_kind",
          "tokens",
          "log_prob",
          "counters",
          "outputs");

  /** Whether a run of ours generated the texts, so that their tokens are known. */
  public boolean isGenerated() {
    return Arrays.asList(rows.columns()).contains(prefix + "counters");
  }

  /** The rows with {@link HiddenColumns#ID}, the same for every variant. */
  Dataset<Row> identified() {
    if (id != null) {
      return Identified.rows(rows, id);
    }
    Column[] own =
        Arrays.stream(rows.columns())
            .filter(name -> !isOfJudge(name) && (!name.startsWith(prefix) || !isAdded(name)))
            .map(ColumnNames::column)
            .toArray(Column[]::new);
    return rows.withColumn(HiddenColumns.ID, sha2(to_json(struct(own)), 256));
  }

  private boolean isAdded(String name) {
    return ADDED.contains(name.substring(prefix.length())) || name.equals(text);
  }

  private boolean isOfJudge(String name) {
    return judge != MetricSet.Judge.NONE && name.startsWith(JUDGE);
  }
}
