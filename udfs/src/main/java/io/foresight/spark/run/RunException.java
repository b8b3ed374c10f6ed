package io.foresight.spark.run;

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

  /** What has to be mended. */
  public Kind kind() {
    return kind;
  }
}
