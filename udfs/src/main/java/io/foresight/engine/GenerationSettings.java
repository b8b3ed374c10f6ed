package io.foresight.engine;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.strategy.Strategies;
import io.foresight.model.checkpoint.Precision;
import io.foresight.reward.RewardSpec;
import io.foresight.store.StoreSettings;
import java.io.Serializable;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * All that an executor needs to know to decode rows. Immutable.
 *
 * @param targetModel where p lies: a folder that every host has, a URI that Hadoop knows, or {@code
 *     spark-files:NAME}, which Spark has shipped
 * @param draftModel where q lies; read only by strategies with a draft
 * @param store where hosts keep copies of remote models
 * @param device where models run
 * @param targetPrecision dtype of p in memory
 * @param draftPrecision dtype of q in memory
 * @param batch rows in flight per task; 0 for the device's default
 * @param cacheBytes memory that a task's caches may take, in bytes
 * @param idColumn column of unique ids; {@code null}: an id is derived from each row's content
 * @param prompt how a row becomes a prompt
 * @param rewards what the output is judged by
 * @param seed the run's seed; a row's own is derived from it and the row's id
 * @param decoding strategy and its settings
 * @param limits how long rows may take
 * @param columnPrefix what precedes the names of the columns that are added to the input's; empty
 *     for nothing
 */
public record GenerationSettings(
    String targetModel,
    String draftModel,
    StoreSettings store,
    DeviceChoice device,
    Precision targetPrecision,
    Precision draftPrecision,
    int batch,
    long cacheBytes,
    String idColumn,
    Prompt prompt,
    RewardSpec rewards,
    long seed,
    DecodingSettings decoding,
    RunLimits limits,
    String columnPrefix)
    implements Serializable {

  /** What {@code cacheBytes} is by default. */
  static final long CACHE_BYTES = 1L << 30;

  /** The defaults, for two models; the same as the jobs' {@code reference.conf}. */
  public static GenerationSettings of(String targetModel, String draftModel) {
    return new GenerationSettings(
        targetModel,
        draftModel,
        StoreSettings.defaults(),
        DeviceChoice.AUTO,
        Precision.FP32,
        Precision.FP32,
        0,
        CACHE_BYTES,
        "id",
        new PromptTemplate("{concepts} ="),
        RewardSpec.keywordCoverage(),
        1,
        DecodingSettings.defaults(),
        RunLimits.defaults(),
        "");
  }

  /**
   * Rows in flight per task. On the CPU more than 16 add waiting and little speed; a GPU is not
   * filled by fewer than 64.
   */
  public int batch(boolean gpu) {
    return batch > 0 ? batch : gpu ? 64 : 16;
  }

  /**
   * The strategy's settings with the device's defaults. A larger window of {@code cdlh-speculative}
   * means fewer forwards over more positions; from 4 on the CPU's time follows the positions.
   */
  public DecodingSettings decoding(boolean gpu) {
    return decoding.window() > 0 ? decoding : decoding.toBuilder().window(gpu ? 16 : 4).build();
  }

  /** These, to be changed. */
  Builder toBuilder() {
    return new Builder(this);
  }

  /** Settings in the making; of one thread. */
  static final class Builder {

    private final GenerationSettings from;
    private String targetModel;
    private String draftModel;
    private DeviceChoice device;
    private int batch;
    private long cacheBytes;
    private Prompt prompt;
    private RewardSpec rewards;
    private DecodingSettings decoding;
    private RunLimits limits;

    private Builder(GenerationSettings from) {
      this.from = from;
      targetModel = from.targetModel;
      draftModel = from.draftModel;
      device = from.device;
      batch = from.batch;
      cacheBytes = from.cacheBytes;
      prompt = from.prompt;
      rewards = from.rewards;
      decoding = from.decoding;
      limits = from.limits;
    }

    Builder models(String target, String draft) {
      targetModel = target;
      draftModel = draft;
      return this;
    }

    Builder device(DeviceChoice other) {
      device = other;
      return this;
    }

    Builder batch(int other) {
      batch = other;
      return this;
    }

    Builder cacheBytes(long other) {
      cacheBytes = other;
      return this;
    }

    Builder prompt(Prompt other) {
      prompt = other;
      return this;
    }

    Builder rewards(RewardSpec other) {
      rewards = other;
      return this;
    }

    public Builder decoding(DecodingSettings other) {
      decoding = other;
      return this;
    }

    Builder limits(RunLimits other) {
      limits = other;
      return this;
    }

    GenerationSettings build() {
      return new GenerationSettings(
          targetModel,
          draftModel,
          from.store,
          device,
          from.targetPrecision,
          from.draftPrecision,
          batch,
          cacheBytes,
          from.idColumn,
          prompt,
          rewards,
          from.seed,
          decoding,
          limits,
          from.columnPrefix);
    }
  }

  /** The same with other memory for the caches, in bytes. */
  public GenerationSettings withCacheBytes(long other) {
    return toBuilder().cacheBytes(other).build();
  }

  /** The same with another strategy or other settings of it. */
  public GenerationSettings withDecoding(DecodingSettings other) {
    return toBuilder().decoding(other).build();
  }

  /** The models that a run reads: p, q if the strategy drafts, and those of rewards. */
  public Set<String> models() {
    Set<String> models = new LinkedHashSet<>();
    models.add(targetModel);
    if (Strategies.of(decoding).usesDraft()) {
      models.add(draftModel);
    }
    models.addAll(rewards.models());
    return models;
  }

  /** The same with the models elsewhere. */
  public GenerationSettings withModels(UnaryOperator<String> elsewhere) {
    return toBuilder()
        .models(elsewhere.apply(targetModel), elsewhere.apply(draftModel))
        .rewards(rewards.withModels(elsewhere))
        .build();
  }

  /** The same with other rewards. */
  public GenerationSettings withRewards(RewardSpec other) {
    return toBuilder().rewards(other).build();
  }

  /** The same with other limits of time. */
  public GenerationSettings withLimits(RunLimits other) {
    return toBuilder().limits(other).build();
  }

  /** The same with other prompts. */
  public GenerationSettings withPrompt(Prompt other) {
    return toBuilder().prompt(other).build();
  }
}
