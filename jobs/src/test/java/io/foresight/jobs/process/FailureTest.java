package io.foresight.jobs.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.model.text.ModelException;
import io.foresight.settings.SettingsException;
import io.foresight.spark.run.RunException;
import java.io.FileNotFoundException;
import java.io.IOError;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.util.List;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

/** What ends a job, as Spark, Hadoop and Java throw it. */
class FailureTest {

  private static void assertEnds(Throwable thrown, ExitCode code, String words) {
    Failure failure = Failure.of(thrown);
    assertThat(failure.code()).as(failure.message()).isEqualTo(code);
    assertThat(failure.message())
        .contains(words)
        .startsWith("Cannot ")
        .doesNotContain("\tat ")
        .hasLineCount(1);
  }

  private static SparkException spark(String message, Throwable cause) {
    return new SparkException(message, cause);
  }

  @Test
  void aFullDisk() {
    assertEnds(
        spark(
            "Job aborted due to stage failure: Task 4 in stage 9.0 failed 1 times\n\tat a.b\n",
            spark(
                "[TASK_WRITE_FAILED] Task failed while writing rows to file:/out.",
                new IOError(new IOException("No space left on device")))),
        ExitCode.STORAGE,
        "Cannot write file:/out: no space is left. Make room there");
    // From another host the cause comes as text.
    assertEnds(
        spark("Lost task: java.io.IOException: No space left on device\n\tat a.b", null),
        ExitCode.STORAGE,
        "no space is left");
    assertEnds(
        new IOError(new IOException("Disk quota exceeded")), ExitCode.STORAGE, "no space is left");
  }

  @Test
  void aPlaceThatCannotBeWritten() {
    assertEnds(
        spark("aborted", new IOException("Mkdirs failed to create file:/out/_temporary/0")),
        ExitCode.STORAGE,
        "Cannot write: Mkdirs failed to create file:/out/_temporary/0. Check that it can be written");
    assertEnds(
        new FileNotFoundException("/out/x (Read-only file system)"), ExitCode.STORAGE, "Read-only");
    assertEnds(new AccessDeniedException("/out"), ExitCode.STORAGE, "/out");
  }

  @Test
  void aMasterOrExecutorsThatAreGone() {
    // As a reader reports that Spark was stopped under it.
    assertEnds(
        new IllegalArgumentException(
            "Cannot read input: x. Correct it.",
            new IllegalStateException("LiveListenerBus is stopped.")),
        ExitCode.CLUSTER,
        "master");
    assertEnds(
        spark("Job 3 cancelled because SparkContext was shut down", null),
        ExitCode.CLUSTER,
        "master");
    assertEnds(
        spark("Job aborted: ExecutorLostFailure (executor 3 exited)", null),
        ExitCode.CLUSTER,
        "executors were lost");
  }

  @Test
  void memoryThatIsUsedUp() {
    assertEnds(
        new OutOfMemoryError("Java heap space"), ExitCode.CLUSTER, "FORESIGHT_DRIVER_MEMORY");
    assertEnds(
        spark("Lost task 1.3: ExecutorLostFailure (executor 3 exited): exit code 52", null),
        ExitCode.CLUSTER,
        "--executor-memory");
  }

  @Test
  void anInputThatGoesWhileItIsRead() {
    assertEnds(
        spark(
            "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times",
            new FileNotFoundException(
                "File file:/in/a.parquet does not exist\nIt is possible the underlying files have been updated. You can")),
        ExitCode.INPUT,
        "File file:/in/a.parquet does not exist");
  }

  @Test
  void whatIsAUsersToMend() {
    assertEnds(
        spark("aborted", new ModelException("Cannot load model m: no.")), ExitCode.MODELS, "no.");
    assertThat(Failure.of(spark("x", new SettingsException(List.of("decoding.k = 0")))))
        .isEqualTo(new Failure(ExitCode.SETTINGS, "Cannot use the settings:\n  decoding.k = 0"));
  }

  @Test
  void anInterruptionIsNoFaultOfWhatWasDone() {
    for (Exception interrupted :
        List.of(
            new InterruptedException(),
            new RunException(
                RunException.Kind.INPUT, "Cannot read input x.", new ClosedByInterruptException()),
            new IllegalStateException(new InterruptedIOException("interrupted")))) {
      assertEnds(interrupted, ExitCode.INTERNAL, "the job was interrupted");
    }
    // Timeouts have the same parent, and of tasks that were ended Spark says why.
    assertEnds(
        new RunException(
            RunException.Kind.INPUT, "Cannot read input x.", new SocketTimeoutException()),
        ExitCode.INPUT,
        "input x");
    assertEnds(
        spark("x", new ModelException("Cannot load model m: no.", new InterruptedException())),
        ExitCode.MODELS,
        "no.");
  }

  @Test
  void whatIsOurs() {
    assertEnds(
        new IllegalStateException("a\nb"),
        ExitCode.INTERNAL,
        "Cannot finish the job: IllegalStateException: a.");
  }
}
