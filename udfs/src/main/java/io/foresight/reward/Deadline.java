package io.foresight.reward;

import io.foresight.decoding.RowFault;
import java.time.Duration;

/**
 * Until when a judgement may take: the one clock of all that stops a reward. What stops differs by
 * what can be stopped: code of others is interrupted and then abandoned ({@link TimeLimited}), a
 * schema's validator looks at the clock itself as it goes on, and a program's process is ended.
 * Immutable.
 *
 * @param started by the JVM's nano time
 * @param limit from then on
 */
public record Deadline(long started, Duration limit) {

  /** From now on. */
  public static Deadline in(Duration limit) {
    return new Deadline(System.nanoTime(), limit);
  }

  /** The same limit, from now on. */
  public Deadline again() {
    return in(limit);
  }

  /** When it passes, by the JVM's nano time. */
  public long end() {
    return started + limit.toNanos();
  }

  /** Nanoseconds that are left; negative once it has passed. */
  public long left() {
    return end() - System.nanoTime();
  }

  /** Whether it has passed. */
  public boolean hasPassed() {
    return left() <= 0;
  }

  /**
   * The fault of the row whose judgement was not there in time.
   *
   * @param what did not end, as a sentence's beginning: "it did not answer"
   * @param todo what the user can do, a sentence
   */
  public RowFault fault(String what, String todo, Throwable cause) {
    return new RowFault(RowFault.Kind.REWARD, reason(what, todo), cause);
  }

  /** The same in words. */
  public String reason(String what, String todo) {
    return "%s within %s%s".formatted(what, RewardSettings.spelling(limit), todo);
  }
}
