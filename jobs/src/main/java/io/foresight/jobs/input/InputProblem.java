package io.foresight.jobs.input;

import io.foresight.spark.run.RunException;

/** Why no run can be made of an input: {@link RunException}s of kind input. */
final class InputProblem {

  private InputProblem() {}

  /** A reason and what to do, without the dot at the end; who reads the input names it. */
  static ReasonException because(String reason) {
    return new ReasonException(reason);
  }

  /** What cannot be done, why, and what to do. */
  static RunException told(String message) {
    return new RunException(RunException.Kind.INPUT, message);
  }

  /** A reason that wants the name of its input. */
  static final class ReasonException extends RuntimeException {

    private static final long serialVersionUID = 1;

    ReasonException(String reason) {
      super(reason);
    }
  }
}
