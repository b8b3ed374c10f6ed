package io.foresight.jobs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/** Where a run's rows go, with {@code _foresight/run.json} beside them. */
final class RunFolder {

  private final SparkSession spark;
  private final JobSettings settings;
  private final Path path;
  private final FileSystem files;

  RunFolder(SparkSession spark, JobSettings settings) throws IOException {
    this.spark = spark;
    this.settings = settings;
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    Path given = new Path(settings.output());
    files = given.getFileSystem(hadoop);
    path = files.makeQualified(given);
  }

  /**
   * Checks that writing here destroys nothing unasked.
   *
   * @throws IllegalArgumentException if the folder holds something and may not be replaced, or
   *     holds the input
   */
  void requireWritable() throws IOException {
    boolean taken = files.exists(path) && files.listStatus(path).length > 0;
    if (taken && !settings.overwrite()) {
      throw new IllegalArgumentException(
          "Cannot write output %s: it exists and is not empty. Give another --output, or --overwrite."
              .formatted(settings.output()));
    }
    Path input = new Path(settings.input());
    String read =
        input
            .getFileSystem(spark.sparkContext().hadoopConfiguration())
            .makeQualified(input)
            .toString();
    if (read.equals(path.toString()) || read.startsWith(path + "/")) {
      throw new IllegalArgumentException(
          "Cannot write output %s: the input %s lies in it. Give another --output."
              .formatted(settings.output(), settings.input()));
    }
  }

  /** Writes the rows and returns what was written, read back. */
  Dataset<Row> write(Dataset<Row> rows) {
    String format = settings.outputFormat().equals("jsonl") ? "json" : settings.outputFormat();
    rows.write()
        .mode(settings.overwrite() ? SaveMode.Overwrite : SaveMode.Append)
        .format(format)
        .save(path.toString());
    return spark.read().format(format).schema(rows.schema()).load(path.toString());
  }

  /** Writes {@code _foresight/run.json}. */
  void writeRun(String json) throws IOException {
    try (OutputStream file = files.create(new Path(path, "_foresight/run.json"))) {
      file.write(json.getBytes(StandardCharsets.UTF_8));
    }
  }
}
