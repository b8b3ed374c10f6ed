package io.foresight.jobs.input.files;

import io.foresight.settings.Secrets;
import io.foresight.spark.run.ResolvedPath;
import io.foresight.spark.run.RunException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Where inputs lie, as the file system resolves their paths. */
public final class Locations {

  private static final String SYNTAX = "{}[]*?\\";

  private Locations() {}

  /**
   * What a path names: the file or folder of that very name, or all that the pattern matches.
   *
   * @throws RunException if there is nothing, or it cannot be reached
   */
  static List<FileStatus> named(Configuration hadoop, String given) {
    try {
      Path path = new Path(given);
      FileSystem files = path.getFileSystem(hadoop);
      FileStatus itself = status(files, path);
      if (itself != null) {
        return List.of(itself);
      }
      boolean pattern = given.chars().anyMatch(c -> SYNTAX.indexOf(c) >= 0);
      FileStatus[] matching = pattern ? files.globStatus(path) : null;
      if (matching != null && matching.length > 0) {
        return List.of(matching);
      }
      throw InputProblem.told(
          "Cannot read input %s: there is no such file or folder%s. Give --input."
              .formatted(given, pattern ? ", and none that the pattern matches" : ""));
    } catch (RunException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Hadoop reports a missing client, a malformed path and failed credentials as either.
      throw unreachable(given, e);
    }
  }

  /** What lies at a path; null if nothing does. */
  private static FileStatus status(FileSystem files, Path path) throws IOException {
    try {
      return files.getFileStatus(path);
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  static RunException unreachable(String given, Exception e) {
    return new RunException(
        RunException.Kind.INPUT,
        "Cannot read input %s: %s. Check the path, the access to it, and that Spark has a client for its scheme."
            .formatted(given, reason(e)),
        e);
  }

  static String reason(Throwable e) {
    return Secrets.reason(e).replaceFirst("\\.$", "");
  }

  /**
   * Checks that an output lies in none of the inputs, nor an input in it, whatever links lead
   * there: the one would be read by the next run, and the other be written over.
   *
   * @throws RunException of kind input, if they overlap
   */
  public static void requireApart(SparkSession spark, InputSettings inputs, String output) {
    for (String input : inputs.paths()) {
      requireApart(spark, input, output);
    }
  }

  /** The same of one input. */
  public static void requireApart(SparkSession spark, String input, String output) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    for (FileStatus read : named(hadoop, input)) {
      Overlap overlap = overlap(hadoop, read.getPath(), new Path(output));
      if (overlap != Overlap.NONE) {
        throw InputProblem.told(
            overlap == Overlap.INPUT_IN_OUTPUT
                ? "Cannot write output %s: the input %s lies in it. Give another --output."
                    .formatted(output, input)
                : "Cannot write output %s: it lies in the input %s, and the next run would read it. Give another --output."
                    .formatted(output, input));
      }
    }
  }

  /** How two paths lie to each other. */
  enum Overlap {
    NONE,
    INPUT_IN_OUTPUT,
    OUTPUT_IN_INPUT
  }

  /** How an input and an output lie to each other; they need not exist. */
  static Overlap overlap(Configuration hadoop, Path input, Path output) {
    try {
      String read = resolved(hadoop, input);
      String written = resolved(hadoop, output);
      if (read.equals(written) || read.startsWith(written + "/")) {
        return Overlap.INPUT_IN_OUTPUT;
      }
      return written.startsWith(read + "/") ? Overlap.OUTPUT_IN_INPUT : Overlap.NONE;
    } catch (IOException | RuntimeException e) {
      // One that cannot be reached is told by who reads or writes it, and overlaps nothing.
      return Overlap.NONE;
    }
  }

  private static String resolved(Configuration hadoop, Path path) throws IOException {
    return ResolvedPath.of(path.getFileSystem(hadoop), path).toString();
  }

  private static boolean isLocal(Path path) {
    return "file".equals(path.toUri().getScheme());
  }

  /** A path for messages: of the local file system without a scheme. */
  static String shown(Path path) {
    return isLocal(path) ? path.toUri().getPath() : path.toString();
  }
}
