package io.foresight.spark;

import io.foresight.decoding.Strategies;
import io.foresight.engine.GenerationSettings;
import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.reward.RewardSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What changes a run's output besides its settings and input: the content of its models, of jars
 * with rewards and of programs that score. Digests are SHA-256 in hexadecimal.
 */
public final class Provenance {

  private Provenance() {}

  /**
   * Of a run that generates, by what each digest is of: {@code models.target}, {@code models.draft}
   * if the strategy drafts, {@code rewards.NAME.model}, {@code rewards.NAME.jar} of rewards in
   * jars, and {@code rewards.NAME.command.N} of each item of a command that is a file on this host.
   *
   * @param settings with models in folders of this host
   * @throws io.foresight.model.text.ModelException if a model cannot be read
   * @throws UncheckedIOException if a jar or program cannot be read
   */
  public static SortedMap<String, String> of(GenerationSettings settings) {
    SortedMap<String, String> digests = of(settings.rewards());
    digests.put("models.target", ModelDigest.of(Path.of(settings.targetModel())));
    if (Strategies.of(settings.settings()).usesDraft()) {
      digests.put("models.draft", ModelDigest.of(Path.of(settings.draftModel())));
    }
    return digests;
  }

  /** Of a run that scores; as {@link #of(GenerationSettings)}. */
  public static SortedMap<String, String> of(RewardSpec rewards) {
    SortedMap<String, String> digests = new TreeMap<>();
    rewards
        .modelsByReward()
        .forEach(
            (name, model) ->
                digests.put("rewards." + name + ".model", ModelDigest.of(Path.of(model))));
    rewards
        .code()
        .forEach(
            (name, file) -> {
              try {
                digests.put("rewards." + name, ModelDigest.ofFile(file));
              } catch (IOException e) {
                throw new UncheckedIOException(
                    "Cannot read %s, which a reward runs: %s. Make it readable."
                        .formatted(file, e.getMessage()),
                    e);
              }
            });
    return digests;
  }
}
