package io.foresight.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * A setting, declared once, in the room that reads it: its key, type, default, range, and a
 * sentence that says what it does. How it is read, checked, suggested, documented and kept with a
 * run follows from that. Immutable and thread-safe; two of one key are equal.
 *
 * <p>Long, since each type of value has its syntax here.
 *
 * @param <T> type of its values, which are serializable and immutable
 */
public final class Setting<T> {

  /**
   * How values are read and written.
   *
   * @param read of a resolved configuration that has the path; throws {@link BadValueException}
   * @param write as HOCON
   */
  private record Syntax<T>(Function<Source, T> read, Function<T, String> write) {}

  /** Where a value stands. */
  private record Source(Config config, String path) {

    /** As it was written; empty, which only a text may be, if it is a list or the like. */
    String written() {
      try {
        return config.getString(path);
      } catch (ConfigException e) {
        return "";
      }
    }

    ConfigValue value() {
      return config.getValue(path);
    }
  }

  /** A value that a setting cannot have; the message says why, and what would be right. */
  static final class BadValueException extends RuntimeException {

    private static final long serialVersionUID = 1;

    BadValueException(String reason) {
      super(reason);
    }
  }

  /** What of a run's rows a setting changes; what it does not change is no part of its identity. */
  public enum Effect {
    /** What is generated, and what scores it. */
    ROWS,
    /** What is generated; texts that exist are scored the same. */
    GENERATION,
    /** How rows share a forward, which changes none of them where numbers are exact. */
    SHARING,
    /** What is made of rows that a run has written; a run's own rows are the same. */
    CURATION,
    /** As {@link #ROWS}, by what lies at the place that the setting names. */
    CONTENT,
    /** Nothing: where things lie, how much of a machine they may take, what becomes of failures. */
    NOTHING
  }

  /** What a numeral without a unit looks like. */
  private static final Pattern NUMERAL = Pattern.compile("[0-9. ]+");

  private final String key;
  private final Syntax<T> syntax;
  private final T byDefault;
  private final String reference;
  private final Predicate<T> valid;
  private final String range;
  private final String sentence;
  private final List<String> aliases;
  private final String variable;
  private final Effect effect;

  private Setting(
      String key,
      Syntax<T> syntax,
      T byDefault,
      String reference,
      Predicate<T> valid,
      String range,
      String sentence,
      List<String> aliases,
      String variable,
      Effect effect) {
    this.key = key;
    this.syntax = syntax;
    this.byDefault = byDefault;
    this.reference = reference;
    this.valid = valid;
    this.range = range;
    this.sentence = sentence;
    this.aliases = aliases;
    this.variable = variable;
    this.effect = effect;
  }

  private static <T> Setting<T> of(
      String key, T byDefault, Syntax<T> syntax, Predicate<T> valid, String range) {
    String reference = syntax.write().apply(byDefault);
    return new Setting<>(
        key, syntax, byDefault, reference, valid, range, "", List.of(), null, Effect.ROWS);
  }

  /** A whole number of at least {@code least}. */
  public static Setting<Integer> whole(String key, int byDefault, int least) {
    String range = "a whole number of at least " + least;
    return of(
        key,
        byDefault,
        new Syntax<>(
            source -> {
              double value = number(source, range);
              if (value != Math.rint(value) || value < least) {
                throw new BadValueException("it must be " + range + ".");
              }
              if (value > Integer.MAX_VALUE) {
                throw new BadValueException("it must be at most %d.".formatted(Integer.MAX_VALUE));
              }
              return (int) value;
            },
            String::valueOf),
        value -> value >= least,
        "at least " + least);
  }

  /**
   * A whole number of at least {@code least}, or a word that stands for another one.
   *
   * @param words what each stands for, one of them perhaps the default
   */
  public static Setting<Integer> wholeOr(
      String key, int byDefault, int least, Map<String, Integer> words) {
    Map<String, Integer> sorted = new TreeMap<>(words);
    String range =
        "%s or a whole number of at least %d".formatted(String.join(", ", sorted.keySet()), least);
    Setting<Integer> numbers = whole(key, least, least);
    return of(
        key,
        byDefault,
        new Syntax<>(
            source -> {
              Integer named = sorted.get(source.written());
              if (named != null) {
                return named;
              }
              try {
                return numbers.syntax.read().apply(source);
              } catch (BadValueException e) {
                throw new BadValueException("it must be " + range + ".");
              }
            },
            value ->
                sorted.entrySet().stream()
                    .filter(word -> word.getValue().equals(value))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(String.valueOf(value))),
        value -> sorted.containsValue(value) || value >= least,
        range);
  }

  /** A 64-bit integer. */
  public static Setting<Long> integer(String key, long byDefault) {
    return of(
        key,
        byDefault,
        new Syntax<>(
            source -> {
              try {
                return Long.parseLong(source.written());
              } catch (NumberFormatException e) {
                throw new BadValueException("it is no whole number. Give a 64-bit integer.");
              }
            },
            String::valueOf),
        value -> true,
        "");
  }

  /**
   * A number; {@code infinity} and {@code -infinity} are some.
   *
   * @param range what {@code valid} asks for, such as "above 0"
   */
  public static Setting<Double> number(
      String key, double byDefault, Predicate<Double> valid, String range) {
    return of(
        key,
        byDefault,
        new Syntax<>(source -> inRange(number(source, range), valid, range), Setting::written),
        valid,
        range);
  }

  /** The same, or {@code auto}, which is NaN and the default. */
  public static Setting<Double> numberOrAuto(String key, Predicate<Double> valid, String range) {
    return of(
        key,
        Double.NaN,
        new Syntax<>(
            source ->
                source.written().equals("auto")
                    ? Double.NaN
                    : inRange(number(source, range), valid, range),
            Setting::written),
        value -> value.isNaN() || valid.test(value),
        range);
  }

  private static double number(Source source, String range) {
    String text = source.written();
    try {
      return switch (text) {
        case "infinity" -> Double.POSITIVE_INFINITY;
        case "-infinity" -> Double.NEGATIVE_INFINITY;
        default -> Double.parseDouble(text);
      };
    } catch (NumberFormatException e) {
      throw new BadValueException("it is no number. Give " + range + ".");
    }
  }

  private static double inRange(double value, Predicate<Double> valid, String range) {
    if (!valid.test(value)) {
      throw new BadValueException("it must be " + range + ".");
    }
    return value;
  }

  private static String written(double value) {
    if (Double.isNaN(value)) {
      return "auto";
    }
    return Double.isInfinite(value) ? (value > 0 ? "" : "-") + "infinity" : String.valueOf(value);
  }

  /** True or false. */
  public static Setting<Boolean> flag(String key, boolean byDefault) {
    return of(
        key,
        byDefault,
        new Syntax<>(
            source -> {
              String text = source.written();
              if (!text.equals("true") && !text.equals("false")) {
                throw new BadValueException("it must be true or false.");
              }
              return text.equals("true");
            },
            String::valueOf),
        value -> true,
        "");
  }

  /** A constant, written in lower case with hyphens. */
  public static <E extends Enum<E>> Setting<E> choice(String key, E byDefault) {
    E[] constants = byDefault.getDeclaringClass().getEnumConstants();
    List<String> spellings = Arrays.stream(constants).map(Setting::spelling).toList();
    return of(
        key,
        byDefault,
        new Syntax<>(source -> constants[index(source.written(), spellings)], Setting::spelling),
        value -> true,
        "");
  }

  /** How a constant is written. */
  public static String spelling(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * One of some names.
   *
   * @param names asked for at each use, since they may come from jars
   */
  public static Setting<String> oneOf(String key, String byDefault, Supplier<List<String>> names) {
    return of(
        key,
        byDefault,
        new Syntax<>(
            source -> {
              List<String> all = names.get();
              return all.get(index(source.written(), all));
            },
            Setting::quoted),
        value -> names.get().contains(value),
        "one of those that there are");
  }

  private static int index(String text, List<String> names) {
    int index = names.indexOf(text);
    if (index < 0) {
      throw new BadValueException("it must be one of " + String.join(", ", names) + ".");
    }
    return index;
  }

  /** A text. */
  public static Setting<String> text(String key, String byDefault) {
    return of(key, byDefault, new Syntax<>(Setting::text, Setting::quoted), value -> true, "");
  }

  private static String text(Source source) {
    try {
      return source.config().getString(source.path());
    } catch (ConfigException e) {
      throw new BadValueException("it is not a text. Give a text.");
    }
  }

  /** A path or URI, which must hold no credentials: it is shown, logged and kept with the run. */
  public static Setting<String> location(String key, String byDefault) {
    return of(
        key,
        byDefault,
        new Syntax<>(source -> withoutSecrets(text(source)), Setting::quoted),
        value -> !Secrets.inUri(value),
        "without credentials");
  }

  private static String withoutSecrets(String location) {
    if (Secrets.inUri(location)) {
      throw new BadValueException("it holds credentials. " + Secrets.WHERE_TO_GIVE_THEM);
    }
    return location;
  }

  /** A list of those, or one. */
  public static Setting<List<String>> locations(String key, String byDefault) {
    return of(
        key,
        List.of(byDefault),
        new Syntax<>(
            source -> {
              if (source.value().valueType() != ConfigValueType.LIST) {
                String location = withoutSecrets(text(source));
                return location.isBlank() ? List.of() : List.of(location);
              }
              List<String> locations = texts(source, "it is no list of texts. Give texts.");
              locations.forEach(Setting::withoutSecrets);
              return locations;
            },
            Setting::quoted),
        value -> value.stream().noneMatch(Secrets::inUri),
        "without credentials");
  }

  /** A list of texts, or one, as they are; empty for none. */
  public static Setting<List<String>> texts(String key) {
    return of(
        key,
        List.of(),
        new Syntax<>(
            source -> {
              if (source.value().valueType() == ConfigValueType.LIST) {
                return texts(source, "it is no list of texts. Give texts.");
              }
              String text = text(source);
              return text.isEmpty() ? List.of() : List.of(text);
            },
            Setting::quoted),
        value -> true,
        "");
  }

  /** A list of names, or one text with commas between them. */
  public static Setting<List<String>> names(String key, String... byDefault) {
    String reason = "it is no list of names. Give names with commas between them.";
    return of(
        key,
        List.of(byDefault),
        new Syntax<>(
            source -> {
              if (source.value().valueType() == ConfigValueType.LIST) {
                return named(texts(source, reason));
              }
              String text = source.written();
              if (text.isEmpty() && source.value().valueType() != ConfigValueType.STRING) {
                throw new BadValueException(reason);
              }
              return named(List.of(text.split(",")));
            },
            names -> quoted(String.join(",", names))),
        value -> true,
        "");
  }

  private static List<String> named(List<String> names) {
    return names.stream().map(String::strip).filter(name -> !name.isEmpty()).toList();
  }

  private static List<String> texts(Source source, String reason) {
    try {
      return List.copyOf(source.config().getStringList(source.path()));
    } catch (ConfigException e) {
      throw new BadValueException(reason);
    }
  }

  private static String quoted(List<String> texts) {
    if (texts.size() == 1) {
      return quoted(texts.get(0));
    }
    return ConfigValueFactory.fromAnyRef(new ArrayList<>(texts))
        .render(ConfigRenderOptions.concise());
  }

  /** A size such as 512m or 2g, in bytes. */
  public static Setting<Long> bytes(String key, String byDefault) {
    Function<Source, Long> read =
        source -> {
          long bytes;
          try {
            bytes = source.config().getBytes(source.path());
          } catch (ConfigException e) {
            throw new BadValueException("it is no size. Give one such as 512m or 2g.");
          }
          if (bytes <= 0) {
            throw new BadValueException("it must be above 0. Give a size such as 512m or 2g.");
          }
          return bytes;
        };
    return literal(
        key, byDefault, new Syntax<>(read, String::valueOf), value -> value > 0, "above 0");
  }

  /** A time such as 30s or 10m; at least 0. */
  public static Setting<Duration> duration(String key, String byDefault) {
    return literal(
        key,
        byDefault,
        new Syntax<>(Setting::duration, value -> value.toMillis() + "ms"),
        value -> !value.isNegative(),
        "at least 0");
  }

  private static Duration duration(Source source) {
    try {
      Duration duration = source.config().getDuration(source.path());
      // A number without a unit would be taken for milliseconds, which nobody means.
      if (!duration.isNegative()
          && (duration.isZero() || !NUMERAL.matcher(source.written()).matches())) {
        return duration;
      }
    } catch (ConfigException e) {
      // Reported as what has no unit.
    }
    throw new BadValueException("it is no time. Give one such as 30s or 10m.");
  }

  /** The same, above 0, or none, which is zero and written as nothing. */
  public static Setting<Duration> optionalDuration(String key) {
    return of(
        key,
        Duration.ZERO,
        new Syntax<>(
            source -> {
              if (source.written().isBlank()) {
                return Duration.ZERO;
              }
              Duration duration = duration(source);
              if (duration.isZero()) {
                throw new BadValueException("it must be above 0, or empty.");
              }
              return duration;
            },
            value -> value.isZero() ? "\"\"" : value.toMillis() + "ms"),
        value -> !value.isNegative(),
        "above 0, or zero for none");
  }

  /**
   * A group of settings with names of their users' choice, as maps, lists and plain values.
   *
   * @param reference the default in HOCON, which may refer to other settings
   */
  public static Setting<Map<String, Object>> group(
      String key, Map<String, Object> byDefault, String reference) {
    return new Setting<>(
        key,
        new Syntax<>(
            source -> {
              if (!(source.value() instanceof ConfigObject object)) {
                throw new BadValueException("it is no group of settings.");
              }
              return object.unwrapped();
            },
            value -> ConfigValueFactory.fromMap(value).render(ConfigRenderOptions.concise())),
        byDefault,
        reference,
        value -> true,
        "",
        "",
        List.of(),
        null,
        Effect.ROWS);
  }

  private static <T> Setting<T> literal(
      String key, String byDefault, Syntax<T> syntax, Predicate<T> valid, String range) {
    Config config = ConfigFactory.parseString("it = " + byDefault);
    T value = syntax.read().apply(new Source(config, "it"));
    return new Setting<>(
        key, syntax, value, byDefault, valid, range, "", List.of(), null, Effect.ROWS);
  }

  /** As HOCON needs it: bare where that is the same. */
  private static String quoted(String text) {
    return text.matches("[A-Za-z][\\w./-]*") && !List.of("true", "false", "null").contains(text)
        ? text
        : ConfigValueFactory.fromAnyRef(text).render();
  }

  /**
   * The same with what it does; a sentence without its point, to which the range is added.
   *
   * @param what may be several sentences
   */
  public Setting<T> does(String what) {
    return new Setting<>(
        key, syntax, byDefault, reference, valid, range, what, aliases, variable, effect);
  }

  /** The same under further keys, such as the paper's symbol. */
  public Setting<T> alias(String... further) {
    return new Setting<>(
        key,
        syntax,
        byDefault,
        reference,
        valid,
        range,
        sentence,
        List.of(further),
        variable,
        effect);
  }

  /** The same, where the default of files is this HOCON, which may refer to other settings. */
  public Setting<T> reference(String hocon) {
    return new Setting<>(
        key, syntax, byDefault, hocon, valid, range, sentence, aliases, variable, effect);
  }

  /** The same, by default what a variable of the environment has, if there is one. */
  public Setting<T> fromEnvironment(String name) {
    return new Setting<>(
        key, syntax, byDefault, reference, valid, range, sentence, aliases, name, effect);
  }

  /** The same with what it changes; {@link Effect#ROWS} unless it is said. */
  public Setting<T> changes(Effect what) {
    return new Setting<>(
        key, syntax, byDefault, reference, valid, range, sentence, aliases, variable, what);
  }

  /** The settings that a class declares as constants, in order. */
  public static List<Setting<?>> declaredIn(Class<?> type) {
    List<Setting<?>> all = new ArrayList<>();
    for (Field field : type.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers()) && field.getType() == Setting.class) {
        try {
          all.add((Setting<?>) field.get(null));
        } catch (IllegalAccessException e) {
          throw new IllegalStateException("Setting " + field + " is not public.", e);
        }
      }
    }
    return all;
  }

  /** The path in files. */
  public String key() {
    return key;
  }

  /** What it changes. */
  public Effect effect() {
    return effect;
  }

  /** The value where none is given. */
  public T byDefault() {
    return byDefault;
  }

  /** The default as files have it, in HOCON. */
  String reference() {
    return reference;
  }

  /** The variable of the environment that overrides the default. */
  Optional<String> variable() {
    return Optional.ofNullable(variable);
  }

  /** Whether other keys begin with this one's. */
  boolean isGroup() {
    return byDefault instanceof Map;
  }

  /** Further keys of the same setting. */
  List<String> aliases() {
    return aliases;
  }

  /** What it does and its range. */
  public String description() {
    boolean isNumber = byDefault instanceof Integer || byDefault instanceof Double;
    return isNumber && !sentence.contains(range) ? sentence + "; " + range + "." : sentence + ".";
  }

  /** The value that a resolved configuration has. */
  T read(Config config) {
    return syntax.read().apply(new Source(config, key));
  }

  /** Whether it can have a value. */
  public boolean accepts(T value) {
    return value != null && valid.test(value);
  }

  /**
   * Checks a value.
   *
   * @throws IllegalArgumentException if it is out of range
   */
  T checked(T value) {
    if (!accepts(value)) {
      throw new IllegalArgumentException(
          "Cannot set %s to %s: it must be %s.".formatted(key, value, range));
    }
    return value;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Setting<?> setting && setting.key.equals(key);
  }

  @Override
  public int hashCode() {
    return key.hashCode();
  }

  @Override
  public String toString() {
    return key;
  }
}
