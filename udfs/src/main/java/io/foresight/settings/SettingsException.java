package io.foresight.settings;

import java.util.List;

/** Settings that cannot be used; the message holds every problem, one a line, and no secret. */
public final class SettingsException extends RuntimeException {

  private static final long serialVersionUID = 1;

  public SettingsException(List<String> problems) {
    super(Secrets.hidden("Cannot use the settings:\n  " + String.join("\n  ", problems)));
  }
}
