package io.foresight.jobs.report;

import java.io.File;
import java.util.stream.Stream;

/** The Chromium that is installed here, and what is left undone where there is none. */
final class InstalledBrowser {

  /** {@code null} if it is not installed. */
  static final File CHROMIUM = find("chromium");

  /** {@code null} if it is not installed. */
  static final File DRIVER = find("chromedriver");

  private InstalledBrowser() {}

  static boolean isThere() {
    return CHROMIUM != null && DRIVER != null;
  }

  /** What is not done here, and who does it. */
  static String leftUndone() {
    return "NOT CHECKED HERE: the report's page in a browser (ReportPageBrowserTest), since chromium or chromedriver is not installed. .ci/run installs them and checks it.";
  }

  private static File find(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .map(folder -> new File(folder, program))
        .filter(File::canExecute)
        .findFirst()
        .orElse(null);
  }

  /** The build's last words on it. */
  public static void main(String[] args) {
    if (!isThere()) {
      System.err.println(leftUndone());
    }
  }
}
