package io.foresight.reward;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends programs whose JVM was killed, which can end nothing any more: a shell that reads from a
 * pipe of the JVM's, and so notices its end, whatever the reason. One per JVM. Thread-safe.
 */
public final class Watchdog {

  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

  /**
   * Reads entries of environments, and at the end of its input ends the processes that have one of
   * them. Most end by themselves when their own input does, so it looks, waits, and then kills;
   * again, since one may just be starting another. A Ctrl-C means all processes of a terminal, but
   * is not for this one.
   */
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      entries=
      while read -r entry; do
        entries="$entries $entry"
      done
      for round in look kill kill kill; do
        found=
        for entry in $entries; do
          for file in $(grep -al "$entry" /proc/[0-9]*/environ 2>/dev/null); do
            found=yes
            pid=${file#/proc/}
            if [ $round = kill ]; then
              kill -9 "${pid%/environ}" 2>/dev/null
            fi
          done
        done
        if [ -z "$found" ]; then
          exit
        fi
        sleep 2
      done
      """;

  private static boolean started;
  private static Process process;
  private static OutputStream input;

  private Watchdog() {}

  /**
   * Ends a program, and all that it starts, soon after this JVM's end.
   *
   * @param entry what only their environments have, as "NAME=value" without blanks
   */
  public static synchronized void watch(String entry) {
    try {
      if (!started) {
        started = true;
        // Not in this folder, which may be one to be removed.
        process =
            new ProcessBuilder("sh", "-c", SCRIPT)
                .directory(new File("/"))
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD)
                .start();
        input = process.getOutputStream();
      }
      if (input != null) {
        input.write((entry + "\n").getBytes(StandardCharsets.US_ASCII));
        input.flush();
      }
    } catch (IOException e) {
      input = null;
      LOG.warn(
          "Cannot watch over programs of rewards: {}. If this process is killed, one that does not heed the end of its input lives on.",
          e.getMessage());
    }
  }

  /** Whether a process is the one that watches, which stays until this JVM's end. */
  public static synchronized boolean is(ProcessHandle handle) {
    return process != null && process.toHandle().equals(handle);
  }
}
