package io.foresight.jobs;

import io.foresight.spark.Secrets;
import io.foresight.spark.run.RunException;
import java.io.IOException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * Paths on whatever file system their scheme names, with errors that say which was asked for what.
 */
final class Storage {

  private Storage() {}

  /** What to do with a path, which comes with its scheme and authority. */
  @FunctionalInterface
  interface Access<T> {
    T on(FileSystem files, Path path) throws IOException;
  }

  /**
   * Reaches a path.
   *
   * @param purpose verb and object, as in "read input"
   * @param given the path as the user gave it
   * @throws RunException of kind STORAGE if something was to be written
   * @throws IllegalArgumentException if something was to be read; both if there is no such file
   *     system, or it refuses
   */
  static <T> T reach(SparkSession spark, String purpose, String given, Access<T> access) {
    try {
      Path path = new Path(given);
      FileSystem files = path.getFileSystem(spark.sparkContext().hadoopConfiguration());
      return access.on(files, files.makeQualified(path));
    } catch (IOException | RuntimeException e) {
      // Hadoop reports a missing client, a malformed path and failed credentials as either.
      String message =
          "Cannot %s %s: %s. Check the path, the access to it, and that Spark has a client for its scheme."
              .formatted(purpose, given, Secrets.reason(e));
      if (purpose.startsWith("write")) {
        throw new RunException(RunException.Kind.STORAGE, message, e);
      }
      throw new IllegalArgumentException(message, e);
    }
  }
}
