package io.foresight.launch;

import java.nio.file.Files;
import java.nio.file.Path;

/** The file that keeps what no terminal has to show: stack traces, and all that Spark warns of. */
public final class LogFile {

  /** Set by {@code submit.sh}; {@code conf/log4j2.properties} writes there. */
  private static final String PROPERTY = "foresight.log";

  private LogFile() {}

  /** Whether there is one; a process that {@code submit.sh} did not start logs as it is told. */
  public static boolean isSet() {
    return System.getProperty(PROPERTY) != null;
  }

  /** Names the file, as a sentence to be appended to others; empty if nothing was written there. */
  public static String sentence() {
    return isSet() && Files.exists(Path.of(System.getProperty(PROPERTY)))
        ? " The log " + System.getProperty(PROPERTY) + " has the whole of it."
        : "";
  }
}
