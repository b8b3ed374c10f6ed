package io.foresight.decoding;

import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;

import io.foresight.settings.Settings;
import java.io.Serializable;

/**
 * From when on a part of a reward passes.
 *
 * @param mode whether it also passes by rising
 * @param threshold tauR, the score from which it passes; -infinity always, +infinity never
 */
public record Criterion(RewardMode mode, double threshold) implements Serializable {

  /** When a hypothesis's reward passes. A finished text is always judged by level. */
  public enum RewardMode {
    /** If it is above the reward of what was generated so far, or reaches the threshold. */
    GAIN,
    /** If it reaches the threshold. */
    LEVEL,
    /** As the reward's own criterion says. */
    AUTO
  }

  /** A score of 1. */
  public static final Criterion ALL = new Criterion(RewardMode.LEVEL, 1);

  /** Checks that both say something. */
  public Criterion {
    if (mode == RewardMode.AUTO || Double.isNaN(threshold)) {
      throw new IllegalArgumentException(
          "Cannot judge by mode %s and threshold %s: a criterion needs a mode and a number"
              .formatted(mode, threshold));
    }
  }

  /** The same, where the settings of a run leave it to the reward. */
  public Criterion under(Settings settings) {
    return new Criterion(
        settings.get(REWARD_MODE) == RewardMode.AUTO ? mode : settings.get(REWARD_MODE),
        Double.isNaN(settings.get(REWARD_THRESHOLD)) ? threshold : settings.get(REWARD_THRESHOLD));
  }
}
