package io.foresight.reward;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One reward's settings, typed as they are read. Problems are collected, so that a user sees all of
 * them at once; a setting that nothing reads is one. A value may be of its type or a text that
 * spells it, since {@code --set key=value} gives texts.
 */
public final class RewardSettings {

  private static final Pattern DURATION = Pattern.compile("(\\d{1,6}) *(ms|s|m|h)");

  private final String path;
  private final Map<String, Object> values;
  private final TextScorer.Source scorers;
  private final Set<String> read = new LinkedHashSet<>();
  private final Set<String> columns = new LinkedHashSet<>();
  private final List<String> problems = new ArrayList<>();

  /**
   * Reads from {@code values}.
   *
   * @param path what stands before each key in a message, such as {@code rewards.concepts}
   * @param values numbers, texts, booleans, and lists and maps of those
   */
  public RewardSettings(String path, Map<String, ?> values) {
    this(path, values, TextScorer.Source.ELSEWHERE);
  }

  /** The same for rewards that need a model, which they get from {@code scorers}. */
  RewardSettings(String path, Map<String, ?> values, TextScorer.Source scorers) {
    this.path = path;
    this.scorers = scorers;
    this.values = new TreeMap<>(values);
    // A null takes back what an earlier file gave, for a type that may have no such setting.
    this.values.values().removeIf(Objects::isNull);
  }

  /** The model in a folder or at a URI, as {@link TextScorer.Source#scorer} has it. */
  public TextScorer scorer(String location) {
    return scorers.scorer(location);
  }

  /** Whether the setting was given. */
  public boolean has(String key) {
    read.add(key);
    return values.get(key) != null;
  }

  /** A text that has to be given. */
  public String text(String key) {
    return optionalText(key)
        .orElseGet(
            () -> {
              problem(key, "it is needed. Give a text.");
              return "";
            });
  }

  /** A text. */
  public String text(String key, String fallback) {
    return optionalText(key).orElse(fallback);
  }

  /** A text that need not be given; a blank one is none. */
  public Optional<String> optionalText(String key) {
    if (!has(key)) {
      return Optional.empty();
    }
    Object value = values.get(key);
    if (value instanceof List || value instanceof Map) {
      problem(key, "it is no text. Give one.");
      return Optional.empty();
    }
    return Optional.of(value.toString()).filter(text -> !text.isBlank());
  }

  /**
   * A list of texts, none of them blank; empty if not given. A single text is a list with commas
   * between, as {@code --set} gives it.
   */
  public List<String> texts(String key) {
    if (!has(key)) {
      return List.of();
    }
    Object given = values.get(key);
    if (given instanceof String text && text.startsWith("[")) {
      problem(key, "it is one text. Give a list in a file, or texts with commas between.");
      return List.of();
    }
    List<?> list =
        given instanceof List<?> items
            ? items
            : given instanceof String text
                ? Arrays.stream(text.split(",", -1)).map(String::strip).toList()
                : List.of(given);
    List<String> texts = new ArrayList<>();
    for (Object value : list) {
      if (value == null || value instanceof List || value instanceof Map) {
        problem(key, "it is no list of texts. Give texts.");
        return List.of();
      }
      if (value.toString().isBlank()) {
        problem(key, "it holds an empty text. Leave that out.");
        return List.of();
      }
      texts.add(value.toString());
    }
    return List.copyOf(texts);
  }

  /** A number in [{@code least}, {@code most}]. */
  public double number(String key, double fallback, double least, double most) {
    return optionalNumber(key, least, most).orElse(fallback);
  }

  /** A number in [{@code least}, {@code most}] that need not be given. */
  public OptionalDouble optionalNumber(String key, double least, double most) {
    if (!has(key)) {
      return OptionalDouble.empty();
    }
    double value = Double.NaN;
    try {
      value =
          switch (values.get(key).toString()) {
            case "infinity" -> Double.POSITIVE_INFINITY;
            case "-infinity" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(values.get(key).toString());
          };
    } catch (NumberFormatException e) {
      // Not in any range, and reported so.
    }
    if (value >= least && value <= most) {
      return OptionalDouble.of(value);
    }
    problem(key, "it must be a number%s.".formatted(range(least, most)));
    return OptionalDouble.empty();
  }

  /** A whole number of at least {@code least}. */
  public int integer(String key, int fallback, int least) {
    if (!has(key)) {
      return fallback;
    }
    try {
      int value = Integer.parseInt(values.get(key).toString());
      if (value >= least) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Reported as what is below the range.
    }
    problem(key, "it must be a whole number in [%d, %d].".formatted(least, Integer.MAX_VALUE));
    return fallback;
  }

  /** A time of at least a millisecond: a whole number of ms, s, m or h. */
  public Duration duration(String key, Duration fallback) {
    if (!has(key)) {
      return fallback;
    }
    Matcher matcher = DURATION.matcher(values.get(key).toString().strip());
    if (matcher.matches()) {
      long amount = Long.parseLong(matcher.group(1));
      Duration duration =
          switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
          };
      if (!duration.isZero()) {
        return duration;
      }
    }
    problem(key, "it must be a time of at least a millisecond, such as 500ms, 30s, 2m or 1h.");
    return fallback;
  }

  /** true or false. */
  public boolean flag(String key, boolean fallback) {
    if (!has(key)) {
      return fallback;
    }
    String value = values.get(key).toString();
    if (!value.equals("true") && !value.equals("false")) {
      problem(key, "it must be true or false.");
      return fallback;
    }
    return value.equals("true");
  }

  /** An enum by its constants' names in lower case with hyphens. */
  public <E extends Enum<E>> E choice(String key, E fallback) {
    if (!has(key)) {
      return fallback;
    }
    E[] constants = fallback.getDeclaringClass().getEnumConstants();
    for (E constant : constants) {
      if (spelling(constant).equals(values.get(key).toString())) {
        return constant;
      }
    }
    problem(
        key,
        Arrays.stream(constants)
            .map(RewardSettings::spelling)
            .collect(Collectors.joining(", ", "it must be one of ", ".")));
    return fallback;
  }

  /** The name of a column that the input must have. */
  public String column(String key, String fallback) {
    String column = text(key, fallback);
    columns.add(column);
    return column;
  }

  /** The name of a column that the input must have if the setting is given. */
  public Optional<String> optionalColumn(String key) {
    Optional<String> column = optionalText(key);
    column.ifPresent(columns::add);
    return column;
  }

  /** The names of columns that the input must have. */
  public List<String> inputColumns(String key) {
    List<String> names = texts(key);
    columns.addAll(names);
    return names;
  }

  /** Notes that the input must have a column. */
  public void needs(String column) {
    columns.add(column);
  }

  /** Notes what is wrong with a setting, and what would be right, in sentences. */
  public void problem(String key, String reason) {
    Object value = values.get(key);
    problems.add("%s.%s = %s: %s".formatted(path, key, value == null ? "nothing" : value, reason));
  }

  /** As {@link #problem}, of a setting whose value must not be shown. */
  public void hiddenProblem(String key, String reason) {
    problems.add("%s.%s: %s".formatted(path, key, reason));
  }

  /** Tells that the reward did not come to reading all of its settings. */
  void ignoreUnread() {
    read.addAll(values.keySet());
  }

  /** What was wrong so far; settings that nothing has read by now are. */
  List<String> problems() {
    List<String> all = new ArrayList<>(problems);
    for (String key : values.keySet()) {
      if (!read.contains(key)) {
        all.add(
            "%s.%s is no setting of this reward. It has %s."
                .formatted(path, key, String.join(", ", read)));
      }
    }
    return all;
  }

  /** The columns that the input must have. */
  Set<String> columns() {
    return columns;
  }

  private static String range(double least, double most) {
    if (most < Double.MAX_VALUE) {
      return " in [%s, %s]".formatted(plain(least), plain(most));
    }
    if (least == Double.MIN_NORMAL) {
      return " above 0";
    }
    return least == -Double.MAX_VALUE ? "" : " of at least " + plain(least);
  }

  private static String plain(double bound) {
    return bound == Math.rint(bound) && !Double.isInfinite(bound)
        ? String.valueOf((long) bound)
        : String.valueOf(bound);
  }

  /** A duration as messages have it: "30 s", or "250 ms" if it is not of whole seconds. */
  public static String spelling(Duration duration) {
    return duration.toMillisPart() == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
  }

  public static String spelling(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
