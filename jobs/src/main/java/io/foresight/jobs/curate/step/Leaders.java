package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.when;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Which rows of overlapping groups are kept: those that one by one, in the order of rank, have no
 * row kept before them in any of their groups. So no two kept rows share a group, and each dropped
 * one shares one with a row that is kept; chains of rows each of which is like the next do not
 * swallow what is at their ends. The rounds find the same for all rows at once: a row that is the
 * first of all its groups is kept, and the rest of these groups is dropped.
 */
final class Leaders {

  private static final StructType DROPPED =
      new StructType().add("rank", DataTypes.LongType).add("of", DataTypes.LongType);

  private Leaders() {}

  /**
   * The rows that are dropped.
   *
   * @param members rows {@code (group, rank)}
   * @param work a folder for what is found on the way
   * @return rows {@code (rank, of)}, the second of which is kept
   */
  static Dataset<Row> dropped(Dataset<Row> members, Path work) {
    SparkSession spark = members.sparkSession();
    List<String> found = new ArrayList<>();
    Dataset<Row> open = members;
    for (int round = 0; !open.isEmpty(); round++) {
      Dataset<Row> first = open.groupBy("group").agg(min("rank").as("first"));
      Dataset<Row> placed =
          written(open.join(first, "group"), new Path(work, "round-%d-placed".formatted(round)));
      Dataset<Row> kept =
          written(
              placed
                  .groupBy("rank")
                  .agg(
                      max(when(col("first").lt(col("rank")), lit(1)).otherwise(lit(0)))
                          .as("behind"))
                  .where(col("behind").equalTo(0))
                  .select("rank"),
              new Path(work, "round-%d-kept".formatted(round)));
      String folder = new Path(work, "round-%d-dropped".formatted(round)).toString();
      Dataset<Row> dropped =
          written(
              placed
                  .where(col("rank").gt(col("first")))
                  .join(kept.withColumnRenamed("rank", "first"), "first")
                  .groupBy("rank")
                  .agg(min("first").as("of")),
              new Path(folder));
      found.add(folder);
      Dataset<Row> settled = kept.union(dropped.select("rank"));
      open =
          written(
              placed
                  .select("group", "rank")
                  .join(settled, placed.col("rank").equalTo(settled.col("rank")), "left_anti"),
              new Path(work, "round-%d-open".formatted(round)));
    }
    return found.isEmpty()
        ? spark.createDataFrame(List.<Row>of(), DROPPED)
        : spark.read().schema(DROPPED).parquet(found.toArray(String[]::new));
  }

  /** To files, so that no round computes those before it again. */
  static Dataset<Row> written(Dataset<Row> rows, Path folder) {
    rows.write().mode(SaveMode.Overwrite).parquet(folder.toString());
    return rows.sparkSession().read().schema(rows.schema()).parquet(folder.toString());
  }
}
