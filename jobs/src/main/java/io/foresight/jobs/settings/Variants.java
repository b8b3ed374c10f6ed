package io.foresight.jobs.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import io.foresight.settings.SettingsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is to be compared: settings by the names of variants, in their order. */
public final class Variants {

  private Variants() {}

  /** A variant per strategy. */
  public static Map<String, Map<String, Object>> ofStrategies(List<String> strategies) {
    Map<String, Map<String, Object>> named = new LinkedHashMap<>();
    for (String strategy : strategies) {
      named.put(strategy, Map.of("decoding.strategy", strategy));
    }
    return named;
  }

  /**
   * Those of a HOCON file with a list {@code variants} of settings, each with a {@code name}.
   *
   * @throws SettingsException if it cannot be read, lists none, or names two alike
   */
  public static Map<String, Map<String, Object>> ofFile(Path file) {
    Map<String, Map<String, Object>> named = new LinkedHashMap<>();
    try {
      for (Config variant :
          ConfigFactory.parseFile(
                  file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
              .resolve()
              .getConfigList("variants")) {
        Map<String, Object> settings = new HashMap<>();
        variant
            .withoutPath("name")
            .entrySet()
            .forEach(entry -> settings.put(entry.getKey(), entry.getValue().unwrapped()));
        String name = variant.getString("name");
        if (named.put(name, settings) != null) {
          throw unusable(file, "two variants are named \"" + name + "\"");
        }
      }
    } catch (ConfigException e) {
      throw unusable(file, e.getMessage());
    }
    if (named.isEmpty()) {
      throw unusable(file, "it lists no variant");
    }
    return named;
  }

  private static SettingsException unusable(Path file, String reason) {
    return new SettingsException(List.of("Cannot read --variants " + file + ": " + reason + "."));
  }

  /**
   * Each variant with each value of a setting, which joins its name.
   *
   * @param sweep {@code key=value,value,...}
   * @throws SettingsException if it is not of that form
   */
  public static Map<String, Map<String, Object>> swept(
      Map<String, Map<String, Object>> named, String sweep) {
    int equals = sweep.indexOf('=');
    String key = equals < 0 ? "" : sweep.substring(0, equals).strip();
    List<String> values = new ArrayList<>();
    for (String value : sweep.substring(equals + 1).split(",", -1)) {
      values.add(value.strip());
    }
    if (key.isEmpty() || values.contains("")) {
      throw new SettingsException(
          List.of(
              "--sweep %s: it must be a setting and its values, such as decoding.lookahead=4,8,16."
                  .formatted(sweep)));
    }
    if (values.stream().distinct().count() < values.size()) {
      throw new SettingsException(
          List.of("--sweep %s: it has a value twice. Give each once.".formatted(sweep)));
    }
    Map<String, Map<String, Object>> swept = new LinkedHashMap<>();
    named.forEach(
        (name, settings) -> {
          for (String value : values) {
            Map<String, Object> own = new HashMap<>(settings);
            own.put(key, value);
            swept.put(
                "%s, %s=%s".formatted(name, key.replaceFirst("^decoding\\.", ""), value), own);
          }
        });
    return swept;
  }
}
