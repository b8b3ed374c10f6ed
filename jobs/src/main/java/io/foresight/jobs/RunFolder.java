package io.foresight.jobs;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
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

  RunFolder(SparkSession spark, JobSettings settings) {
    this.spark = spark;
    this.settings = settings;
    path = onOutput((files, qualified) -> qualified);
  }

  /**
   * Checks that writing here destroys nothing unasked.
   *
   * @throws IllegalArgumentException if the folder holds something and may not be replaced, or
   *     holds the input
   */
  void requireWritable() {
    boolean taken = onOutput((files, p) -> files.exists(p) && files.listStatus(p).length > 0);
    if (taken && !settings.overwrite()) {
      throw new IllegalArgumentException(
          "Cannot write output %s: it exists and is not empty. Give another --output, or --overwrite."
              .formatted(settings.output()));
    }
    String read =
        Storage.reach(
            spark, "read input", settings.input(), (files, qualified) -> qualified.toString());
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
  void writeRun(String json) {
    onOutput(
        (files, qualified) -> {
          Path run = new Path(qualified, "_foresight/run.json");
          try (OutputStream file = files.create(run)) {
            file.write(json.getBytes(StandardCharsets.UTF_8));
          }
          return run;
        });
  }

  private <T> T onOutput(Storage.Access<T> access) {
    return Storage.reach(spark, "write output", settings.output(), access);
  }
}
