package io.foresight.decoding.check;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Strategies;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Random values of the settings that strategies read, of those in jars too: small ones, by which
 * rows of toy models come upon all that they do. A value follows from a seed and the setting's key
 * alone. Texts and the like keep their defaults.
 */
final class RandomSettings {

  private static final List<Integer> WHOLE = IntStream.rangeClosed(0, 8).boxed().toList();

  private static final List<Double> NUMBERS =
      List.of(
          Double.NEGATIVE_INFINITY,
          0.0,
          0.25,
          0.3,
          0.5,
          0.7,
          1.0,
          1.25,
          10.0,
          Double.POSITIVE_INFINITY,
          Double.NaN);

  private RandomSettings() {}

  /** A value for each. */
  static Settings of(long seed) {
    Settings settings = Settings.defaults();
    for (Setting<?> setting : all()) {
      settings = with(settings, setting, seed);
    }
    return settings;
  }

  /** All but the strategy's name and the limit, which the row has. */
  static List<Setting<?>> all() {
    List<Setting<?>> all = new ArrayList<>(new DecodingSettings().settings());
    all.addAll(new Strategies().settings());
    all.removeAll(List.of(STRATEGY, MAX_NEW_TOKENS));
    return all;
  }

  /** {@code settings} with a random value of one. */
  static <T> Settings with(Settings settings, Setting<T> setting, long seed) {
    List<T> values = values(setting.byDefault()).stream().filter(setting::accepts).toList();
    if (values.isEmpty()) {
      return settings;
    }
    SplittableRandom random = new SplittableRandom(seed + setting.key().hashCode());
    return settings.with(setting, values.get(random.nextInt(values.size())));
  }

  /** What values like this one there are. */
  @SuppressWarnings("unchecked")
  private static <T> List<T> values(T like) {
    List<?> values = List.of(like);
    if (like instanceof Integer) {
      values = WHOLE;
    } else if (like instanceof Double) {
      values = NUMBERS;
    } else if (like instanceof Boolean) {
      values = List.of(true, false);
    } else if (like instanceof Enum<?> constant) {
      values = Arrays.asList(constant.getDeclaringClass().getEnumConstants());
    }
    // All of them are of the type of the one that they are like.
    return (List<T>) values;
  }
}
