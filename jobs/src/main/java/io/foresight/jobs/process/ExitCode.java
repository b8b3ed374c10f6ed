package io.foresight.jobs.process;

import io.foresight.spark.run.RunException;

/**
 * What a job tells the scheduler that started it; the same for every job. A job that a signal ended
 * exits with 128 and the signal's number: 130 for Ctrl-C, 143 for SIGTERM.
 */
public enum ExitCode {
  /** All rows are written; some may be errors, no more than {@code run.max-error-fraction}. */
  OK(0),
  /** A fault of Foresight or of what it stands on; the log has the whole of it. */
  INTERNAL(1),
  /** The command line or the settings are wrong. */
  SETTINGS(2),
  /** The input cannot be read, or no run can be made of it. */
  INPUT(3),
  /** A model or its tokenizer cannot be used. */
  MODELS(4),
  /** The output, or another place to write to, cannot be reached or written. */
  STORAGE(5),
  /** The master cannot be reached, or executors cannot do the work. */
  CLUSTER(6),
  /** Rows are written, and every one is an error. */
  ALL_ROWS_FAILED(7),
  /** More rows are errors than {@code run.max-error-fraction}; what is there is kept. */
  TOO_MANY_ERRORS(8),
  /** Another run holds the output, and lives. */
  HELD(9),
  /** The output holds something else than this run. */
  TAKEN(10);

  private final int code;

  ExitCode(int code) {
    this.code = code;
  }

  /** The process's exit status. */
  public int code() {
    return code;
  }

  /** The code of what ended a run. */
  static ExitCode of(RunException.Kind kind) {
    return switch (kind) {
      case INPUT -> INPUT;
      case STORAGE -> STORAGE;
      case CLUSTER -> CLUSTER;
      case TOO_MANY_ERRORS -> TOO_MANY_ERRORS;
      case ALL_ERRORS -> ALL_ROWS_FAILED;
      case HELD -> HELD;
      case TAKEN -> TAKEN;
      case FAILED, INTERRUPTED -> INTERNAL;
    };
  }
}
