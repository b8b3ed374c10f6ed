package io.foresight.engine;

import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import java.io.Serializable;
import java.util.function.UnaryOperator;

/**
 * All that an executor needs to know to score texts. Immutable.
 *
 * @param settings of models, memory and time, and those that others read
 * @param textColumn column of the texts
 * @param rewards what they are judged by
 */
public record ScoringSettings(Settings settings, String textColumn, RewardSpec rewards)
    implements Serializable {

  /** The defaults, for texts in a column. */
  public static ScoringSettings of(String textColumn, RewardSpec rewards) {
    return new ScoringSettings(Settings.defaults(), textColumn, rewards);
  }

  /** Where the rewards' models run. */
  public DeviceChoice device() {
    return settings.get(EngineSettings.DEVICE);
  }

  /** Most memory that the caches of one task's models may take, in bytes. */
  public long cacheBytes() {
    return settings.get(EngineSettings.CACHE_MEMORY);
  }

  /** How long rows may take. */
  RunLimits limits() {
    return RunLimits.of(settings);
  }

  /** The same with the models elsewhere. */
  public ScoringSettings withModels(UnaryOperator<String> elsewhere) {
    return new ScoringSettings(settings, textColumn, rewards.withModels(elsewhere));
  }
}
