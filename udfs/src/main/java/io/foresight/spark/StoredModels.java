package io.foresight.spark;

import io.foresight.engine.EngineSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.reward.InvalidRewardsException;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Problems;
import io.foresight.settings.Settings;
import io.foresight.store.StoreSettings;

/** Where copies of a run's models lie, and what its models are expected to be. */
public final class StoredModels {

  private StoredModels() {}

  /**
   * Of a run that generates.
   *
   * @throws io.foresight.settings.SettingsException with every problem
   */
  public static StoreSettings of(GenerationSettings settings) {
    return of(settings.settings(), settings.rewards());
  }

  /** Of a run that scores; as {@link #of(GenerationSettings)}. */
  public static StoreSettings of(ScoringSettings settings) {
    return of(settings.settings(), settings.rewards());
  }

  private static StoreSettings of(Settings settings, RewardSpec rewards) {
    Problems.Collected problems = new Problems.Collected(settings);
    StoreSettings store = bind(settings, rewards, problems);
    problems.finish();
    return store;
  }

  /** The same; where there is a problem, which is noted, a digest is left out. */
  public static StoreSettings bind(Settings settings, RewardSpec rewards, Problems problems) {
    StoreSettings store =
        StoreSettings.of(
            settings,
            settings.get(EngineSettings.TARGET),
            settings.get(EngineSettings.DRAFT),
            problems);
    try {
      return store.withDigests(rewards.digests());
    } catch (InvalidRewardsException e) {
      e.problems().forEach(told -> problems.toldProblem(RewardSpec.DEFINITIONS.key(), told));
    } catch (IllegalArgumentException e) {
      problems.toldProblem("models", e.getMessage());
    }
    return store;
  }
}
