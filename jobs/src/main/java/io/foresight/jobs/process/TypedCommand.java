package io.foresight.jobs.process;

import io.foresight.settings.Secrets;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;

/** What was typed to start a job. */
public final class TypedCommand {

  private TypedCommand() {}

  /** As a shell takes it, with what looks like a secret hidden. */
  public static String of(CommandSpec job) {
    List<String> typed = job.root().commandLine().getParseResult().originalArgs();
    return "./submit.sh "
        + Secrets.hidden(
            typed.stream()
                .map(word -> word.matches("[\\w@%+=:,./-]+") ? word : "'" + word + "'")
                .collect(Collectors.joining(" ")));
  }
}
