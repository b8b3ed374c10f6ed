package io.foresight.spark.run;

import io.foresight.spark.rows.RowFormat;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.Job;
import org.apache.hadoop.mapreduce.TaskAttemptID;
import org.apache.hadoop.mapreduce.TaskType;
import org.apache.hadoop.mapreduce.task.TaskAttemptContextImpl;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.paths.SparkPath;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.execution.SQLExecution;
import org.apache.spark.sql.execution.datasources.FileFormat;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import org.apache.spark.sql.execution.datasources.OutputWriterFactory;
import org.apache.spark.sql.execution.datasources.PartitionedFile;
import org.apache.spark.sql.sources.Filter;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import scala.Function1;
import scala.collection.JavaConverters;
import scala.collection.immutable.Map;
import scala.collection.immutable.Map$;
import scala.collection.mutable.ArrayBuffer;
import scala.runtime.AbstractFunction0;

/**
 * Files of rows of one schema, read and written one by one inside a task by Spark's own readers and
 * writers. Made on the driver; immutable and thread-safe.
 */
final class RowFiles implements Serializable {

  private static final long serialVersionUID = 1;

  private final StructType schema;
  private final Function1<PartitionedFile, scala.collection.Iterator<InternalRow>> reader;
  private final OutputWriterFactory writers;
  private final Broadcast<SerializableConfiguration> configuration;
  private final String extension;

  private RowFiles(
      StructType schema,
      Function1<PartitionedFile, scala.collection.Iterator<InternalRow>> reader,
      OutputWriterFactory writers,
      Broadcast<SerializableConfiguration> configuration,
      String extension) {
    this.schema = schema;
    this.reader = reader;
    this.writers = writers;
    this.configuration = configuration;
    this.extension = extension;
  }

  /**
   * Does {@code work}: Spark jobs beside SQL that use its readers and writers, which look the
   * session's settings of SQL up in tasks.
   */
  static <T> T propagated(SparkSession spark, Supplier<T> work) {
    return SQLExecution.withSQLConfPropagated(
        spark,
        new AbstractFunction0<T>() {
          @Override
          public T apply() {
            return work.get();
          }
        });
  }

  /** Parquet files. */
  static RowFiles parquet(SparkSession spark, StructType schema) {
    return of(spark, RowFormat.PARQUET, schema, null);
  }

  /**
   * Files of a format.
   *
   * @param extension what their names are to end with, which says how they are compressed; {@code
   *     null}: as the session's settings say
   */
  static RowFiles of(SparkSession spark, RowFormat format, StructType schema, String extension) {
    Map<String, String> options = Map$.MODULE$.<String, String>empty();
    for (java.util.Map<String, String> some : List.of(format.options(), format.rowByRow())) {
      for (java.util.Map.Entry<String, String> option : some.entrySet()) {
        options = with(options, option.getKey(), option.getValue());
      }
    }
    FileFormat files = format.files();
    try {
      if (extension != null) {
        Configuration hadoop = spark.sessionState().newHadoopConf();
        options = with(options, "compression", format.compression(hadoop, extension));
      }
      Job job = Job.getInstance(spark.sessionState().newHadoopConf());
      OutputWriterFactory writers = files.prepareWrite(spark, job, options, schema);
      Configuration configured = job.getConfiguration();
      Function1<PartitionedFile, scala.collection.Iterator<InternalRow>> reader =
          files.buildReaderWithPartitionValues(
              spark,
              schema,
              new StructType(),
              schema,
              new ArrayBuffer<Filter>().toSeq(),
              options,
              spark.sessionState().newHadoopConf());
      Broadcast<SerializableConfiguration> shipped =
          spark
              .sparkContext()
              .broadcast(
                  new SerializableConfiguration(configured),
                  scala.reflect.ClassTag$.MODULE$.apply(SerializableConfiguration.class));
      String made = writers.getFileExtension(attempt(configured));
      if (extension != null && !extension.equals(made)) {
        throw new IllegalStateException(
            "Cannot write files that end with %s: Spark makes such that end with %s of them."
                .formatted(extension, made));
      }
      return new RowFiles(schema, reader, writers, shipped, made);
    } catch (IOException e) {
      throw new IllegalStateException("Cannot prepare files of rows: " + e.getMessage(), e);
    }
  }

  private static Map<String, String> with(Map<String, String> map, String key, String value) {
    return map.$plus(new scala.Tuple2<>(key, value));
  }

  private static TaskAttemptContextImpl attempt(Configuration configuration) {
    return new TaskAttemptContextImpl(
        configuration, new TaskAttemptID("foresight", 0, TaskType.MAP, 0, 0));
  }

  /** What names of such files end with. */
  String extension() {
    return extension;
  }

  StructType schema() {
    return schema;
  }

  /** Hadoop's configuration as the driver had it. */
  Configuration configuration() {
    return configuration.value().value();
  }

  /**
   * The rows of a file, in order; each is valid until the next one is taken. Belongs to the calling
   * task, which closes what it opens.
   *
   * @throws StorageFault if the file cannot be read, now or when the row is taken that cannot be
   */
  Iterator<InternalRow> read(Path path) {
    Iterator<InternalRow> rows =
        StorageFault.guarded(
            () -> {
              FileStatus status = path.getFileSystem(configuration()).getFileStatus(path);
              return JavaConverters.asJavaIterator(
                  reader.apply(
                      new PartitionedFile(
                          InternalRow.empty(),
                          SparkPath.fromPath(path),
                          0,
                          status.getLen(),
                          new String[0],
                          status.getModificationTime(),
                          status.getLen(),
                          Map$.MODULE$.<String, Object>empty())));
            });
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return StorageFault.guarded(rows::hasNext);
      }

      @Override
      public InternalRow next() {
        return StorageFault.guarded(rows::next);
      }
    };
  }

  /** A new file; until it is closed it is not whole. */
  OutputWriter write(Path path) {
    // The writers change what they are given.
    return writers.newInstance(
        path.toString(), schema, attempt(new Configuration(configuration())));
  }
}
