package io.foresight.engine;

import io.foresight.model.ForwardScheduler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after a task from a thread of its own: if its rows in flight commit no token and none of
 * them finishes for long, it logs what they wait for, with their stacks, and again each time that
 * it has been as long again. It ends nothing. Thread-safe.
 */
final class StallWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StallWatch.class);

  private static final String REWARDS = "io.foresight.reward.";

  /** Looks per interval: it is told a tenth late at most. */
  private static final int LOOKS = 10;

  private static final ScheduledExecutorService CLOCK =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work, "foresight-watch");
            thread.setDaemon(true);
            return thread;
          });

  private final long interval;
  private final Consumer<String> log;
  private final Future<?> looking;
  private volatile ForwardScheduler<?, ?> scheduler;
  private volatile long last = System.nanoTime();

  /** How long ago the last progress was when it was told, in intervals. Of the clock's thread. */
  private long told;

  /**
   * Starts.
   *
   * @param interval zero to look at nothing
   */
  StallWatch(Duration interval) {
    this(interval, LOG::warn);
  }

  StallWatch(Duration interval, Consumer<String> log) {
    this.interval = interval.toNanos();
    this.log = log;
    long pause = Math.max(1, this.interval / LOOKS);
    looking =
        interval.isZero()
            ? null
            : CLOCK.scheduleWithFixedDelay(this::look, pause, pause, TimeUnit.NANOSECONDS);
  }

  /** From now on looks after the rows of {@code scheduler}. */
  void over(ForwardScheduler<?, ?> scheduler) {
    progress();
    this.scheduler = scheduler;
  }

  /** Something came of the task. */
  void progress() {
    last = System.nanoTime();
  }

  private void look() {
    ForwardScheduler<?, ?> watched = scheduler;
    if (watched == null || watched.inFlight() == 0) {
      // Nobody wants anything of the task.
      progress();
    }
    long intervals = (System.nanoTime() - last) / interval;
    if (intervals == 0) {
      told = 0;
    } else if (intervals > told) {
      told = intervals;
      log.accept(message(watched, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - last)));
    }
  }

  private static String message(ForwardScheduler<?, ?> watched, long seconds) {
    StringBuilder stacks = new StringBuilder();
    int inRewards = 0;
    List<Thread> threads = watched.threads();
    for (Thread thread : threads) {
      stacks.append("\n\"%s\" %s".formatted(thread.getName(), thread.getState()));
      boolean inReward = false;
      for (StackTraceElement frame : thread.getStackTrace()) {
        stacks.append("\n    at ").append(frame);
        inReward |= frame.getClassName().startsWith(REWARDS);
      }
      inRewards += inReward ? 1 : 0;
    }
    return "No token and no row has come for %d s: %s; %d threads are in a reward.%s"
        .formatted(seconds, watched.state(), inRewards, stacks);
  }

  @Override
  public void close() {
    if (looking != null) {
      looking.cancel(false);
    }
  }
}
