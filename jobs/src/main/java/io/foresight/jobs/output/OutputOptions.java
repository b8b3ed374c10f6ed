package io.foresight.jobs.output;

import io.foresight.jobs.process.TypedCommand;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of jobs that write a row per row of their input. */
public final class OutputOptions {

  @Option(names = "--output", paramLabel = "P", description = "The same as --set output.path=P.")
  private String output;

  @Option(names = "--limit", paramLabel = "N", description = "Takes the first N rows.")
  private Integer limit;

  @Option(
      names = "--overwrite",
      description = "Replaces an output that exists, once the new one is whole.")
  private boolean overwrite;

  @Option(
      names = "--extend",
      description =
          "Goes on with a run whose input has gained rows: those, and only those, are done.")
  private boolean extend;

  @Option(
      names = "--retry",
      paramLabel = "errors",
      description = "Does rows again that are there: those that are errors.")
  private Retry retry;

  @Option(
      names = "--summary",
      paramLabel = "FILE",
      description = "Writes the figures as one JSON object.")
  private Path summaryFile;

  @Option(
      names = "--report",
      description =
          "Writes a report of the run, report.html, report.md and report.json, into _foresight of the output.")
  private boolean report;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec job;

  /** What may be done again. */
  enum Retry {
    errors
  }

  /** Whether rows that the input has gained are to be done. */
  boolean extend() {
    return extend;
  }

  /** Whether error rows that are there are to be done again. */
  boolean retryErrors() {
    return retry == Retry.errors;
  }

  /** Whether a report is to be written. */
  boolean report() {
    return report;
  }

  /** What was typed. */
  String command() {
    return TypedCommand.of(job);
  }

  /** The settings that the options stand for. */
  public Map<String, Object> settings() {
    Map<String, Object> settings = new HashMap<>();
    if (output != null) {
      settings.put("output.path", output);
    }
    if (limit != null) {
      settings.put("input.limit", limit);
    }
    if (overwrite) {
      settings.put("output.overwrite", true);
    }
    return settings;
  }

  /** Where the figures go; {@code null} for nowhere. */
  public Path summaryFile() {
    return summaryFile;
  }
}
