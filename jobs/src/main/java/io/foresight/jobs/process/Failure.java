package io.foresight.jobs.process;

import io.foresight.decoding.RowFault;
import io.foresight.jobs.input.InputReader;
import io.foresight.launch.LogFile;
import io.foresight.model.text.ModelException;
import io.foresight.settings.Secrets;
import io.foresight.settings.SettingsException;
import io.foresight.spark.run.RunException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What ended a job, in words that its user can act on. What comes from executors comes as text, and
 * Hadoop tells by text what the operating system told it; so text is looked at, the chain of causes
 * with it.
 *
 * @param message without the end of line; may have several
 */
public record Failure(ExitCode code, String message) {

  /** What a driver sees when its application is no more: its context was stopped under it. */
  private static final Pattern STOPPED =
      Pattern.compile(
          "LiveListenerBus is stopped|stopped SparkContext|SparkContext (?:was|has been) shut ?down"
              + "|SparkContext is stopped|All masters are unresponsive");

  private static final Pattern MEMORY =
      Pattern.compile(
          "java\\.lang\\.OutOfMemoryError|OOMKilled|exit code:? (?:52|137)|beyond physical memory limits");

  private static final Pattern EXECUTORS =
      Pattern.compile("ExecutorLostFailure|Max number of executor failures");

  private static final Pattern FULL =
      Pattern.compile("No space left on device|Disk quota exceeded|There is not enough space");

  private static final Pattern REFUSED =
      Pattern.compile(
          "Read-only file system|Permission denied|Mkdirs failed to create|Input/output error"
              + "|AccessControlException|AccessDenied");

  private static final Pattern WRITTEN = Pattern.compile("writing rows to (\\S+?)\\.?(?:\\s|$)");

  /** Sorts what a job threw. */
  public static Failure of(Throwable thrown) {
    if (RunException.isOfInterruption(thrown)) {
      return new Failure(
          ExitCode.of(RunException.Kind.INTERRUPTED),
          "Cannot go on: the job was interrupted. What is written is kept; give the same command again.");
    }
    List<Throwable> chain = new ArrayList<>();
    for (Throwable cause = thrown;
        cause != null && !chain.contains(cause);
        cause = cause.getCause()) {
      chain.add(cause);
    }
    for (Throwable cause : chain) {
      if (cause instanceof SettingsException) {
        return new Failure(ExitCode.SETTINGS, cause.getMessage());
      }
      if (cause instanceof RunException run) {
        return new Failure(ExitCode.of(run.kind()), run.getMessage());
      }
      if (cause instanceof ModelException) {
        return new Failure(ExitCode.MODELS, cause.getMessage());
      }
      if (cause instanceof RowFault) {
        return new Failure(ExitCode.INTERNAL, cause.getMessage());
      }
    }
    RunException input = InputReader.problem(thrown);
    if (input != null) {
      return new Failure(ExitCode.INPUT, input.getMessage());
    }
    String text = chain.stream().map(Throwable::toString).collect(Collectors.joining("\n"));
    if (MEMORY.matcher(text).find()) {
      return new Failure(ExitCode.CLUSTER, MORE_MEMORY + LogFile.sentence());
    }
    if (FULL.matcher(text).find()) {
      return storage(
          text,
          "no space is left",
          "Make room there, and where Spark keeps temporary files (%s)"
              .formatted(System.getProperty("java.io.tmpdir")));
    }
    if (REFUSED.matcher(text).find()) {
      Throwable last = chain.get(chain.size() - 1);
      return storage(text, Secrets.reason(last), "Check that it can be written");
    }
    if (STOPPED.matcher(text).find()) {
      return new Failure(
          ExitCode.CLUSTER,
          "Cannot go on: Spark's master %s is gone, or ended this application. See that it runs, and give the same command again.%s"
              .formatted(System.getProperty("spark.master", ""), LogFile.sentence()));
    }
    if (EXECUTORS.matcher(text).find()) {
      return new Failure(
          ExitCode.CLUSTER,
          "Cannot go on: executors were lost again and again. See their own logs, give them more memory (--executor-memory, spark.executor.memoryOverhead), and give the same command again.%s"
              .formatted(LogFile.sentence()));
    }
    if (thrown instanceof IllegalArgumentException) {
      return new Failure(ExitCode.INTERNAL, Secrets.hidden(String.valueOf(thrown.getMessage())));
    }
    if (thrown instanceof FileSystemException file) {
      String reason = file instanceof NoSuchFileException ? "there is none" : file.getReason();
      return new Failure(
          ExitCode.STORAGE,
          "Cannot use file %s: %s. Check the path.%s"
              .formatted(
                  file.getFile(),
                  reason == null ? file.getClass().getSimpleName() : reason,
                  LogFile.sentence()));
    }
    return new Failure(
        ExitCode.INTERNAL,
        "Cannot finish the job: %s: %s.%s"
            .formatted(
                thrown.getClass().getSimpleName(),
                Secrets.reason(thrown).replaceFirst("\\.$", ""),
                LogFile.sentence()));
  }

  /** What to do where the memory of a process is used up. */
  public static final String MORE_MEMORY =
      "Cannot go on: the memory of the driver or of an executor is used up. Give more (FORESIGHT_DRIVER_MEMORY=4g, or --driver-memory and --executor-memory before \"--\"), or set a smaller decoding.batch.";

  private static Failure storage(String text, String reason, String remedy) {
    Matcher written = WRITTEN.matcher(text);
    String what = written.find() ? "write " + written.group(1) : "write";
    return new Failure(
        ExitCode.STORAGE,
        "Cannot %s: %s. %s, and give the same command again.%s"
            .formatted(what, reason.replaceFirst("\\.$", ""), remedy, LogFile.sentence()));
  }
}
