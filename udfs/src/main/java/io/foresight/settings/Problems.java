package io.foresight.settings;

import java.util.ArrayList;
import java.util.List;

/** Takes note of what is wrong with settings, so that all of it is told together. */
public interface Problems {

  /** Notes a problem of a setting's value. */
  void problem(Setting<?> setting, String reason);

  /** Notes a problem of a setting, or of a group of them, that is told in full. */
  void toldProblem(String path, String told);

  /** Those of settings that no file has, and that are thrown together. */
  final class Collected implements Problems {

    private final Settings settings;
    private final List<String> problems = new ArrayList<>();

    /** Of {@code settings}, none so far. */
    public Collected(Settings settings) {
      this.settings = settings;
    }

    @Override
    public void problem(Setting<?> setting, String reason) {
      problems.add("%s = %s: %s".formatted(setting.key(), settings.get(setting), reason));
    }

    @Override
    public void toldProblem(String path, String told) {
      problems.add(told);
    }

    /**
     * Throws if there was any.
     *
     * @throws SettingsException with all of them
     */
    public void finish() {
      if (!problems.isEmpty()) {
        throw new SettingsException(problems);
      }
    }
  }
}
