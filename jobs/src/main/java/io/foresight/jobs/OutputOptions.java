package io.foresight.jobs;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options of jobs that write a row per row of their input. */
final class OutputOptions {

  @Option(names = "--output", paramLabel = "P", description = "The same as --set output.path=P.")
  private String output;

  @Option(names = "--limit", paramLabel = "N", description = "Takes the first N rows.")
  private Integer limit;

  @Option(names = "--overwrite", description = "Replaces an output that exists.")
  private boolean overwrite;

  @Option(
      names = "--summary",
      paramLabel = "FILE",
      description = "Writes the figures as one JSON object.")
  private Path summaryFile;

  /** The settings that the options stand for. */
  Map<String, Object> settings() {
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
  Path summaryFile() {
    return summaryFile;
  }
}
