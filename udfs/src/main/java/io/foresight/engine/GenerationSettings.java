package io.foresight.engine;

import static io.foresight.decoding.strategy.CdlhSpeculative.WINDOW;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Strategies;
import io.foresight.engine.prompt.Prompt;
import io.foresight.engine.prompt.PromptSettings;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.Precision;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Problems;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.io.Serializable;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * All that an executor needs to know to decode rows. Immutable.
 *
 * @param settings of models, memory and decoding, and those that others read
 * @param prompt how a row becomes a prompt
 * @param rewards what the output is judged by
 */
public record GenerationSettings(Settings settings, Prompt prompt, RewardSpec rewards)
    implements Serializable {

  /** The defaults, for two models. */
  public static GenerationSettings of(String targetModel, String draftModel) {
    return of(
        Settings.defaults()
            .with(EngineSettings.TARGET, targetModel)
            .with(EngineSettings.DRAFT, draftModel));
  }

  /**
   * What settings say.
   *
   * @throws io.foresight.settings.SettingsException with every problem
   */
  public static GenerationSettings of(Settings settings) {
    Problems.Collected problems = new Problems.Collected(settings);
    GenerationSettings bound = bind(settings, problems);
    problems.finish();
    return bound;
  }

  /** The same; where there is a problem, which is noted, something stands in. */
  public static GenerationSettings bind(Settings settings, Problems problems) {
    return new GenerationSettings(
        settings, PromptSettings.prompt(settings, problems), RewardSpec.of(settings, problems));
  }

  /** Where p lies, as settings or {@link #withModels} give it. */
  public String targetModel() {
    return settings.get(EngineSettings.TARGET);
  }

  /** The same of q; read only by strategies with a draft. */
  public String draftModel() {
    return settings.get(EngineSettings.DRAFT);
  }

  /** Where models run. */
  public DeviceChoice device() {
    return settings.get(EngineSettings.DEVICE);
  }

  /** Dtype of p in memory. */
  public Precision targetPrecision() {
    return settings.get(EngineSettings.TARGET_PRECISION);
  }

  /** Dtype of q in memory. */
  public Precision draftPrecision() {
    return settings.get(EngineSettings.DRAFT_PRECISION);
  }

  /**
   * Ids that q's head scores, as {@link HeadIds#of} takes it. By itself only where the output is
   * the same for any draft.
   */
  public int draftHead() {
    int wanted = settings.get(EngineSettings.DRAFT_HEAD);
    return wanted == HeadIds.AUTO && !Strategies.saysTheSameForAnyDraft(settings)
        ? HeadIds.FULL
        : wanted;
  }

  /** Memory that a task's caches may take, in bytes. */
  public long cacheBytes() {
    return settings.get(EngineSettings.CACHE_MEMORY);
  }

  /** The run's seed; a row's own is derived from it and the row's id. */
  public long seed() {
    return settings.get(EngineSettings.SEED);
  }

  /** How long rows may take. */
  RunLimits limits() {
    return RunLimits.of(settings);
  }

  /**
   * Rows in flight per task. On the CPU more than 16 add waiting and little speed; a GPU is not
   * filled by fewer than 64.
   */
  public int batch(boolean gpu) {
    int batch = settings.get(EngineSettings.BATCH);
    return batch > 0 ? batch : gpu ? 64 : 16;
  }

  /**
   * The settings with the device's defaults. A larger window means fewer forwards over more
   * positions, and more sequences: on the CPU time follows the positions, but for one row alone.
   */
  public Settings decoding(boolean gpu) {
    if (settings.get(WINDOW) > 0) {
      return settings;
    }
    boolean filters = settings.get(DecodingSettings.STRATEGY).equals("cdsl");
    int window = filters ? (gpu || batch(false) == 1 ? 8 : 2) : (gpu ? 16 : 4);
    return settings.with(WINDOW, window);
  }

  /**
   * The same with another value of a setting; of one that prompt or rewards are made of, use {@link
   * #withPrompt} or {@link #withRewards}.
   */
  public <T> GenerationSettings with(Setting<T> setting, T value) {
    return new GenerationSettings(settings.with(setting, value), prompt, rewards);
  }

  /** As {@link #with(Setting, Object)}. */
  public GenerationSettings with(Setting<Long> setting, long value) {
    return with(setting, Long.valueOf(value));
  }

  /** The same, and over it what others have. */
  public GenerationSettings with(Settings others) {
    return new GenerationSettings(settings.with(others), prompt, rewards);
  }

  /** The models that a run reads: p, q if the strategy drafts, and those of rewards. */
  public Set<String> models() {
    Set<String> models = new LinkedHashSet<>();
    models.add(targetModel());
    if (Strategies.of(settings).usesDraft()) {
      models.add(draftModel());
    }
    models.addAll(rewards.models());
    return models;
  }

  /** The same with the models elsewhere. */
  public GenerationSettings withModels(UnaryOperator<String> elsewhere) {
    return with(EngineSettings.TARGET, elsewhere.apply(targetModel()))
        .with(EngineSettings.DRAFT, elsewhere.apply(draftModel()))
        .withRewards(rewards.withModels(elsewhere));
  }

  /** The same with other rewards. */
  public GenerationSettings withRewards(RewardSpec other) {
    return new GenerationSettings(settings, prompt, other);
  }

  /** The same with other prompts. */
  public GenerationSettings withPrompt(Prompt other) {
    return new GenerationSettings(settings, other, rewards);
  }
}
