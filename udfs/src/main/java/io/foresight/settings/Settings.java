package io.foresight.settings;

import com.typesafe.config.ConfigFactory;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Values of settings; of what was not given, the default. Immutable. */
public final class Settings implements Serializable {

  private static final long serialVersionUID = 1;

  private static final Settings DEFAULTS = new Settings(Map.of());

  /** Serializable values by key, of those that differ from their defaults. */
  private final HashMap<String, Object> values;

  private Settings(Map<String, Object> values) {
    this.values = new HashMap<>(values);
  }

  /** None but the defaults. */
  public static Settings defaults() {
    return DEFAULTS;
  }

  /**
   * Those of a HOCON file, as the jobs' {@code --config} takes them.
   *
   * @throws SettingsException with every problem
   */
  public static Settings load(String file) {
    SettingsReader reader =
        SettingsReader.layered(List.of(Path.of(file)), List.of(), ConfigFactory.empty());
    reader.finish();
    return reader.settings();
  }

  /** The value of a setting. */
  @SuppressWarnings("unchecked")
  public <T> T get(Setting<T> setting) {
    // What is kept under a setting's key went through that setting.
    return (T) values.getOrDefault(setting.key(), setting.byDefault());
  }

  /**
   * These with another value.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  public <T> Settings with(Setting<T> setting, T value) {
    Map<String, Object> changed = new HashMap<>(values);
    if (setting.checked(value).equals(setting.byDefault())) {
      changed.remove(setting.key());
    } else {
      changed.put(setting.key(), value);
    }
    return new Settings(changed);
  }

  /** As {@link #with(Setting, Object)}, for whole numbers too. */
  public Settings with(Setting<Double> setting, double value) {
    return with(setting, Double.valueOf(value));
  }

  /** As {@link #with(Setting, Object)}. */
  public Settings with(Setting<Long> setting, long value) {
    return with(setting, Long.valueOf(value));
  }

  /** These, and over them what others have; what those leave at its default stays as it is here. */
  public Settings with(Settings others) {
    Map<String, Object> changed = new HashMap<>(values);
    changed.putAll(others.values);
    return new Settings(changed);
  }

  /** Whether two have the same values, whether given or by default. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Settings settings && settings.values.equals(values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  /** What differs from the defaults, by key. */
  @Override
  public String toString() {
    return new TreeMap<>(values).toString();
  }
}
