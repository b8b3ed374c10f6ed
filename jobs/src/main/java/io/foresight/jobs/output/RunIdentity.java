package io.foresight.jobs.output;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.model.checkpoint.Precision;
import io.foresight.reward.RewardSpec;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** All that changes a run's output besides its input, by names that users know. */
public final class RunIdentity {

  /** Where things lie, how much of the machine they may take, and what becomes of failures. */
  private static final Set<String> CHANGES_NO_ROW =
      Set.of(
          "home",
          "input.path",
          "input.limit",
          "input.malformed",
          "input.unfinished",
          "models.draft-digest",
          "models.local-cache",
          "models.local-cache-size",
          "models.target-digest",
          "output.path",
          "output.overwrite",
          "run.shard-rows",
          "run.max-error-fraction",
          "run.row-timeout",
          "run.stall-timeout");

  /** What the digests of their content stand for. */
  private static final Set<String> BY_CONTENT = Set.of("models.target", "models.draft");

  /** How rows share a forward, which changes none of them in fp32. */
  private static final List<String> SHARING = List.of("decoding.batch", "models.cache-memory");

  /** What scoring does not read: how text is generated, and by what. */
  private static final List<String> OF_GENERATION_ALONE =
      List.of(
          "decoding.",
          "models.cache-memory",
          "models.draft-precision",
          "models.target-precision",
          "prompt.",
          "reward.mode",
          "reward.span",
          "reward.threshold",
          "reward.weight",
          "run.seed");

  private RunIdentity() {}

  /**
   * The identity.
   *
   * @param content digests of models and the like, by name
   */
  public static Map<String, String> of(
      String job, JobSettings settings, Map<String, String> content) throws IOException {
    GenerationSettings generation = settings.generation();
    boolean exact =
        generation.targetPrecision() == Precision.FP32
            && generation.draftPrecision() == Precision.FP32;
    Set<String> rewards =
        generation.rewards().rewards().stream()
            .map(RewardSpec.Named::name)
            .collect(Collectors.toSet());
    Map<String, String> identity = new TreeMap<>();
    Config config = ConfigFactory.parseString(settings.resolved());
    config
        .entrySet()
        .forEach(
            entry -> {
              String key = entry.getKey();
              List<String> path = ConfigUtil.splitPath(key);
              boolean left =
                  CHANGES_NO_ROW.contains(key)
                      || BY_CONTENT.contains(key)
                      || (job.equals("score") && isOfGenerationAlone(key))
                      || (exact && SHARING.contains(key))
                      || (key.equals("prompt.chat.now") && !settings.chatTimeGiven())
                      || (path.get(0).equals("rewards") && !rewards.contains(path.get(1)));
              if (!left) {
                identity.put(key, String.valueOf(entry.getValue().unwrapped()));
              }
            });
    identity.putAll(content);
    identity.put("job", job);
    Version.read().forEach((name, value) -> identity.put("code." + name, value));
    return identity;
  }

  private static boolean isOfGenerationAlone(String key) {
    return OF_GENERATION_ALONE.stream()
        .anyMatch(own -> own.endsWith(".") ? key.startsWith(own) : key.equals(own));
  }
}
