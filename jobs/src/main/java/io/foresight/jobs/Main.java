package io.foresight.jobs;

import io.foresight.jobs.input.InputReader;
import io.foresight.decoding.RowFault;
import io.foresight.jobs.train.TrainClassifierJob;
import io.foresight.jobs.train.TrainJob;
import io.foresight.model.ModelException;
import io.foresight.spark.Secrets;
import io.foresight.spark.run.RunException;
import org.apache.spark.SparkException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The jobs that {@code submit.sh} starts. Exit codes: 0 done, 1 failed, 2 wrong command line or
 * settings.
 */
@Command(
    name = "submit.sh",
    description = "Constrained LLM generation with speculative lookaheads, on Apache Spark.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      GenerateJob.class,
      ScoreJob.class,
      BenchmarkJob.class,
      InspectJob.class,
      TrainJob.class,
      TrainClassifierJob.class
    })
public final class Main {

  private Main() {}

  /**
   * Runs a job and exits with its code, unless it is 0: Spark ends a successful application itself.
   */
  public static void main(String[] args) {
    int code = run(args);
    if (code != 0) {
      System.exit(code);
    }
  }

  /** Runs a job and returns its exit code. */
  public static int run(String... args) {
    return new CommandLine(new Main())
        .setParameterExceptionHandler((exception, parsed) -> refuse(exception))
        .setExecutionExceptionHandler((exception, command, parsed) -> report(exception))
        .execute(args);
  }

  /** As picocli does, but for secrets that stand where they do not belong. */
  private static int refuse(ParameterException exception) {
    CommandLine command = exception.getCommandLine();
    command.getErr().println(Secrets.hidden(exception.getMessage()));
    if (!UnmatchedArgumentException.printSuggestions(exception, command.getErr())) {
      command.usage(command.getErr());
    }
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  /** Says what a user can act on in one line, and everything about what only we can. */
  private static int report(Exception exception) {
    RunException ended = InputReader.problem(exception);
    if (ended != null) {
      System.err.println(ended.getMessage());
      return ExitCode.of(ended.kind()).code();
    }
    for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
      if (cause instanceof SettingsException) {
        System.err.println(cause.getMessage());
        return 2;
      }
      if (cause instanceof ModelException
          || cause instanceof RowFault
          || (cause == exception && cause instanceof IllegalArgumentException)) {
        System.err.println(cause.getMessage());
        return 1;
      }
    }
    if (exception instanceof SparkException) {
      System.err.println("Cannot finish the job: Spark gave up. The cause follows.");
    }
    exception.printStackTrace(System.err);
    return 1;
  }
}
