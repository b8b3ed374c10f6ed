package io.foresight.jobs;

import io.foresight.model.ModelException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The jobs that {@code submit.sh} starts. Exit codes: 0 done, 1 failed, 2 wrong command line or
 * settings.
 */
@Command(
    name = "submit.sh",
    description = "Constrained LLM generation with speculative lookaheads, on Apache Spark.",
    mixinStandardHelpOptions = true,
    subcommands = {GenerateJob.class})
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

  static int run(String... args) {
    return new CommandLine(new Main())
        .setExecutionExceptionHandler(
            (exception, command, parsed) -> {
              boolean users =
                  exception instanceof SettingsException
                      || exception instanceof ModelException
                      || exception instanceof IllegalArgumentException;
              if (users) {
                System.err.println(exception.getMessage());
              } else {
                exception.printStackTrace(System.err);
              }
              return exception instanceof SettingsException ? 2 : 1;
            })
        .execute(args);
  }
}
