package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.jobs.curate.settings.Scope;
import io.foresight.settings.Settings;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Drops rows whose texts are nearly that of a row that is kept, which is before them by rank. */
public final class NearDuplicates {

  private static final StructType LIKENESS =
      new StructType().add("jaccard", DataTypes.DoubleType).add("changed", DataTypes.IntegerType);

  private NearDuplicates() {}

  /**
   * The rows, decided.
   *
   * @param work an empty folder
   */
  public static Dataset<Row> of(Dataset<Row> rows, Settings settings, Path work) {
    Scope scope = settings.get(CurationSettings.NEAR);
    if (scope == Scope.OFF) {
      return Columns.kept(rows);
    }
    Dataset<Row> groups =
        Neighbours.of(
            rows.withColumn("_within", scope == Scope.ALL ? lit("") : col(Columns.KEY)),
            settings,
            work);
    Dataset<Row> dropped = Leaders.dropped(groups, work);
    Dataset<Row> named =
        dropped.join(
            rows.select(
                col(Columns.RANK).as("of"),
                col(Columns.UID).as("_uid"),
                col(Columns.TEXT).as("_text")),
            "of");
    UDF2<String, String, Row> likeness =
        (a, b) -> {
          if (b == null) {
            return null;
          }
          List<String> one = Texts.words(a);
          List<String> other = Texts.words(b);
          return RowFactory.create(
              Texts.jaccard(Texts.multiset(one), Texts.multiset(other)), Texts.changed(one, other));
        };
    Dataset<Row> joined =
        rows.join(named.drop("of"), rows.col(Columns.RANK).equalTo(named.col("rank")), "left_outer")
            .drop(named.col("rank"))
            .withColumn("_like", udf(likeness, LIKENESS).apply(col(Columns.TEXT), col("_text")));
    return Columns.decided(
            joined,
            when(col("_uid").isNotNull(), "near-duplicate"),
            when(
                col("_uid").isNotNull(),
                org.apache.spark.sql.functions.format_string(
                    "%d words changed, Jaccard %.2f, of %s",
                    col("_like.changed"), col("_like.jaccard"), col("_uid"))),
            col("_uid"),
            col("_like.jaccard"))
        .drop("_uid", "_text", "_like");
  }
}
