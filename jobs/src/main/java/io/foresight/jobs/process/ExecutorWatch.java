package io.foresight.jobs.process;

import java.util.Timer;
import java.util.TimerTask;
import org.apache.spark.SparkContext;

/**
 * Says that a cluster gives no executors, as long as tasks wait for the first one: after half a
 * minute, then after twice as long each time.
 */
final class ExecutorWatch extends TimerTask {

  private static final long CHECK_MILLIS = 5_000;
  private static final int FIRST_SECONDS = 30;

  private final SparkContext context;
  private long waitedFrom = -1;
  private long nextSeconds = FIRST_SECONDS;

  private ExecutorWatch(SparkContext context) {
    this.context = context;
  }

  /** Watches until the context ends. */
  static void start(SparkContext context) {
    new Timer("foresight-executors", true)
        .schedule(new ExecutorWatch(context), CHECK_MILLIS, CHECK_MILLIS);
  }

  @Override
  public void run() {
    if (context.isStopped() || Interruption.isEnding()) {
      cancel();
      return;
    }
    // The driver counts as one.
    boolean waits =
        context.statusTracker().getActiveJobIds().length > 0
            && context.statusTracker().getExecutorInfos().length <= 1;
    String line = waits ? waited(System.nanoTime() / 1_000_000_000) : served();
    if (line != null) {
      ProgressLine.clear();
      System.err.println(line);
    }
  }

  private String served() {
    waitedFrom = -1;
    nextSeconds = FIRST_SECONDS;
    return null;
  }

  /** What to say at a moment of waiting; {@code null} for nothing. */
  private String waited(long now) {
    if (waitedFrom < 0) {
      waitedFrom = now;
    }
    long seconds = now - waitedFrom;
    if (seconds < nextSeconds) {
      return null;
    }
    nextSeconds *= 2;
    return "Waiting for executors of %s: none in %d s. See in the cluster's UI whether it has free cores and memory for them (--executor-memory, --executor-cores), and what their logs say."
        .formatted(context.master(), seconds);
  }
}
