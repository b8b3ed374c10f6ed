package io.foresight.spark.run;

import java.io.IOException;
import org.apache.spark.TaskKilledException;

/** Trouble with a run's own files, which is no fault of rows or models. */
final class StorageFault extends RuntimeException {

  private static final long serialVersionUID = 1;

  private StorageFault(Throwable cause) {
    super(reason(cause), cause);
  }

  /** What a file system is asked for. */
  @FunctionalInterface
  interface Access<T> {
    T on() throws IOException;
  }

  /** Does it; what goes wrong meanwhile is storage's fault. */
  static <T> T guarded(Access<T> access) {
    try {
      return access.on();
    } catch (TaskKilledException e) {
      throw e;
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which declares none.
      throw new StorageFault(e);
    }
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && !(cause instanceof IOException)) {
      cause = cause.getCause();
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }
}
