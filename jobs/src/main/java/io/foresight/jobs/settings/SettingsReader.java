package io.foresight.jobs.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.foresight.store.Secrets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoublePredicate;
import java.util.stream.Collectors;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * Reads typed values of a configuration and collects every problem, so that all are reported
 * together.
 */
public final class SettingsReader {

  private static final int SUGGESTION_DISTANCE = 4;

  private final Config config;
  private final Set<String> given;
  private final List<String> problems = new ArrayList<>();

  /** The settings that problems are of, or the groups. */
  private final Set<String> unsound = new HashSet<>();

  /** Whether a file or an option gave something that nobody knows. */
  private boolean incomplete;

  private SettingsReader(Config config, Set<String> given) {
    this.config = config;
    this.given = given;
  }

  /**
   * Layers files, overrides and a job's own options on the reference; what comes later wins.
   *
   * @param overrides "key=value" each
   * @throws SettingsException if the layers do not resolve; what else is wrong, a file that cannot
   *     be read or an unknown key, waits for {@link #finish}
   */
  public static SettingsReader layered(List<Path> files, List<String> overrides, Config own) {
    Config reference = ConfigFactory.parseResources(SettingsReader.class, "reference.conf");
    Set<String> known = leaves(reference).keySet();
    Config given = ConfigFactory.empty();
    List<String> problems = new ArrayList<>();
    ConfigParseOptions required = ConfigParseOptions.defaults().setAllowMissing(false);
    for (Path file : files) {
      try {
        given = ConfigFactory.parseFile(file.toFile(), required).withFallback(given);
      } catch (ConfigException e) {
        problems.add("Cannot read --config " + file + ": " + e.getMessage() + ".");
      }
    }
    for (String override : overrides) {
      int equals = override.indexOf('=');
      if (equals < 1) {
        problems.add("--set " + override + " has no value. Write --set key=value.");
        continue;
      }
      String key = override.substring(0, equals).strip();
      String value = override.substring(equals + 1).strip();
      try {
        given = ConfigFactory.parseMap(Map.of(key, value)).withFallback(given);
      } catch (ConfigException e) {
        problems.add("--set " + override + ": " + e.getMessage() + ".");
      }
    }
    given = withoutScalarsForGroups(own.withFallback(given), known, problems);
    SettingsReader reader;
    try {
      reader = new SettingsReader(given.withFallback(reference).resolve(), leaves(given).keySet());
    } catch (ConfigException e) {
      problems.add(e.getMessage() + ".");
      throw new SettingsException(problems);
    }
    reader.problems.addAll(problems);
    reader.incomplete = !problems.isEmpty();
    reader.refuseUnknown(given, known);
    return reader;
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

  private void refuseUnknown(Config given, Set<String> known) {
    for (String path : leaves(given).keySet()) {
      if (known.contains(path) || path.startsWith("rewards.")) {
        // Rewards have names of their users' choice, and know their settings themselves.
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
                      : " See reference.conf for all of them."));
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

  /** Whether a file, an override or an option has the setting, and not the reference alone. */
  boolean isGiven(String path) {
    return given.contains(path);
  }

  /** The resolved configuration. */
  Config config() {
    return config;
  }

  String text(String path) {
    try {
      return config.getString(path);
    } catch (ConfigException e) {
      problem(path, "it is not a text. Give a text.");
      return "";
    }
  }

  /** The value as it was written; empty, which only a text may be, if it is a list or the like. */
  String written(String path) {
    try {
      return config.getString(path);
    } catch (ConfigException e) {
      return "";
    }
  }

  /** A path or URI, which must hold no credentials: it is shown, logged and kept with the run. */
  String location(String path) {
    String location = text(path);
    if (Secrets.inUri(location)) {
      problem(path, "it holds credentials. " + Secrets.WHERE_TO_GIVE_THEM);
    }
    return location;
  }

  /** A list of them, or one. */
  List<String> locations(String path) {
    try {
      if (config.getValue(path).valueType() != ConfigValueType.LIST) {
        String location = location(path);
        return location.isBlank() ? List.of() : List.of(location);
      }
      List<String> locations = config.getStringList(path);
      if (locations.stream().anyMatch(Secrets::inUri)) {
        problem(path, "it holds credentials. " + Secrets.WHERE_TO_GIVE_THEM);
      }
      return locations;
    } catch (ConfigException e) {
      problem(path, "it is no list of texts. Give texts.");
      return List.of();
    }
  }

  /** {@code null} if empty. */
  String optionalText(String path) {
    String text = text(path);
    return text.isBlank() ? null : text;
  }

  /** A list of names, or one text with commas between them. */
  List<String> names(String path) {
    try {
      List<String> names =
          config.getValue(path).valueType() == ConfigValueType.LIST
              ? config.getStringList(path)
              : List.of(config.getString(path).split(","));
      return names.stream().map(String::strip).filter(name -> !name.isEmpty()).toList();
    } catch (ConfigException e) {
      problem(path, "it is no list of names. Give names with commas between them.");
      return List.of();
    }
  }

  int atLeast(String path, int least) {
    double value =
        number(path, v -> v >= least && v == Math.rint(v), "a whole number of at least " + least);
    if (value > Integer.MAX_VALUE) {
      problem(path, "it must be at most %d.".formatted(Integer.MAX_VALUE));
    }
    return (int) value;
  }

  double number(String path, DoublePredicate valid, String range) {
    String text = written(path);
    try {
      double value =
          switch (text) {
            case "infinity" -> Double.POSITIVE_INFINITY;
            case "-infinity" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
          };
      if (valid.test(value)) {
        return value;
      }
      problem(path, "it must be " + range + ".");
    } catch (NumberFormatException e) {
      problem(path, "it is no number. Give " + range + ".");
    }
    return Double.NaN;
  }

  long integer(String path) {
    try {
      return Long.parseLong(written(path));
    } catch (NumberFormatException e) {
      problem(path, "it is no whole number. Give a 64-bit integer.");
      return 0;
    }
  }

  /** A size such as 512m or 2g, in bytes. */
  long bytes(String path) {
    try {
      long bytes = config.getBytes(path);
      if (bytes > 0) {
        return bytes;
      }
      problem(path, "it must be above 0. Give a size such as 512m or 2g.");
    } catch (ConfigException e) {
      problem(path, "it is no size. Give one such as 512m or 2g.");
    }
    return 1;
  }

  /** A time such as 30s or 10m; at least 0. */
  Duration duration(String path) {
    try {
      Duration duration = config.getDuration(path);
      // A number without a unit would be taken for milliseconds, which nobody means.
      if (!duration.isNegative() && (duration.isZero() || !written(path).matches("[0-9. ]+"))) {
        return duration;
      }
    } catch (ConfigException e) {
      // Reported as what has no unit.
    }
    problem(path, "it is no time. Give one such as 30s or 10m.");
    return Duration.ZERO;
  }

  /** The same, above 0; {@code null} if empty. */
  Duration optionalDuration(String path) {
    if (written(path).isBlank()) {
      return null;
    }
    Duration duration = duration(path);
    if (duration.isZero() && !hasProblems()) {
      problem(path, "it must be above 0, or empty.");
    }
    return duration;
  }

  boolean flag(String path) {
    String text = written(path);
    if (!text.equals("true") && !text.equals("false")) {
      problem(path, "it must be true or false.");
    }
    return text.equals("true");
  }

  String oneOf(String path, List<String> values) {
    String text = written(path);
    if (!values.contains(text)) {
      problem(path, "it must be one of " + String.join(", ", values) + ".");
    }
    return text;
  }

  /**
   * An enum by its constants' names in lower case with hyphens; its first constant stands in for a
   * wrong value.
   */
  <E extends Enum<E>> E choice(String path, Class<E> type) {
    String text = written(path);
    for (E constant : type.getEnumConstants()) {
      if (spelling(constant).equals(text)) {
        return constant;
      }
    }
    problem(
        path,
        Arrays.stream(type.getEnumConstants())
            .map(SettingsReader::spelling)
            .collect(Collectors.joining(", ", "it must be one of ", ".")));
    return type.getEnumConstants()[0];
  }

  public static String spelling(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  void problem(String path, String reason) {
    toldProblem(
        path,
        "%s = %s: %s"
            .formatted(
                path,
                config.hasPath(path) ? config.getValue(path).unwrapped() : "nothing",
                reason));
  }

  /** Notes a problem of a setting, or of a group of them, that is told in full. */
  void toldProblem(String path, String told) {
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

  public boolean hasProblems() {
    return !problems.isEmpty();
  }

  /** Throws if there was any problem. */
  public void finish() {
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }
}
