package io.foresight.launch;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.apache.spark.deploy.SparkSubmit;
import org.slf4j.LoggerFactory;

/**
 * Starts SparkSubmit, and says in one line what it refuses, which it does by stack traces. The
 * build lays this package out beside Spark's jars, since the job's jar is SparkSubmit's to load.
 */
public final class Submit {

  private static final int SETTINGS = 2;
  private static final int CLUSTER = 6;

  private Submit() {}

  /** Takes SparkSubmit's arguments. */
  public static void main(String[] args) {
    try {
      SparkSubmit.main(args);
    } catch (Throwable e) {
      // SparkSubmit is Scala and throws checked exceptions that it does not declare.
      LoggerFactory.getLogger(Submit.class).info("Spark did not start", e);
      String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      System.err.println(
          "Cannot start Spark: %s. Correct the options before \"--\".%s"
              .formatted(
                  reason.lines().findFirst().orElse("").strip().replaceFirst("\\.$", ""),
                  LogFile.sentence()));
      System.exit(code(e));
    }
  }

  /** What to exit with: a cluster that is to run the driver may be out of reach. */
  static int code(Throwable failure) {
    return isOfNetwork(failure) ? CLUSTER : SETTINGS;
  }

  private static boolean isOfNetwork(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof FileNotFoundException || cause instanceof NoSuchFileException) {
        // An option names it.
        return false;
      }
      if (cause instanceof IOException
          || cause.getClass().getSimpleName().contains("ConnectionException")) {
        return true;
      }
    }
    return false;
  }
}
