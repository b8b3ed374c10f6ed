package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.format_number;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.when;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.jobs.curate.settings.Form;
import io.foresight.settings.Settings;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;

/**
 * Makes pairs of a prompt's rows: the best is chosen, and the worst are rejected, as far as their
 * rewards are far enough below.
 */
public final class Pairs {

  /** A row's part in its prompt's pairs: 0 of the chosen, then 1 and on of the rejected. */
  public static final String PLACE = "place";

  private Pairs() {}

  /** The rows, decided; those that are kept have their {@link #PLACE}. */
  public static Dataset<Row> of(Dataset<Row> rows, Settings settings) {
    if (settings.get(CurationSettings.FORM) != Form.PREFERENCE) {
      return Columns.kept(rows);
    }
    double margin = settings.get(CurationSettings.MARGIN);
    int pairs = settings.get(CurationSettings.PAIRS);
    WindowSpec ofPrompt = Window.partitionBy(Columns.KEY);
    WindowSpec best = ofPrompt.orderBy(col(Columns.RANK));
    WindowSpec worst =
        ofPrompt.orderBy(col(Columns.REWARD).asc_nulls_last(), col(Columns.RANK).desc());
    Dataset<Row> placed =
        rows.withColumn("_best", row_number().over(best))
            .withColumn("_worst", row_number().over(worst))
            .withColumn("_top", max(Columns.REWARD).over(ofPrompt));
    Column below = col("_top").minus(col(Columns.REWARD));
    Column rejected = col("_best").gt(1).and(below.geq(margin)).and(col("_worst").leq(pairs));
    Dataset<Row> paired =
        placed
            .withColumn("_rejected", org.apache.spark.sql.functions.coalesce(rejected, lit(false)))
            .withColumn("_pairs", count(when(col("_rejected"), 1)).over(ofPrompt));
    Column kept = col("_rejected").or(col("_best").equalTo(1).and(col("_pairs").gt(0)));
    return Columns.decided(
            paired.withColumn(
                PLACE, when(kept, when(col("_best").equalTo(1), 0).otherwise(col("_worst")))),
            when(kept.equalTo(false), "no pair"),
            when(
                kept.equalTo(false),
                when(
                        col("_best").equalTo(1),
                        lit("no row of its prompt is " + margin + " below it"))
                    .when(col(Columns.REWARD).isNull(), lit("it has no reward"))
                    .otherwise(
                        concat(format_number(below, 3), lit(" below the best of its prompt")))))
        .drop("_best", "_worst", "_top", "_rejected", "_pairs");
  }

  /** The pairs of rows that were kept, a row each, with the chosen one's columns. */
  public static Dataset<Row> joined(Dataset<Row> rows) {
    Dataset<Row> chosen = rows.where(col(PLACE).equalTo(0));
    Dataset<Row> rejected =
        rows.where(col(PLACE).gt(0))
            .select(
                col(Columns.KEY).as("_key"),
                col(PLACE).as("_place"),
                col(Columns.TEXT).as("rejected_text"),
                col(Columns.REWARD).as("score_rejected"));
    return chosen
        .join(rejected, chosen.col(Columns.KEY).equalTo(rejected.col("_key")))
        .drop("_key")
        .withColumn("score_chosen", col(Columns.REWARD))
        .withColumn("margin", col("score_chosen").minus(col("score_rejected")));
  }
}
