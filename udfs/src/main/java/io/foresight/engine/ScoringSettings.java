package io.foresight.engine;

import io.foresight.reward.RewardSpec;
import io.foresight.store.StoreSettings;
import java.io.Serializable;
import java.util.function.UnaryOperator;

/**
 * All that an executor needs to know to score texts. Immutable.
 *
 * @param textColumn column of the texts
 * @param rewards what they are judged by
 * @param store where hosts keep copies of remote models
 * @param device where the rewards' models run
 * @param cacheBytes most memory that the caches of one task's models may take
 * @param limits how long rows may take
 * @param columnPrefix what precedes the names of the columns that are added to the input's; empty
 *     for nothing
 */
public record ScoringSettings(
    String textColumn,
    RewardSpec rewards,
    StoreSettings store,
    DeviceChoice device,
    long cacheBytes,
    RunLimits limits,
    String columnPrefix)
    implements Serializable {

  /** The defaults, for texts in a column. */
  public static ScoringSettings of(String textColumn, RewardSpec rewards) {
    return new ScoringSettings(
        textColumn,
        rewards,
        StoreSettings.defaults(),
        DeviceChoice.AUTO,
        GenerationSettings.CACHE_BYTES,
        RunLimits.defaults(),
        "");
  }

  public ScoringSettings withModels(UnaryOperator<String> elsewhere) {
    return new ScoringSettings(
        textColumn, rewards.withModels(elsewhere), store, device, cacheBytes, limits, columnPrefix);
  }
}
