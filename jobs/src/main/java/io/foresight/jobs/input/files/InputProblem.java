package io.foresight.jobs.input.files;

import io.foresight.spark.run.RunException;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.util.zip.ZipException;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.ParquetRuntimeException;

/**
 * Why no run can be made of an input: {@link RunException}s of kind input. That a file cannot be
 * read, and that what was read of it is damaged, is told apart here and nowhere else.
 */
public final class InputProblem {

  private static final String READING = "Encountered error while reading file ";

  /** What Spark says of a file that is not there any more. */
  private static final String GONE = "It is possible the underlying files have been updated";

  private InputProblem() {}

  /** A reason and what to do, without the dot at the end; who reads the input names it. */
  public static ReasonException because(String reason) {
    return new ReasonException(reason);
  }

  /** What cannot be done, why, and what to do. */
  public static RunException told(String message) {
    return new RunException(RunException.Kind.INPUT, message);
  }

  /** A file that the storage does not give. */
  public static RunException unreachable(InputFile file, IOException e) {
    return unreachable(file.shown(), e);
  }

  private static RunException unreachable(String file, Exception e) {
    return new RunException(
        RunException.Kind.INPUT,
        "Cannot read input %s: %s. Check the file and the access to it."
            .formatted(file, Locations.reason(e)),
        e);
  }

  /**
   * What a failed job says of its input, if that made it fail; else null. Files of text, and
   * footers, tell of themselves where they are read; of a Parquet file's rows Spark tells.
   */
  public static RunException whileReading(Throwable failure) {
    Throwable gone = null;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof RunException told) {
        return told;
      }
      // The last one names the file; those around it quote it.
      gone = String.valueOf(cause.getMessage()).contains(GONE) ? cause : gone;
    }
    if (gone != null) {
      return new RunException(
          RunException.Kind.INPUT,
          "Cannot read input: it changed while it was read: %s. Give the same command again when nothing writes to the input."
              .formatted(Locations.reason(gone)),
          failure);
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      int at = message.indexOf(READING);
      if (at >= 0) {
        String file = message.substring(at + READING.length()).split("\\s", 2)[0];
        return ofFile(shown(file), cause);
      }
    }
    return null;
  }

  private static String shown(String file) {
    String path = file.replaceFirst("\\.$", "");
    try {
      return Locations.shown(new Path(URI.create(path)));
    } catch (IllegalArgumentException e) {
      // Spark spells a name that is no URI in some messages; it is good enough to be found.
      return path;
    }
  }

  /** Reads what Spark's reader of Parquet threw: what its own code throws is of the content. */
  private static RunException ofFile(String file, Throwable failure) {
    Throwable last = failure;
    Exception storage = null;
    boolean damaged = false;
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof VirtualMachineError || cause instanceof LinkageError) {
        return null;
      }
      damaged |= isOfContent(cause);
      storage = cause instanceof IOException io && storage == null ? io : storage;
      last = cause;
    }
    if (storage != null && !damaged) {
      return unreachable(file, storage);
    }
    return new RunException(
        RunException.Kind.INPUT,
        "Cannot read input %s: it is damaged (%s). Replace it."
            .formatted(file, Locations.reason(last)),
        failure);
  }

  /** Whether an exception says that bytes, all of which could be read, are not what they should. */
  private static boolean isOfContent(Throwable cause) {
    String name = cause.getClass().getName();
    return cause instanceof ParquetRuntimeException
        || cause instanceof EOFException
        || cause instanceof ZipException
        || name.startsWith("org.xerial.snappy.")
        || name.startsWith("com.github.luben.zstd.")
        || (cause instanceof IOException && isThrownBy(cause, "org.apache.parquet."));
  }

  /** Whether code of a package threw it, and not what that called. */
  private static boolean isThrownBy(Throwable cause, String prefix) {
    StackTraceElement[] frames = cause.getStackTrace();
    return frames.length > 0 && frames[0].getClassName().startsWith(prefix);
  }

  /** A reason that wants the name of its input. */
  public static final class ReasonException extends RuntimeException {

    private static final long serialVersionUID = 1;

    ReasonException(String reason) {
      super(reason);
    }
  }
}
