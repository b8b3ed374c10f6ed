package io.foresight.jobs.settings;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import io.foresight.reward.Combination;
import io.foresight.reward.InvalidRewardsException;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.TextScorer;
import io.foresight.store.Secrets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads {@code rewards}, which defines them by name, and {@code reward.use}, which chooses. */
final class RewardReader {

  private static final String DEFINITIONS = "rewards";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+");

  private RewardReader() {}

  /** Reads and checks them; problems are the reader's. */
  static RewardSpec read(SettingsReader reader) {
    Map<String, Map<String, Object>> defined = new LinkedHashMap<>();
    // That it is something else, the reader has told.
    if (reader.config().root().get(DEFINITIONS) instanceof ConfigObject definitions) {
      definitions.forEach((name, value) -> define(reader, name, value, defined));
    }
    List<RewardSpec.Named> used = new ArrayList<>();
    for (String name : reader.names("reward.use")) {
      if (!defined.containsKey(name)) {
        reader.problem(
            "reward.use",
            "no reward is called %s. Define rewards.%s, or use some of %s."
                .formatted(name, name, String.join(", ", defined.keySet())));
      } else if (used.stream().anyMatch(named -> named.name().equals(name))) {
        reader.problem("reward.use", "it names %s twice. Name it once.".formatted(name));
      } else {
        used.add(new RewardSpec.Named(name, defined.get(name)));
      }
    }
    RewardSpec spec = new RewardSpec(reader.choice("reward.combine", Combination.class), used);
    try {
      Rewards.open(spec, TextScorer.Source.ELSEWHERE).close();
    } catch (InvalidRewardsException e) {
      e.problems().forEach(told -> reader.toldProblem(DEFINITIONS, told));
    }
    return spec;
  }

  private static void define(
      SettingsReader reader,
      String name,
      ConfigValue value,
      Map<String, Map<String, Object>> defined) {
    String path = DEFINITIONS + "." + name;
    if (!NAME.matcher(name).matches()) {
      // Told in full, since such a name may be no path to look its value up by.
      reader.toldProblem(path, path + ": its name must be of letters, digits, - and _. Rename it.");
    } else if (!(value instanceof ConfigObject settings) || !settings.containsKey("type")) {
      reader.problem(path, "it has no type. Give %s.type.".formatted(path));
    } else {
      if (Secrets.inUri(value.render())) {
        reader.problem(path, "it holds credentials. " + Secrets.WHERE_TO_GIVE_THEM);
      }
      defined.put(name, settings.unwrapped());
    }
  }
}
