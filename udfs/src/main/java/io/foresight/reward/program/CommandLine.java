package io.foresight.reward.program;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program and its arguments, and the variables of the environment that they need. Values are
 * looked up when the program starts, and stand in no text that this writes. Immutable.
 *
 * @param items the program and its arguments, in which {@code ${env:NAME}} is the value of a
 *     variable
 * @param environment names of further variables that the program reads itself
 */
public record CommandLine(List<String> items, List<String> environment) {

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern VALUE = Pattern.compile("\\$\\{env:([^{}]*)\\}");

  /** What is shorter hides nothing, and is in all kinds of messages. */
  private static final int SHORTEST_SECRET = 4;

  static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /** The program, as it was given. */
  String program() {
    return items.get(0);
  }

  private Set<String> names() {
    Set<String> names = new LinkedHashSet<>(environment);
    for (String item : items) {
      VALUE.matcher(item).results().forEach(value -> names.add(value.group(1)));
    }
    return names;
  }

  /** The variables that this process does not have. */
  List<String> missing() {
    return names().stream().filter(name -> System.getenv(name) == null).toList();
  }

  /**
   * The items with their values.
   *
   * @throws IllegalStateException if this process does not have a variable
   */
  List<String> resolved() {
    List<String> missing = missing();
    if (!missing.isEmpty()) {
      throw new IllegalStateException("its program does not start: " + notSet(missing));
    }
    List<String> resolved = new ArrayList<>();
    for (String item : items) {
      resolved.add(
          VALUE
              .matcher(item)
              .replaceAll(value -> Matcher.quoteReplacement(System.getenv(value.group(1)))));
    }
    return resolved;
  }

  /** That variables are missing, and what to do. */
  public static String notSet(List<String> names) {
    return "%s %s not set in the environment of the process that runs it. Set %s there: before ./submit.sh, and for executors on a cluster with --conf spark.executorEnv.NAME or on their hosts."
        .formatted(
            String.join(", ", names),
            names.size() == 1 ? "is" : "are",
            names.size() == 1 ? "it" : "them");
  }

  /** A text without the values of these variables. */
  String hidden(String text) {
    String hidden = text;
    Map<String, String> all = System.getenv();
    for (String name : names()) {
      String value = all.get(name);
      if (value != null && value.length() >= SHORTEST_SECRET) {
        hidden = hidden.replace(value, "***");
      }
    }
    return hidden;
  }
}
