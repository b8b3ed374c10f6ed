package io.foresight.jobs.output;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import io.foresight.engine.EngineSettings;
import io.foresight.engine.EngineSettings.NearTies;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.prompt.PromptSettings;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.model.checkpoint.Precision;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Catalog;
import io.foresight.settings.Setting;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** All that changes a run's output besides its input, by names that users know. */
public final class RunIdentity {

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
            && generation.draftPrecision() == Precision.FP32
            && generation.settings().get(EngineSettings.NEAR_TIES) == NearTies.EXACT;
    Set<String> rewards =
        generation.rewards().rewards().stream()
            .map(RewardSpec.Named::name)
            .collect(Collectors.toSet());
    boolean generates = !job.equals("score") && !job.equals("judge");
    Map<String, String> identity = new TreeMap<>();
    Set<String> unchanging = new HashSet<>();
    for (Setting<?> setting : Catalog.load().settings()) {
      boolean changes =
          switch (setting.effect()) {
            case ROWS -> true;
            case GENERATION -> generates;
            case SHARING -> generates && !exact;
            case CURATION, CONTENT, NOTHING -> false;
          };
      if (!changes) {
        unchanging.add(setting.key());
      }
    }
    ConfigFactory.parseString(settings.resolved())
        .entrySet()
        .forEach(
            entry -> {
              String key = entry.getKey();
              List<String> path = ConfigUtil.splitPath(key);
              boolean left =
                  unchanging.contains(key)
                      || unchanging.stream().anyMatch(group -> key.startsWith(group + "."))
                      || (key.equals(PromptSettings.NOW.key()) && !settings.chatTimeGiven())
                      || (path.get(0).equals(RewardSpec.DEFINITIONS.key())
                          && !rewards.contains(path.get(1)));
              if (!left) {
                identity.put(key, String.valueOf(entry.getValue().unwrapped()));
              }
            });
    identity.putAll(content);
    identity.put("job", job);
    Version.read().forEach((name, value) -> identity.put("code." + name, value));
    return identity;
  }
}
