package io.foresight.spark.run;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.pmod;
import static org.apache.spark.sql.functions.shiftrightunsigned;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.engine.Iterators;
import io.foresight.spark.rows.HiddenColumns;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.apache.hadoop.fs.Path;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.rdd.ShuffledRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.BoundReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.execution.UnsafeRowSerializer;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag$;

/**
 * Cuts an input into shards by hash of id, and lays each out as a file, so that the work itself
 * shuffles nothing and a resumed run shuffles nothing again. The one place of a run that does.
 */
final class InputLayout {

  private InputLayout() {}

  /**
   * What is known of an input once it has been read through.
   *
   * @param rows how many it has
   * @param checksum of all its rows, whatever their order
   * @param withoutId rows whose id is null
   */
  record Counted(long rows, String checksum, long withoutId) {}

  /** Reads rows that are {@linkplain Identified#withChecksum identified} through. */
  static Counted counted(Dataset<Row> rows) {
    Column checksum = col(HiddenColumns.CHECKSUM);
    // Two halves, whose sums cannot overflow below two thousand million rows.
    Row counted =
        rows.agg(
                count(lit(1)),
                sum(checksum.bitwiseAND(lit(0xffffffffL))),
                sum(shiftrightunsigned(checksum, 32)),
                count_if(col(HiddenColumns.ID).isNull()))
            .head();
    long low = counted.isNullAt(1) ? 0 : counted.getLong(1);
    long high = counted.isNullAt(2) ? 0 : counted.getLong(2);
    return new Counted(counted.getLong(0), "%016x%016x".formatted(high, low), counted.getLong(3));
  }

  /**
   * A shard whose rows lie ready.
   *
   * @param rows how many they are
   * @param twice ids that several of them have
   * @param example one of those; {@code null} if there is none
   */
  private record LaidOut(long rows, long twice, String example) implements Serializable {}

  private static final class ByShard extends Partitioner {

    private static final long serialVersionUID = 1;
    private final int shards;

    ByShard(int shards) {
      this.shards = shards;
    }

    @Override
    public int numPartitions() {
      return shards;
    }

    @Override
    public int getPartition(Object key) {
      return (Integer) key;
    }
  }

  /**
   * Writes a file of rows and one of ids per shard, unless they are there.
   *
   * @param rows identified, with checksums, of which none has a null id
   * @throws RunException of kind INPUT if an id stands in several rows, or the rows are not as many
   *     as were counted; then the files are of no use
   */
  static void write(
      SparkSession spark, RunFiles files, RunPaths paths, Segment segment, Dataset<Row> rows)
      throws IOException {
    files.makeFolder(paths.input(segment));
    files.makeFolder(new Path(paths.index(), segment.id()));
    files.makeFolder(paths.scratch());
    String shard = "_foresight_shard";
    Dataset<Row> placed =
        // Rows without an id were refused; one that has come since is missing in what is compared.
        rows.filter(col(HiddenColumns.ID).isNotNull())
            .withColumn(
                shard,
                pmod(xxhash64(col(HiddenColumns.ID)), lit((long) segment.shards())).cast("int"));
    StructType schema = placed.schema();
    int columns = schema.size();
    JavaPairRDD<Integer, InternalRow> keyed =
        placed
            .queryExecution()
            .toRdd()
            .toJavaRDD()
            .mapPartitionsToPair(
                partition -> {
                  UnsafeProjection unsafe = UnsafeProjection.create(schema);
                  return Iterators.mapped(
                      partition, row -> new Tuple2<>(row.getInt(columns - 1), unsafe.apply(row)));
                });
    ShuffledRDD<Integer, InternalRow, InternalRow> shuffled =
        new ShuffledRDD<Integer, InternalRow, InternalRow>(
                keyed.rdd(),
                new ByShard(segment.shards()),
                ClassTag$.MODULE$.apply(Integer.class),
                ClassTag$.MODULE$.apply(InternalRow.class),
                ClassTag$.MODULE$.apply(InternalRow.class))
            .setSerializer(new UnsafeRowSerializer(columns, null));
    StructType laidOut = new StructType();
    for (int i = 0; i < columns - 2; i++) {
      laidOut = laidOut.add(schema.apply(i));
    }
    Writer writer =
        new Writer(
            RowFiles.parquet(spark, laidOut),
            RowFiles.parquet(spark, InputChanges.INDEX),
            paths,
            segment,
            schema);
    List<LaidOut> found =
        RowFiles.propagated(
            spark,
            () ->
                JavaPairRDD.fromRDD(
                        shuffled,
                        ClassTag$.MODULE$.<Integer>apply(Integer.class),
                        ClassTag$.MODULE$.<InternalRow>apply(InternalRow.class))
                    .mapPartitions(writer::write)
                    .collect());
    long there = found.stream().mapToLong(LaidOut::rows).sum();
    if (there != segment.rows()) {
      throw new RunException(
          RunException.Kind.INPUT,
          "Cannot lay out the input: it changed while it was read: %d rows were counted, and %d were there when they were read again. Give the same command again when nothing writes to the input."
              .formatted(segment.rows(), there));
    }
    long twice = found.stream().mapToLong(LaidOut::twice).sum();
    if (twice > 0) {
      throw notUnique(
          twice,
          found.stream().map(LaidOut::example).filter(Objects::nonNull).sorted().limit(3).toList());
    }
  }

  /** Ids that no run can be made of, some of them as examples. */
  static RunException notUnique(long ids, List<String> examples) {
    return new RunException(
        RunException.Kind.INPUT,
        "Cannot use the input's ids: %d ids stand in several rows, for example %s. Make ids unique, or set input.columns.id = \"\" to derive them."
            .formatted(ids, String.join(", ", examples)));
  }

  /** A task that writes a shard. */
  private static final class Writer implements Serializable {

    private static final long serialVersionUID = 1;

    private final RowFiles rows;
    private final RowFiles ids;
    private final RunPaths paths;
    private final Segment segment;
    private final StructType schema;

    Writer(RowFiles rows, RowFiles ids, RunPaths paths, Segment segment, StructType schema) {
      this.rows = rows;
      this.ids = ids;
      this.paths = paths;
      this.segment = segment;
      this.schema = schema;
    }

    Iterator<LaidOut> write(Iterator<Tuple2<Integer, InternalRow>> shuffled) {
      int id = schema.fieldIndex(HiddenColumns.ID);
      List<InternalRow> shard = new ArrayList<>();
      while (shuffled.hasNext()) {
        shard.add(shuffled.next()._2().copy());
      }
      int number = TaskContext.getPartitionId();
      if (shard.isEmpty() && (segment.rows() > 0 || number > 0)) {
        return List.<LaidOut>of().iterator();
      }
      // Rows come in the order in which the shuffle fetched them, which is another one each time.
      shard.sort(Comparator.comparing(row -> row.getUTF8String(id)));
      long twice = 0;
      String example = null;
      for (int i = 1; i < shard.size(); i++) {
        boolean same = shard.get(i).getUTF8String(id).equals(shard.get(i - 1).getUTF8String(id));
        boolean first =
            i == 1
                || !shard.get(i - 1).getUTF8String(id).equals(shard.get(i - 2).getUTF8String(id));
        if (same && first) {
          twice++;
          example = example == null ? shard.get(i).getUTF8String(id).toString() : example;
        }
      }
      RunFiles files = StorageFault.guarded(() -> RunFiles.of(paths.root(), rows.configuration()));
      int checksum = schema.fieldIndex(HiddenColumns.CHECKSUM);
      // The index first: a shard whose rows lie ready is done.
      write(
          files,
          ids,
          paths.index(segment, number),
          shard,
          row ->
              new GenericInternalRow(new Object[] {row.getUTF8String(id), row.getLong(checksum)}));
      write(files, rows, paths.input(segment, number, shard.size()), shard, laidOut()::apply);
      return List.of(new LaidOut(shard.size(), twice, example)).iterator();
    }

    /** The columns that lie ready, which are all but checksum and shard. */
    private UnsafeProjection laidOut() {
      List<Expression> columns = new ArrayList<>();
      for (int i = 0; i < rows.schema().size(); i++) {
        columns.add(new BoundReference(i, schema.apply(i).dataType(), true));
      }
      return UnsafeProjection.create(JavaConverters.asScalaBuffer(columns).toSeq());
    }

    private void write(
        RunFiles files,
        RowFiles format,
        Path name,
        List<InternalRow> shard,
        Function<InternalRow, InternalRow> columns) {
      Path written =
          new Path(
              paths.scratch(),
              "%s-%d".formatted(name.getName(), TaskContext.get().taskAttemptId()));
      StorageFault.guarded(
          () -> {
            OutputWriter writer = format.write(written);
            for (InternalRow row : shard) {
              writer.write(columns.apply(row));
            }
            writer.close();
            return files.commit(written, name);
          });
    }
  }
}
