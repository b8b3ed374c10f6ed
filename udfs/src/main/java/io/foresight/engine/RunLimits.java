package io.foresight.engine;

import io.foresight.decoding.RowFault;
import io.foresight.reward.RewardSettings;
import io.foresight.settings.Settings;
import java.time.Duration;

/**
 * How long things may take. Immutable.
 *
 * @param row a row, which is an error then; {@code null} for as long as it likes
 * @param stall a task with nothing to show for it, until it says what it waits for; zero: it never
 *     does
 */
record RunLimits(Duration row, Duration stall) {

  /** What is wrong with a row that took longer than it may. */
  RowFault exceeded() {
    return new RowFault(
        RowFault.Kind.TIMEOUT,
        "Cannot finish the row: it took longer than %s. Raise run.row-timeout, or see which reward is slow."
            .formatted(RewardSettings.spelling(row)));
  }

  /** Those of settings. */
  static RunLimits of(Settings settings) {
    Duration row = settings.get(EngineSettings.ROW_TIMEOUT);
    return new RunLimits(row.isZero() ? null : row, settings.get(EngineSettings.STALL_TIMEOUT));
  }
}
