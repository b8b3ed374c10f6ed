package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.foresight.jobs.curate.settings.Scope;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;

/** Keeps the first by rank of texts that are equal, case, punctuation and blanks aside. */
public final class ExactDuplicates {

  private ExactDuplicates() {}

  /** The rows, decided. */
  public static Dataset<Row> of(Dataset<Row> rows, Scope scope) {
    if (scope == Scope.OFF) {
      return Columns.kept(rows);
    }
    UDF1<String, String> normalised = Texts::normalised;
    Column within = scope == Scope.ALL ? lit("") : col(Columns.KEY);
    Dataset<Row> keyed =
        rows.withColumn("_same", udf(normalised, DataTypes.StringType).apply(col(Columns.TEXT)))
            .withColumn("_within", within);
    // Counted before it is joined: ten thousand equal texts are one row of the smaller side.
    Dataset<Row> first =
        keyed
            .groupBy("_same", "_within")
            .agg(min(struct(col(Columns.RANK), col(Columns.UID))).as("_first"));
    Dataset<Row> joined =
        keyed.join(
            first,
            scala.collection.JavaConverters.asScalaBuffer(java.util.List.of("_same", "_within"))
                .toSeq());
    Column dropped = col(Columns.RANK).gt(col("_first.rank"));
    return Columns.decided(
            joined,
            when(dropped, "exact duplicate"),
            when(dropped, concat(lit("the same words as "), col("_first.uid"))),
            when(dropped, col("_first.uid")),
            when(dropped, lit(1.0)))
        .drop("_same", "_within", "_first");
  }
}
