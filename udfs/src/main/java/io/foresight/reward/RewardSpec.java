package io.foresight.reward;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The rewards of a run and how they make one, before anything is made of it. Immutable.
 *
 * @param combination how
 * @param rewards by name, the most important first
 */
public record RewardSpec(Combination combination, List<Named> rewards) implements Serializable {

  /**
   * One reward.
   *
   * @param name what messages and {@code constraint_scores} call it
   * @param settings its {@code type}, what all rewards have (weight, threshold, mode, hard), and
   *     what the type has
   */
  public record Named(String name, Map<String, Object> settings) implements Serializable {

    /** Copies. */
    public Named {
      settings = new LinkedHashMap<>(settings);
    }

    private boolean hasModel() {
      return WITH_MODEL.contains(settings.get("type")) && settings.get(MODEL) != null;
    }
  }

  /** The types whose setting {@code model} names a model. */
  private static final Set<String> WITH_MODEL = Set.of("classifier", "reward-model");

  private static final String MODEL = "model";
  public static final String DIGEST = "digest";

  /** Copies. */
  public RewardSpec {
    rewards = List.copyOf(rewards);
  }

  /** Where the models lie that rewards score with, each once. */
  public Set<String> models() {
    Set<String> models = new LinkedHashSet<>();
    for (Named named : rewards) {
      if (named.hasModel()) {
        models.add(named.settings().get(MODEL).toString());
      }
    }
    return models;
  }

  /**
   * What the models must be that rewards name with a digest, by location.
   *
   * @throws InvalidRewardsException if two rewards give one model different ones
   */
  public Map<String, String> digests() {
    Map<String, String> digests = new LinkedHashMap<>();
    for (Named named : rewards) {
      if (named.hasModel() && named.settings().get(DIGEST) != null) {
        String model = named.settings().get(MODEL).toString();
        String digest = named.settings().get(DIGEST).toString();
        String other = digests.putIfAbsent(model, digest);
        if (other != null && !other.equals(digest)) {
          throw new InvalidRewardsException(
              List.of(
                  "rewards.%s.digest = %s: another reward gives the same model the digest %s. Give it one."
                      .formatted(named.name(), digest, other)));
        }
      }
    }
    return digests;
  }

  /** The model that a reward scores with, by the reward's name. */
  public Map<String, String> modelsByReward() {
    Map<String, String> models = new LinkedHashMap<>();
    for (Named named : rewards) {
      if (named.hasModel()) {
        models.put(named.name(), named.settings().get(MODEL).toString());
      }
    }
    return models;
  }

  /**
   * Code of others that rewards run: the jars, or folders of classes, of those that are not ours,
   * and of commands the program and its arguments that are files here.
   *
   * @return by the reward's name and what it is of it, {@code jar} or {@code command.N}
   * @throws InvalidRewardsException if a reward of {@code --jars} cannot be loaded
   */
  public Map<String, Path> code() {
    Map<String, RewardFactory> types = RewardTypes.all();
    Map<String, Path> code = new LinkedHashMap<>();
    for (Named named : rewards) {
      RewardFactory factory = types.get(String.valueOf(named.settings().get("type")));
      if (factory instanceof TimeLimited.Factory theirs) {
        RewardTypes.place(theirs.factory().getClass())
            .ifPresent(jar -> code.put(named.name() + ".jar", jar));
      } else if (factory != null) {
        factory
            .files(new RewardSettings(named.name(), named.settings()))
            .forEach((of, file) -> code.put(named.name() + "." + of, file));
      }
    }
    return code;
  }

  /** The same with the models elsewhere. */
  public RewardSpec withModels(UnaryOperator<String> elsewhere) {
    return new RewardSpec(
        combination,
        rewards.stream()
            .map(
                named -> {
                  Map<String, Object> settings = new LinkedHashMap<>(named.settings());
                  if (named.hasModel()) {
                    settings.computeIfPresent(
                        MODEL, (key, location) -> elsewhere.apply(location.toString()));
                  }
                  return new Named(named.name(), settings);
                })
            .toList());
  }

  /** The rewards of a type. */
  public RewardSpec ofType(String type) {
    return new RewardSpec(
        combination,
        rewards.stream().filter(named -> type.equals(named.settings().get("type"))).toList());
  }

  /** The names, in order. */
  public List<String> names() {
    return rewards.stream().map(Named::name).toList();
  }

  /** One reward of a type, by its name. */
  public static RewardSpec of(String name, Map<String, Object> settings) {
    return new RewardSpec(Combination.WEIGHTED_SUM, List.of(new Named(name, settings)));
  }

  /**
   * Coverage of the words in the columns {@code concepts} and, where there is one, {@code forms}.
   */
  public static RewardSpec keywordCoverage() {
    return of(
        "concepts",
        Map.of("type", "keyword-coverage", "concepts-column", "concepts", "forms-column", "forms"));
  }
}
