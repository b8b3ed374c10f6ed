package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.least;
import static org.apache.spark.sql.functions.min;

import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Rows that hang together by groups: each is given the least rank of all that it hangs together
 * with. Every round lets the least of a group, and the least that that one has heard of, be known
 * to all of it.
 */
final class Components {

  private Components() {}

  /**
   * The components.
   *
   * @param members rows {@code (group, rank)}; every row is in one group at least
   * @param work a folder for what is found on the way
   * @return rows {@code (rank, component)}
   */
  static Dataset<Row> of(Dataset<Row> members, Path work) {
    Dataset<Row> labels =
        Leaders.written(
            members.groupBy("rank").agg(min("rank").as("component")), new Path(work, "labels-0"));
    for (int round = 1; ; round++) {
      Dataset<Row> least =
          members.join(labels, "rank").groupBy("group").agg(min("component").as("heard"));
      Dataset<Row> next =
          members.join(least, "group").groupBy("rank").agg(min("heard").as("component"));
      // A label is a row, too, and has one itself, which may be smaller.
      Dataset<Row> further =
          next.join(
                  next.select(col("rank").as("component"), col("component").as("beyond")),
                  "component")
              .select(col("rank"), least(col("component"), col("beyond")).as("component"));
      Dataset<Row> now = Leaders.written(further, new Path(work, "labels-" + round));
      boolean same =
          now.join(labels.withColumnRenamed("component", "before"), "rank")
              .where(col("component").notEqual(col("before")))
              .isEmpty();
      labels = now;
      if (same) {
        return labels;
      }
    }
  }
}
