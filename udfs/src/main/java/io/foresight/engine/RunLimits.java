package io.foresight.engine;

import io.foresight.decoding.RowFault;
import io.foresight.reward.RewardSettings;
import java.io.Serializable;
import java.time.Duration;

/**
 * How long things may take. Immutable.
 *
 * @param row a row, which is an error then; {@code null} for as long as it likes
 * @param stall a task with nothing to show for it, until it says what it waits for; zero: it never
 *     does
 */
public record RunLimits(Duration row, Duration stall) implements Serializable {

  /** What is wrong with a row that took longer than it may. */
  RowFault exceeded() {
    return new RowFault(
        RowFault.Kind.TIMEOUT,
        "Cannot finish the row: it took longer than %s. Raise run.row-timeout, or see which reward is slow."
            .formatted(RewardSettings.spelling(row)));
  }

  /** The defaults; the same as the jobs' {@code reference.conf}. */
  public static RunLimits defaults() {
    return new RunLimits(null, Duration.ofMinutes(10));
  }
}
