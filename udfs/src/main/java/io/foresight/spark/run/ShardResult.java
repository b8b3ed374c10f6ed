package io.foresight.spark.run;

import java.io.Serializable;

/**
 * What became of a task's work.
 *
 * @param rows rows of its file
 * @param errors those of them that are errors
 * @param failure class of what it failed with; {@code null} if it did not
 * @param message what it failed with
 * @param ends what the run has to end with, since no row and no other attempt would change it;
 *     {@code null} for nothing
 */
record ShardResult(
    Outcome outcome, long rows, long errors, String failure, String message, RunException.Kind ends)
    implements Serializable {

  /** How it ended. */
  enum Outcome {
    /** Its file is there. */
    DONE,
    /** Executors ended whenever they did it. */
    TOOK_EXECUTORS,
    /** It failed as often as a task may. */
    FAILED,
    /** The file system failed as often as a task may. */
    STORAGE
  }

  static ShardResult done(long rows, long errors) {
    return new ShardResult(Outcome.DONE, rows, errors, null, null, null);
  }

  static ShardResult failed(Outcome outcome, Throwable failure) {
    String message = failure.getMessage();
    return new ShardResult(
        outcome,
        0,
        0,
        failure.getClass().getName(),
        message == null ? failure.getClass().getSimpleName() : message,
        failure instanceof RunException run ? run.kind() : null);
  }

  static ShardResult tookExecutors(int executors) {
    return new ShardResult(
        Outcome.TOOK_EXECUTORS,
        0,
        0,
        "",
        "%d executors ended while they did it".formatted(executors),
        null);
  }
}
