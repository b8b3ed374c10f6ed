package io.foresight.spark.run;

import java.io.Serializable;
import java.util.List;

/**
 * What became of a task's work.
 *
 * @param rows rows of its file, or that it was to do
 * @param errors those of them that are errors
 * @param failure class of what it failed with; {@code null} if it did not
 * @param message what it failed with
 * @param ends what the run has to end with, since no row and no other attempt would change it;
 *     {@code null} for nothing
 * @param marks names of the marks that it was given up for
 */
record ShardResult(
    Outcome outcome,
    long rows,
    long errors,
    String failure,
    String message,
    RunException.Kind ends,
    List<String> marks)
    implements Serializable {

  /** How it ended. */
  enum Outcome {
    /** Its file is there. */
    DONE,
    /** Executors ended whenever they did it. */
    TOOK_EXECUTORS,
    /** It was given up for marks of executors that live or ended for another reason. */
    MISTAKEN,
    /** It failed as often as a task may. */
    FAILED,
    /** The file system failed as often as a task may. */
    STORAGE
  }

  static ShardResult done(long rows, long errors) {
    return new ShardResult(Outcome.DONE, rows, errors, null, null, null, List.of());
  }

  static ShardResult failed(Outcome outcome, long rows, Throwable failure) {
    String message = failure.getMessage();
    return new ShardResult(
        outcome,
        rows,
        0,
        failure.getClass().getName(),
        message == null ? failure.getClass().getSimpleName() : message,
        failure instanceof RunException run ? run.kind() : null,
        List.of());
  }

  static ShardResult tookExecutors(long rows, List<String> marks) {
    return new ShardResult(
        Outcome.TOOK_EXECUTORS,
        rows,
        0,
        "",
        "%d executors ended while they did it".formatted(ShardWork.executors(marks).size()),
        null,
        marks);
  }

  /** The same, of marks of which some say nothing of it. */
  ShardResult mistaken(List<String> nothing) {
    return new ShardResult(Outcome.MISTAKEN, rows, errors, failure, message, ends, nothing);
  }
}
