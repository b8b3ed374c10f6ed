package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import io.foresight.jobs.input.files.InputProblem;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Puts all rows in one order, by which every tie of a later step is decided. */
public final class Ranking {

  private Ranking() {}

  /** The rows with {@link Columns#RANK} and {@link Columns#WORDS}. */
  public static Dataset<Row> of(Dataset<Row> rows) {
    UDF1<String, Integer> words = text -> Texts.words(text).size();
    Dataset<Row> counted =
        rows.withColumn(Columns.WORDS, udf(words, DataTypes.IntegerType).apply(col(Columns.TEXT)))
            .orderBy(col(Columns.REWARD).desc_nulls_last(), col(Columns.UID));
    StructType schema = counted.schema().add(Columns.RANK, DataTypes.LongType);
    JavaRDD<Row> ranked =
        counted
            .javaRDD()
            .zipWithIndex()
            .map(
                pair -> {
                  Object[] values = new Object[pair._1().size() + 1];
                  for (int i = 0; i < values.length - 1; i++) {
                    values[i] = pair._1().get(i);
                  }
                  values[values.length - 1] = pair._2();
                  return RowFactory.create(values);
                });
    return rows.sparkSession().createDataFrame(ranked, schema);
  }

  /** Checks that no two rows have one name. */
  public static void requireUnique(Dataset<Row> rows) {
    Dataset<Row> twice =
        rows.groupBy(Columns.UID, "id", "source").count().where(col("count").gt(1));
    Row found =
        twice.orderBy(Columns.UID).limit(1).collectAsList().stream().findFirst().orElse(null);
    if (found != null) {
      throw InputProblem.told(
          "Cannot curate %s: id %s stands in several rows. Make ids unique, or set input.columns.id = \"\" to derive them."
              .formatted(found.getString(2), found.getString(1)));
    }
  }
}
