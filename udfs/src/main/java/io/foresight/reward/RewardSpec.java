package io.foresight.reward;

import io.foresight.settings.Problems;
import io.foresight.settings.Secrets;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

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

  /** Column of the words that must appear, for rewards that name no other. */
  public static final Setting<String> CONCEPTS_COLUMN =
      Setting.text("input.columns.concepts", "concepts").does("The words that must appear");

  /** Column of their alternatives. */
  public static final Setting<String> FORMS_COLUMN =
      Setting.text("input.columns.forms", "forms")
          .does("Alternatives per concept; read if the input has the column");

  /** Definitions by name. */
  public static final Setting<Map<String, Object>> DEFINITIONS =
      Setting.group(
              "rewards",
              Map.of(
                  "concepts",
                  Map.of(
                      "type",
                      "keyword-coverage",
                      "concepts-column",
                      "concepts",
                      "forms-column",
                      "forms")),
              """
              {
                # The words that must appear.
                concepts {
                  type = keyword-coverage
                  concepts-column = ${input.columns.concepts}
                  forms-column = ${input.columns.forms}
                }
              }\
              """)
          .does(
              "Rewards by names of your choice, each with a type and what docs/rewards.md says of it. All have threshold (from which score it is satisfied, and a line passes), mode (gain or level), hard (whether a row is satisfied only if it is), and weight in a weighted sum");

  /** Which of them judge. */
  public static final Setting<List<String>> USE =
      Setting.names("reward.use", "concepts")
          .does(
              "Names of the rewards that judge the output, with commas between them; the most important first");

  /** How they make one. */
  public static final Setting<Combination> COMBINE =
      Setting.choice("reward.combine", Combination.WEIGHTED_SUM)
          .does(
              "How they make one: weighted-sum, product, minimum, lexicographic (in order of use)");

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+");

  /** Declares the settings above. */
  public static final class Declared implements SettingGroup {
    @Override
    public List<Setting<?>> settings() {
      return Setting.declaredIn(RewardSpec.class);
    }
  }

  public static final String DIGEST = "digest";

  /** Copies. */
  public RewardSpec {
    rewards = List.copyOf(rewards);
  }

  /** The rewards that settings ask for, checked; those that cannot be used are left out. */
  public static RewardSpec of(Settings settings, Problems problems) {
    Map<String, Map<String, Object>> defined = new LinkedHashMap<>();
    new TreeMap<>(settings.get(DEFINITIONS))
        .forEach((name, value) -> define(name, value, defined, problems));
    List<Named> used = new ArrayList<>();
    for (String name : settings.get(USE)) {
      if (!defined.containsKey(name)) {
        problems.problem(
            USE,
            "no reward is called %s. Define rewards.%s, or use some of %s."
                .formatted(name, name, String.join(", ", defined.keySet())));
      } else if (used.stream().anyMatch(named -> named.name().equals(name))) {
        problems.problem(USE, "it names %s twice. Name it once.".formatted(name));
      } else {
        used.add(new Named(name, defined.get(name)));
      }
    }
    RewardSpec spec = new RewardSpec(settings.get(COMBINE), used);
    try {
      Rewards.open(spec, TextScorer.Source.ELSEWHERE).close();
    } catch (InvalidRewardsException e) {
      e.problems().forEach(told -> problems.toldProblem(DEFINITIONS.key(), told));
    }
    return spec;
  }

  private static void define(
      String name, Object value, Map<String, Map<String, Object>> defined, Problems problems) {
    String path = DEFINITIONS.key() + "." + name;
    if (!NAME.matcher(name).matches()) {
      problems.toldProblem(
          path, path + ": its name must be of letters, digits, - and _. Rename it.");
    } else if (!(value instanceof Map<?, ?> given) || !given.containsKey("type")) {
      problems.toldProblem(
          path, "%s = %s: it has no type. Give %s.type.".formatted(path, value, path));
    } else {
      if (Secrets.inUri(given.toString())) {
        problems.toldProblem(
            path,
            "%s = %s: it holds credentials. %s".formatted(path, given, Secrets.WHERE_TO_GIVE_THEM));
      }
      Map<String, Object> own = new LinkedHashMap<>();
      given.forEach((key, of) -> own.put(String.valueOf(key), of));
      defined.put(name, own);
    }
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
