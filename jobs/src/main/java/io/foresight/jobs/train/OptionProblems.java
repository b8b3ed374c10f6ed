package io.foresight.jobs.train;

import io.foresight.settings.SettingsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is wrong with a training job's options, collected so that all of it is told at once. */
final class OptionProblems {

  private final List<String> problems = new ArrayList<>();

  /**
   * Takes note of an option that is not valid.
   *
   * @param right what it must be, in words
   */
  void require(boolean valid, String option, Object value, String right) {
    if (!valid) {
      problems.add("%s %s: it must be %s.".formatted(option, value, right));
    }
  }

  void requireAtLeast(long least, String option, long value) {
    require(value >= least, option, value, "at least " + least);
  }

  /** A file that need not be given, but must exist if it is. */
  void requireFile(String option, Path file) {
    require(file == null || Files.isRegularFile(file), option, file, "a file that exists");
  }

  /** What both kinds of training are steered by. */
  void requireRecipe(double rate, int epochs, int warmup, double dropout, double weightDecay) {
    requireAtLeast(1, "--epochs", epochs);
    require(rate > 0 && rate < 1, "--rate", rate, "above 0 and below 1");
    requireAtLeast(0, "--warmup", warmup);
    require(dropout >= 0 && dropout < 1, "--dropout", dropout, "in [0, 1)");
    require(weightDecay >= 0 && weightDecay < 1, "--weight-decay", weightDecay, "in [0, 1)");
  }

  /**
   * Ends the checks.
   *
   * @throws SettingsException if there were problems
   */
  void finish() {
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }
}
