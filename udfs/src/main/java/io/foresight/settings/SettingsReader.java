package io.foresight.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * Reads settings from files and options and collects every problem, so that all are reported
 * together. Of one thread.
 */
public final class SettingsReader implements Problems {

  private static final int SUGGESTION_DISTANCE = 4;

  /** What needs no quotes to be read. */
  private static final Pattern BARE = Pattern.compile("[\\w./-]+");

  private final Config config;

  /** Where each setting was given that was: a file, {@code --set}, or an option. */
  private final Map<String, String> origins;

  private final List<String> aliases;
  private final List<String> problems = new ArrayList<>();

  /** The settings that problems are of, or the groups. */
  private final Set<String> unsound = new HashSet<>();

  /** Whether a file or an option gave something that nobody knows. */
  private boolean incomplete;

  private Settings settings = Settings.defaults();

  private SettingsReader(Config config, Map<String, String> origins, List<String> aliases) {
    this.config = config;
    this.origins = origins;
    this.aliases = aliases;
  }

  /**
   * Layers files, overrides and a job's own options on the defaults; what comes later wins.
   *
   * @param overrides "key=value" each; a value in double quotes is what HOCON takes it for, any
   *     other the text that it is
   * @throws SettingsException if the layers do not resolve; what else is wrong, a file that cannot
   *     be read, an unknown key or a value out of range, waits for {@link #finish}
   */
  public static SettingsReader layered(List<Path> files, List<String> overrides, Config own) {
    Catalog catalog = Catalog.load();
    Config reference = ConfigFactory.parseString(catalog.reference());
    Set<String> known = leaves(reference).keySet();
    Layers layers = new Layers(catalog);
    ConfigParseOptions required = ConfigParseOptions.defaults().setAllowMissing(false);
    for (Path file : files) {
      try {
        layers.add(file.toString(), ConfigFactory.parseFile(file.toFile(), required));
      } catch (ConfigException e) {
        layers.problems.add("Cannot read --config " + file + ": " + e.getMessage() + ".");
      }
    }
    for (String override : overrides) {
      int equals = override.indexOf('=');
      if (equals < 1) {
        layers.problems.add("--set " + override + " has no value. Write --set key=value.");
        continue;
      }
      String key = override.substring(0, equals).strip();
      String value = override.substring(equals + 1).strip();
      try {
        layers.add(
            "--set",
            isQuoted(value)
                ? ConfigFactory.parseString(key + " = " + value)
                : ConfigFactory.parseMap(Map.of(key, value)));
      } catch (ConfigException e) {
        layers.problems.add("--set " + override + ": " + e.getMessage() + ".");
      }
    }
    layers.add("option", own);
    List<String> problems = layers.problems;
    Config given = withoutScalarsForGroups(layers.given, known, problems);
    SettingsReader reader;
    try {
      reader =
          new SettingsReader(
              given.withFallback(reference).resolve(), layers.origins, layers.aliases);
    } catch (ConfigException e) {
      problems.add(e.getMessage() + ".");
      throw new SettingsException(problems);
    }
    reader.problems.addAll(problems);
    reader.incomplete = !problems.isEmpty();
    reader.refuseUnknown(given, catalog, known);
    for (Setting<?> setting : catalog.settings()) {
      reader.read(setting);
    }
    return reader;
  }

  private static boolean isQuoted(String value) {
    return value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
  }

  /** What was given so far. */
  private static final class Layers {

    private final Catalog catalog;
    private final Map<String, String> origins = new LinkedHashMap<>();
    private final List<String> aliases = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private Config given = ConfigFactory.empty();

    Layers(Catalog catalog) {
      this.catalog = catalog;
    }

    void add(String origin, Config layer) {
      Config renamed = layer;
      for (Map.Entry<String, ConfigValue> leaf : leaves(layer).entrySet()) {
        Setting<?> setting = catalog.aliased(leaf.getKey());
        String key = leaf.getKey();
        if (setting != null) {
          if (renamed.hasPathOrNull(setting.key())) {
            problems.add(
                "%s is another name of %s, and both are given. Give one."
                    .formatted(key, setting.key()));
          }
          renamed = renamed.withoutPath(key).withValue(setting.key(), leaf.getValue());
          aliases.add(key + " is " + setting.key() + ".");
          key = setting.key();
        }
        origins.put(key, origin);
      }
      given = renamed.withFallback(given);
    }
  }

  private <T> void read(Setting<T> setting) {
    if (setting.isGroup() && !config.hasPath(setting.key())) {
      // That it is something else was told.
      return;
    }
    try {
      settings = settings.with(setting, setting.read(config));
    } catch (Setting.BadValueException e) {
      problem(setting, e.getMessage());
    } catch (ConfigException e) {
      // As far as it is not one of the above, it is null.
      problem(setting, "it is no value. Give one, or leave the setting out.");
    }
  }

  /** Takes out what stands where a group belongs, since all of the group's defaults would go. */
  private static Config withoutScalarsForGroups(
      Config given, Set<String> known, List<String> problems) {
    Config kept = given;
    for (Map.Entry<String, ConfigValue> leaf : leaves(given).entrySet()) {
      String path = leaf.getKey();
      Optional<String> inside = known.stream().filter(k -> k.startsWith(path + ".")).findFirst();
      // A substitution has no value yet that could be told, and is refused as unknown.
      if (inside.isPresent() && leaf.getValue().atKey("value").isResolved()) {
        problems.add(
            "%s = %s: it is a group of settings, such as %s. Set those."
                .formatted(path, leaf.getValue().unwrapped(), inside.get()));
        kept = kept.withoutPath(path);
      }
    }
    return kept;
  }

  private void refuseUnknown(Config given, Catalog catalog, Set<String> known) {
    List<String> groups =
        catalog.settings().stream().filter(Setting::isGroup).map(Setting::key).toList();
    for (String path : leaves(given).keySet()) {
      boolean isOfGroup =
          groups.stream().anyMatch(group -> path.equals(group) || path.startsWith(group + "."));
      if (known.contains(path) || isOfGroup) {
        // Groups have names of their users' choice; who reads them knows what is in them.
        continue;
      }
      LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
      String nearest =
          known.stream().min(Comparator.comparingInt(k -> distance.apply(path, k))).orElseThrow();
      problems.add(
          "%s is no setting.%s"
              .formatted(
                  path,
                  distance.apply(path, nearest) <= SUGGESTION_DISTANCE
                      ? " Did you mean " + nearest + "?"
                      : " See ./submit.sh settings for all of them."));
    }
  }

  /** The values that are no objects, by their paths. */
  private static Map<String, ConfigValue> leaves(Config config) {
    // Not Config.entrySet, which wants a resolved one; substitutions have their paths before.
    Map<String, ConfigValue> leaves = new TreeMap<>();
    collect("", config.root(), leaves);
    return leaves;
  }

  private static void collect(
      String prefix, Map<String, ConfigValue> object, Map<String, ConfigValue> leaves) {
    object.forEach(
        (key, value) -> {
          // Quoted where it holds a dot: "a.b" is one key, and no setting of a group.
          String path = prefix + ConfigUtil.joinPath(key);
          if (value instanceof ConfigObject inner) {
            collect(path + ".", inner, leaves);
          } else {
            leaves.put(path, value);
          }
        });
  }

  /** Whether a file, an override or an option has the setting, and not the default alone. */
  public boolean isGiven(String key) {
    return origins.containsKey(key);
  }

  /**
   * Where a setting, or the last of a group, was given: a file's name, {@code --set} or {@code
   * option}; empty if nowhere.
   */
  public Optional<String> origin(Setting<?> setting) {
    String group = setting.key() + ".";
    return origins.entrySet().stream()
        .filter(
            given ->
                given.getKey().equals(setting.key())
                    || (setting.isGroup() && given.getKey().startsWith(group)))
        .map(Map.Entry::getValue)
        .reduce((first, last) -> last);
  }

  /** What was given under another name, a sentence each. */
  public List<String> aliases() {
    return aliases;
  }

  /** The resolved configuration. */
  public Config config() {
    return config;
  }

  /** What was read; where there was a problem, the default. */
  public Settings settings() {
    return settings;
  }

  /** The value of a setting as {@link #settings} has it. */
  public <T> T get(Setting<T> setting) {
    return settings.get(setting);
  }

  /** A value as HOCON has it, in one line. */
  public String shown(Setting<?> setting) {
    if (!config.hasPath(setting.key())) {
      return "null";
    }
    ConfigValue value = config.getValue(setting.key());
    if (value.unwrapped() instanceof String text && BARE.matcher(text).matches()) {
      return text;
    }
    Object shown = Secrets.masked(value.unwrapped());
    return ConfigValueFactory.fromAnyRef(shown).render(ConfigRenderOptions.concise());
  }

  /** A value as it was written; empty, which only a text may be, if it is a list or the like. */
  public String written(String key) {
    try {
      return config.getString(key);
    } catch (ConfigException e) {
      return "";
    }
  }

  @Override
  public void problem(Setting<?> setting, String reason) {
    problem(setting.key(), reason);
  }

  private void problem(String path, String reason) {
    toldProblem(
        path,
        "%s = %s: %s"
            .formatted(
                path,
                config.hasPath(path) ? config.getValue(path).unwrapped() : "nothing",
                reason));
  }

  @Override
  public void toldProblem(String path, String told) {
    unsound.add(path);
    problems.add(told);
  }

  /** Whether no problem is of any of these settings, or of one of these groups. */
  public boolean isSound(String... paths) {
    return !incomplete
        && Arrays.stream(paths)
            .noneMatch(
                path -> unsound.stream().anyMatch(p -> p.equals(path) || p.startsWith(path + ".")));
  }

  /** Whether there was any problem. */
  public boolean hasProblems() {
    return !problems.isEmpty();
  }

  /**
   * Throws if there was any problem.
   *
   * @throws SettingsException with all of them
   */
  public void finish() {
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }
}
