package io.foresight.jobs.process;

import io.foresight.spark.Progress;
import io.foresight.spark.run.Run;
import java.time.Duration;
import java.util.Timer;
import java.util.TimerTask;

/**
 * Shows how far a run is on standard error: one line that is rewritten every second on a terminal,
 * a line every 10 seconds elsewhere.
 */
public final class ProgressLine extends TimerTask {

  /** Set by {@code submit.sh} if standard error is a terminal, which Java itself cannot tell. */
  private static final boolean TERMINAL = System.getenv("FORESIGHT_TERMINAL") != null;

  private final Progress progress;
  private final Run run;
  private final long started = System.nanoTime();

  private ProgressLine(Progress progress, Run run) {
    this.progress = progress;
    this.run = run;
  }

  /** Does {@code work} and shows {@code progress} meanwhile. */
  public static void during(Progress progress, Run run, Runnable work) {
    Timer timer = new Timer("foresight-progress", true);
    int millis = TERMINAL ? 1000 : 10_000;
    timer.scheduleAtFixedRate(new ProgressLine(progress, run), millis, millis);
    try {
      work.run();
    } finally {
      timer.cancel();
      clear();
    }
  }

  /** Makes room for another line. */
  static void clear() {
    if (TERMINAL) {
      System.err.print("\r\u001b[2K");
    }
  }

  @Override
  public void run() {
    if (Interruption.isEnding()) {
      return;
    }
    String line =
        text(progress.snapshot(), run.rowsThere(), run.rows(), (System.nanoTime() - started) / 1e9);
    if (TERMINAL) {
      System.err.print("\r\u001b[2K" + line);
    } else {
      System.err.println(line);
    }
  }

  /**
   * For example "500 of 3000 rows written, 38 in flight, 85 tokens/s, acceptance rate 61 %, 0:42
   * left".
   *
   * @param written rows that are committed, by this driver or before
   * @param total rows that the run is to have
   * @param seconds since this driver began
   */
  static String text(Progress.Snapshot now, long written, long total, double seconds) {
    StringBuilder line = new StringBuilder();
    line.append("%d of %d rows written, %d in flight".formatted(written, total, now.inFlight()));
    if (now.tokens() > 0) {
      line.append(", %.0f tokens/s".formatted(now.tokens() / seconds));
    }
    if (now.drafted() > 0) {
      line.append(", acceptance rate %.0f %%".formatted(100.0 * now.accepted() / now.drafted()));
    }
    if (now.rows() > 0) {
      long open = Math.max(0, total - written - now.inFlight());
      Duration left = Duration.ofSeconds(Math.round(seconds * open / now.rows()));
      line.append(
          left.toHours() > 0
              ? ", %d:%02d:%02d left"
                  .formatted(left.toHours(), left.toMinutesPart(), left.toSecondsPart())
              : ", %d:%02d left".formatted(left.toMinutesPart(), left.toSecondsPart()));
    }
    return line.toString();
  }
}
