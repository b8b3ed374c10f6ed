package io.foresight.jobs.process;

import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.apache.hadoop.service.launcher.IrqHandler;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * What Ctrl-C and SIGTERM do: the first ends the process in order, within seconds, and says how to
 * go on; the second ends it at once. Thread-safe.
 */
public final class Interruption {

  /** What an end in order may take; what has not ended by then is cut off. */
  private static final long MOST_MILLIS = 10_000;

  private static final int SIGNALLED = 128;
  private static final int CTRL_C = 2;
  private static final int TERM = 15;

  private static volatile boolean signalled;
  private static volatile Supplier<String> advice = () -> "";

  private Interruption() {}

  /** Takes over the two signals; a process that was started to ignore one goes on ignoring it. */
  public static void listen() {
    listen(IrqHandler.CONTROL_C, "Ctrl-C", SIGNALLED + CTRL_C);
    listen(IrqHandler.SIGTERM, "SIGTERM", SIGNALLED + TERM);
  }

  private static void listen(String signal, String spelling, int code) {
    new IrqHandler(signal, interrupt -> end(spelling, code)).bind();
  }

  /**
   * Does some work.
   *
   * @param further what a user is told if a signal ends it, such as how to go on; called from
   *     another thread
   */
  public static <T> T during(Supplier<String> further, Callable<T> work) throws Exception {
    Supplier<String> before = advice;
    advice = further;
    try {
      return work.call();
    } finally {
      if (!signalled) {
        advice = before;
      }
    }
  }

  /** Whether the process is ending, so that whatever fails now fails of that. */
  public static boolean isEnding() {
    return signalled || ShutdownHookManager.get().isShutdownInProgress();
  }

  /** Whether a signal ends the process. */
  public static boolean isSignalled() {
    return signalled;
  }

  /** On a thread of the signal's own. */
  private static void end(String spelling, int code) {
    synchronized (Interruption.class) {
      if (signalled) {
        Runtime.getRuntime().halt(code);
      }
      signalled = true;
    }
    // First, since nobody may be reading what is said, or the advice may not come.
    Thread limit = new Thread(() -> haltAfter(code), "foresight-end");
    limit.setDaemon(true);
    limit.start();
    try {
      say(spelling);
    } finally {
      System.exit(code);
    }
  }

  private static void say(String spelling) {
    ProgressLine.clear();
    System.err.println(
        "Interrupted by %s: ending. The next one ends it at once.".formatted(spelling));
    String further = advice.get();
    if (!further.isEmpty()) {
      System.err.println(further);
    }
  }

  private static void haltAfter(int code) {
    try {
      Thread.sleep(MOST_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(code);
  }
}
