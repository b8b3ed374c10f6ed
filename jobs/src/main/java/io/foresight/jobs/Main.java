package io.foresight.jobs;

import io.foresight.jobs.benchmark.BenchmarkJob;
import io.foresight.jobs.curate.CurateJob;
import io.foresight.jobs.evaluate.EvaluateJob;
import io.foresight.jobs.generate.GenerateJob;
import io.foresight.jobs.inspect.CheckStrategyJob;
import io.foresight.jobs.inspect.InspectJob;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.process.Failure;
import io.foresight.jobs.process.Interruption;
import io.foresight.jobs.process.ProcessFolder;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.score.ScoreJob;
import io.foresight.jobs.settings.SettingsJob;
import io.foresight.jobs.train.DrawPromptsJob;
import io.foresight.jobs.train.PerturbJob;
import io.foresight.jobs.train.RankIdsJob;
import io.foresight.jobs.train.TrainClassifierJob;
import io.foresight.jobs.train.TrainJob;
import io.foresight.launch.LogFile;
import io.foresight.settings.Secrets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The jobs that {@code submit.sh} starts. They end with an {@link ExitCode}. */
@Command(
    name = "submit.sh",
    description = "Constrained LLM generation with speculative lookaheads, on Apache Spark.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      GenerateJob.class,
      ScoreJob.class,
      EvaluateJob.class,
      CurateJob.class,
      BenchmarkJob.class,
      InspectJob.class,
      CheckStrategyJob.class,
      SettingsJob.class,
      TrainJob.class,
      TrainClassifierJob.class,
      DrawPromptsJob.class,
      PerturbJob.class,
      RankIdsJob.class
    })
public final class Main {

  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private static volatile boolean ended;

  private Main() {}

  /**
   * Runs a job and exits with its code, unless it is 0: Spark ends a successful application itself.
   */
  public static void main(String[] args) {
    Interruption.listen();
    ProcessFolder.removeAtExit();
    Runtime.getRuntime().addShutdownHook(new Thread(Main::explain, "foresight-why"));
    int code = run(args);
    ended = true;
    if (code != 0) {
      System.exit(code);
    }
  }

  /** Runs a job and returns its exit code. */
  public static int run(String... args) {
    try {
      return new CommandLine(new Main())
          .setParameterExceptionHandler((exception, parsed) -> refuse(exception))
          .setExecutionExceptionHandler((exception, command, parsed) -> report(exception))
          .execute(args);
    } catch (Error e) {
      // picocli lets these through: memory that is used up, a file system of Hadoop's that fails.
      return report(e);
    }
  }

  /** As picocli does, but for secrets that stand where they do not belong. */
  private static int refuse(ParameterException exception) {
    CommandLine command = exception.getCommandLine();
    command.getErr().println(Secrets.hidden(exception.getMessage()));
    if (!UnmatchedArgumentException.printSuggestions(exception, command.getErr())) {
      command.usage(command.getErr());
    }
    return ExitCode.SETTINGS.code();
  }

  /** Says what a user can act on; the log has everything. */
  private static int report(Throwable thrown) {
    if (LogFile.isSet()) {
      LOG.info("The job ended", thrown);
    }
    if (Interruption.isEnding()) {
      // It failed because Spark stops, of which a user has been told.
      return ExitCode.INTERNAL.code();
    }
    Failure failure = Failure.of(thrown);
    if (failure.code() == ExitCode.INTERNAL && !LogFile.isSet()) {
      LOG.error("The job ended", thrown);
    }
    System.err.println(failure.message());
    return failure.code().code();
  }

  /** Spark ends a process whose memory is used up, and says so in the log alone. */
  private static void explain() {
    if (!ended && !Interruption.isSignalled()) {
      System.err.println(Failure.MORE_MEMORY + LogFile.sentence());
    }
  }
}
