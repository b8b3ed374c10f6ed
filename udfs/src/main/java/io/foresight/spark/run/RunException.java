package io.foresight.spark.run;

import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import org.apache.spark.SparkException;

/**
 * Why a run cannot start or go on, in words that its user can act on. What is committed by then
 * stays.
 */
public final class RunException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** What has to be mended, which is what a scheduler wants to know. */
  public enum Kind {
    /** The input cannot be read, or has ids that no run can be made of. */
    INPUT,
    /** The output, or where it is to go, cannot be reached or written. */
    STORAGE,
    /** Executors or the master are gone, or cannot do the work. */
    CLUSTER,
    /** More rows are errors than may be. */
    TOO_MANY_ERRORS,
    /** Every row so far is an error, and more than may be. */
    ALL_ERRORS,
    /** What is no row's fault failed as often as it was tried. */
    FAILED,
    /** A run that lives holds the output. */
    HELD,
    /** The output holds something else than this run. */
    TAKEN,
    /** The run was asked to end. */
    INTERRUPTED
  }

  private final Kind kind;

  /**
   * A reason.
   *
   * @param message "Cannot verb object name: reason. What to do."
   */
  public RunException(Kind kind, String message) {
    this(kind, message, null);
  }

  /** The same, with what it came from. */
  public RunException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /**
   * That the calling thread was asked to end, which it then knows of itself again.
   *
   * @param cause what was thrown for it
   */
  public static RunException interrupted(Throwable cause) {
    Thread.currentThread().interrupt();
    return new RunException(
        Kind.INTERRUPTED,
        "Cannot go on: the run was interrupted. What is written is kept, and the same command goes on.",
        cause);
  }

  /** Whether something was thrown because the thread that threw it was asked to end. */
  public static boolean isOfInterruption(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof SparkException) {
        // What is below it was thrown by tasks.
        return false;
      }
      // Of the second kind are timeouts, too, of classes of their own.
      if (cause instanceof InterruptedException
          || cause.getClass().equals(InterruptedIOException.class)
          || cause instanceof ClosedByInterruptException) {
        return true;
      }
    }
    return false;
  }

  /** What has to be mended. */
  public Kind kind() {
    return kind;
  }
}
