package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.jobs.curate.settings.Scope;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.settings.Settings;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;

/**
 * Puts prompts on sides, all rows of a prompt, and all prompts that have near-duplicates in common,
 * on one. Each side has its share of every stratum, up to one prompt.
 */
public final class Split {

  /** The side that a row is on. */
  public static final String SIDE = "split";

  private Split() {}

  /**
   * The rows with their {@link #SIDE}.
   *
   * @param work an empty folder
   * @throws io.foresight.spark.run.RunException of kind INPUT if there are too few prompts
   */
  public static Dataset<Row> of(Dataset<Row> rows, Settings settings, Path work) {
    Map<String, Double> splits = CurationSettings.splits(settings);
    if (splits.size() == 1) {
      return Columns.kept(rows.withColumn(SIDE, lit(splits.keySet().iterator().next())));
    }
    Dataset<Row> together =
        rows.select(xxhash64(lit("prompt"), col(Columns.KEY)).as("group"), col(Columns.RANK));
    if (settings.get(CurationSettings.NEAR) != Scope.ALL) {
      // Those of other prompts are still there.
      together = together.union(Neighbours.of(rows.withColumn("_within", lit("")), settings, work));
    }
    Dataset<Row> components =
        Components.of(Leaders.written(together, new Path(work, "together")), work);
    Dataset<Row> groups =
        rows.join(components, Columns.RANK)
            .groupBy("component")
            .agg(min(struct(col(Columns.RANK), col("stratum"), col(Columns.KEY))).as("_first"))
            .select(
                col("component"),
                col("_first.stratum").as("stratum"),
                xxhash64(lit(settings.get(CurationSettings.SEED)), col("_first.key")).as("place"));
    Dataset<Row> assigned = assigned(groups, splits, work);
    return Columns.kept(
        rows.join(components, Columns.RANK).join(assigned, "component").drop("component"));
  }

  private static Dataset<Row> assigned(Dataset<Row> groups, Map<String, Double> splits, Path work) {
    SparkSession spark = groups.sparkSession();
    Dataset<Row> open = Leaders.written(groups, new Path(work, "split-0"));
    long count = open.count();
    double left = 1;
    List<Map.Entry<String, Double>> sides = List.copyOf(splits.entrySet());
    Dataset<Row> assigned = null;
    // The smallest first, the largest takes what is left.
    for (int i = sides.size() - 1; i >= 0; i--) {
      String side = sides.get(i).getKey();
      double share = i == 0 ? 1 : sides.get(i).getValue() / left;
      long there = open.count();
      if (Math.floor(there * share + 1e-9) < 1) {
        throw InputProblem.told(
            "Cannot split %d prompts into %s: %s would have none. Give more prompts, or another curate.split. (Prompts that share near-duplicates count as one.)"
                .formatted(count, splits, side));
      }
      JavaRDD<Row> taken =
          open.orderBy("stratum", "place", "component")
              .javaRDD()
              .zipWithIndex()
              .map(
                  pair -> {
                    long place = pair._2();
                    boolean takes =
                        Math.floor((place + 1) * share + 1e-9) > Math.floor(place * share + 1e-9);
                    return RowFactory.create(
                        pair._1().get(0), pair._1().get(1), pair._1().get(2), takes ? side : null);
                  });
      Dataset<Row> decided =
          Leaders.written(
              spark.createDataFrame(taken, groups.schema().add(SIDE, DataTypes.StringType)),
              new Path(work, "split-%d".formatted(i + 1)));
      Dataset<Row> on = decided.where(col(SIDE).isNotNull()).select("component", SIDE);
      assigned = assigned == null ? on : assigned.union(on);
      open = decided.where(col(SIDE).isNull()).drop(SIDE);
      left -= sides.get(i).getValue();
    }
    return assigned;
  }
}
