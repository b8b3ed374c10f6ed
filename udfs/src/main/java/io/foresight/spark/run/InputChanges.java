package io.foresight.spark.run;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.when;

import io.foresight.spark.rows.HiddenColumns;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * How an input differs from the rows that a run has.
 *
 * @param added rows that the run has not
 * @param gone rows that the input has no more
 * @param changed rows of the same id and other content
 * @param twice ids that stand in several rows of the input
 * @param before rows that the run has
 * @param examples an id of each kind; {@code null} where there is none
 */
record InputChanges(
    long added, long gone, long changed, long twice, long before, List<String> examples) {

  private static final int EXAMPLES = 3;

  /** Of a run's index: what rows it has. */
  static final StructType INDEX =
      new StructType()
          .add(HiddenColumns.ID, DataTypes.StringType)
          .add(HiddenColumns.CHECKSUM, DataTypes.LongType);

  /**
   * The rows that a run has, by id and checksum. Who reads them is told of a file that cannot be
   * read as by {@link #of}.
   */
  static Dataset<Row> index(SparkSession spark, RunFiles files, RunPaths paths) throws IOException {
    List<String> all = new ArrayList<>();
    for (FileStatus segment : files.list(paths.index())) {
      for (FileStatus file : files.list(segment.getPath())) {
        all.add(file.getPath().toString());
      }
    }
    RowFiles index = RowFiles.parquet(spark, INDEX);
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    int tasks = Math.max(1, Math.min(all.size(), 4 * context.defaultParallelism()));
    return spark.createDataFrame(
        context.parallelize(all, tasks).flatMap(file -> of(index, new Path(file))), INDEX);
  }

  /**
   * The rows of an index's file, inside a task.
   *
   * @throws RunException of kind STORAGE if it cannot be read, now or when the row is taken that
   *     cannot be
   */
  static Iterator<Row> of(RowFiles index, Path file) {
    Iterator<InternalRow> rows = readable(file, () -> index.read(file));
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return readable(file, rows::hasNext);
      }

      @Override
      public Row next() {
        InternalRow row = readable(file, rows::next);
        return RowFactory.create(row.getString(0), row.getLong(1));
      }
    };
  }

  private static <T> T readable(Path file, Supplier<T> access) {
    try {
      return access.get();
    } catch (StorageFault e) {
      throw unreadable(file, e.getMessage(), e);
    }
  }

  /** That an index, or a file of one, is not what it was. */
  static RunException unreadable(Path index, String reason, Throwable cause) {
    return new RunException(
        RunException.Kind.STORAGE,
        "Cannot read %s, which says what rows the run has: %s. See to the storage; if it is damaged, put a copy in its place, or do all rows anew by --overwrite or another --output."
            .formatted(index, reason),
        cause);
  }

  /**
   * Compares.
   *
   * @param now the input, with ids and checksums
   */
  static InputChanges between(Dataset<Row> index, Dataset<Row> now) {
    Dataset<Row> byId =
        now.groupBy(HiddenColumns.ID)
            .agg(count(lit(1)).as("rows"), min(HiddenColumns.CHECKSUM).as(HiddenColumns.CHECKSUM));
    Dataset<Row> before =
        index.select(col(HiddenColumns.ID).as("old_id"), col(HiddenColumns.CHECKSUM).as("old_sum"));
    Column id = col(HiddenColumns.ID);
    Column old = col("old_id");
    Column added = old.isNull();
    Column gone = id.isNull();
    Column changed =
        id.isNotNull()
            .and(old.isNotNull())
            .and(col("old_sum").notEqual(col(HiddenColumns.CHECKSUM)));
    Column either = coalesce(id, old);
    Row row =
        byId.join(before, id.equalTo(old), "full_outer")
            .agg(
                count_if(added),
                count_if(gone),
                count_if(changed),
                count_if(col("rows").gt(1)),
                count(old),
                min(when(added, either)),
                min(when(gone, either)),
                min(when(changed, either)))
            .head();
    List<String> examples = new ArrayList<>();
    for (int i = 5; i < 8; i++) {
      examples.add(row.getString(i));
    }
    return new InputChanges(
        row.getLong(0), row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), examples);
  }

  /** Some of the ids that stand in several rows. */
  static List<String> examplesOfTwice(Dataset<Row> now) {
    return now
        .groupBy(HiddenColumns.ID)
        .count()
        .filter(col("count").gt(1))
        .orderBy(HiddenColumns.ID)
        .limit(EXAMPLES)
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .toList();
  }

  /** The rows that the run has not. */
  static Dataset<Row> addedRows(Dataset<Row> index, Dataset<Row> now) {
    Dataset<Row> ids = index.select(col(HiddenColumns.ID).as("old_id"));
    return now.join(ids, col(HiddenColumns.ID).equalTo(col("old_id")), "left_anti");
  }

  boolean none() {
    return added + gone + changed == 0;
  }

  /** For example "2 rows were added (such as a7), 1 changed (such as a3)". */
  String told() {
    List<String> parts = new ArrayList<>();
    tell(parts, added, "added", 0);
    tell(parts, gone, "gone", 1);
    tell(parts, changed, "changed", 2);
    return String.join(", ", parts);
  }

  private void tell(List<String> parts, long rows, String what, int example) {
    if (rows > 0) {
      parts.add(
          "%d %s %s (such as id %s)"
              .formatted(
                  rows,
                  rows == 1 ? "row is" : "rows are",
                  what.equals("added") ? "new" : what,
                  examples.get(example)));
    }
  }
}
