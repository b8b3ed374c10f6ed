package io.foresight.engine;

import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.Precision;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The settings of models, memory and time, and of what is random. */
public final class EngineSettings implements SettingGroup {

  public static final Setting<String> HOME =
      Setting.text("home", ".")
          .reference("\".\"")
          .fromEnvironment("FORESIGHT_HOME")
          .changes(Setting.Effect.NOTHING)
          .does("Folder that the embedded examples lie in");

  public static final Setting<String> TARGET =
      Setting.location("models.target", "examples/target")
          .reference("${home}/examples/target")
          .changes(Setting.Effect.CONTENT)
          .does(
              "The target model p: a folder (config.json, model.safetensors, tokenizer.json) that every host has, a URI that Hadoop knows (hdfs:, s3a:, ...), or spark-files:NAME, shipped by --archives FILE#NAME. No credentials in URIs: they are Hadoop's to find");

  public static final Setting<String> DRAFT =
      Setting.location("models.draft", "examples/draft")
          .reference("${home}/examples/draft")
          .changes(Setting.Effect.CONTENT)
          .does(
              "The draft model q, with the target's vocabulary; read only by strategies that draft");

  public static final Setting<DeviceChoice> DEVICE =
      Setting.choice("models.device", DeviceChoice.AUTO)
          .does("auto (the GPU that Spark assigned, else the CPU), cpu, gpu");

  public static final Setting<Precision> TARGET_PRECISION =
      Setting.choice("models.target-precision", Precision.FP32)
          .changes(Setting.Effect.GENERATION)
          .does("Numbers that p computes with: fp32, bf16, int8 (weights, on the CPU)");

  public static final Setting<Precision> DRAFT_PRECISION =
      Setting.choice("models.draft-precision", Precision.FP32)
          .changes(Setting.Effect.GENERATION)
          .does("The same for q: fp32, bf16, int8");

  public static final Setting<Integer> DRAFT_HEAD =
      Setting.wholeOr(
              "models.draft-head",
              HeadIds.AUTO,
              HeadIds.LEAST,
              Map.of("auto", HeadIds.AUTO, "full", HeadIds.FULL))
          .changes(Setting.Effect.GENERATION)
          .does(
              "Ids that q's head scores: full (all), a number (the most frequent ones, by frequent_ids.txt in q's folder, or else the lowest), auto (16,384 where q has that file and at least 32,768 ids, and the output is the same for any draft; else all)");

  public static final Setting<Long> CACHE_MEMORY =
      Setting.bytes("models.cache-memory", "1g")
          .changes(Setting.Effect.SHARING)
          .does(
              "Most memory that the caches of one task may take, those of rewards' causal models included (beside a target, a quarter of it); a batch that does not fit is made smaller");

  public static final Setting<Boolean> SHARE_PROMPTS =
      Setting.flag("models.share-prompts", true)
          .changes(Setting.Effect.SHARING)
          .does(
              "Whether what prompts of a task begin with alike, 128 tokens or more, is computed once and cached once; what it takes counts towards models.cache-memory, at most a quarter of it");

  public static final Setting<Integer> BATCH =
      Setting.whole("decoding.batch", 0, 0)
          .changes(Setting.Effect.SHARING)
          .does("Rows in flight per task; 0 chooses by the device: 16 on the CPU, 64 on a GPU");

  /** What becomes of choices by a hair. */
  public enum NearTies {
    /** They are made by scores that depend on the row alone. */
    EXACT,
    /** They are counted, and fall as they do. */
    COUNTED
  }

  public static final Setting<NearTies> NEAR_TIES =
      Setting.choice("decoding.near-ties", NearTies.EXACT)
          .changes(Setting.Effect.GENERATION)
          .does(
              "Choices closer than 1e-4, where numbers are exact (fp32 on the CPU): exact (made by scores that depend on the row alone, which takes forwards of their own), counted (left as they fall, which takes none; rows with counters.near_ties above 0 may then differ with decoding.batch and neighbours)");

  public static final Setting<Long> SEED =
      Setting.integer("run.seed", 1)
          .changes(Setting.Effect.GENERATION)
          .does("Seed of everything random");

  public static final Setting<Duration> ROW_TIMEOUT =
      Setting.optionalDuration("run.row-timeout")
          .changes(Setting.Effect.NOTHING)
          .does(
              "Longest that a row may take, such as 30s or 10m; it is an error row of kind timeout then. Empty: as long as it likes");

  public static final Setting<Duration> STALL_TIMEOUT =
      Setting.duration("run.stall-timeout", "10m")
          .changes(Setting.Effect.NOTHING)
          .does(
              "A task of which no token and no row has come for so long logs what it waits for, and goes on; 0: never");

  @Override
  public List<Setting<?>> settings() {
    return Setting.declaredIn(EngineSettings.class);
  }
}
