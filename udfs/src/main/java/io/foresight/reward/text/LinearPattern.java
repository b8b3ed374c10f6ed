package io.foresight.reward.text;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Matcher;

/**
 * Compiles regular expressions of RE2/J, whose time is linear in the text for any pattern; small
 * enough ones, since that time is also linear in the compiled pattern, and its depth one of the
 * stack.
 */
public final class LinearPattern {

  /** Longest pattern, in characters. */
  private static final int LONGEST = 1000;

  /** Most instructions of a compiled pattern. */
  private static final int LARGEST = 5000;

  /** Largest {@link #size} that is compiled, to see how many instructions it has. */
  private static final int COMPILED = 10 * LARGEST;

  private static final java.util.regex.Pattern COUNT =
      java.util.regex.Pattern.compile("\\{(\\d{1,4})(?:,(\\d{0,4}))?\\}");

  private LinearPattern() {}

  /**
   * Compiles.
   *
   * @throws IllegalArgumentException if it is no pattern, or too large; the message is a reason and
   *     what to do
   */
  public static Pattern compile(String regex) {
    if (regex.length() > LONGEST) {
      throw new IllegalArgumentException(
          "it has %d characters. Give at most %d.".formatted(regex.length(), LONGEST));
    }
    // Before anything is compiled: nested repetitions multiply, to gigabytes.
    if (size(regex) <= COMPILED) {
      try {
        Pattern pattern = Pattern.compile(regex);
        if (pattern.programSize() <= LARGEST) {
          return pattern;
        }
      } catch (PatternSyntaxException e) {
        throw new IllegalArgumentException(
            "%s. Correct it; it is RE2/J's syntax, without lookaround and back references."
                .formatted(e.getMessage()),
            e);
      }
    }
    throw new IllegalArgumentException("it repeats too much. Use smaller counts than in {n}.");
  }

  /** About the number of single characters that have to be matched, repetitions written out. */
  private static long size(String regex) {
    Deque<Long> outer = new ArrayDeque<>();
    Matcher count = COUNT.matcher(regex);
    long total = 0;
    long last = 0;
    for (int i = 0; i < regex.length() && total <= COMPILED; i++) {
      switch (regex.charAt(i)) {
        case '\\' -> {
          if (regex.startsWith("\\Q", i)) {
            int end = regex.indexOf("\\E", i);
            if (end < 0) {
              throw new IllegalArgumentException("\\Q is not closed. Close it with \\E.");
            }
            total += end - i;
            i = end;
          }
          i++;
          total += last = 1;
        }
        case '[' -> {
          i = endOfClass(regex, i);
          total += last = 1;
        }
        case '(' -> {
          outer.push(total);
          total = 0;
        }
        case ')' -> {
          last = total + 1;
          total = last + (outer.isEmpty() ? 0 : outer.pop());
        }
        case '{' -> {
          if (count.region(i, regex.length()).lookingAt()) {
            String most = count.group(2) == null ? "" : count.group(2);
            long times = Long.parseLong(most.isEmpty() ? count.group(1) : most);
            total += last * Math.max(0, times - 1);
            i = count.end() - 1;
          } else {
            total += last = 1;
          }
        }
        default -> total += last = 1;
      }
    }
    return total + outer.stream().mapToLong(Long::longValue).sum();
  }

  private static int endOfClass(String regex, int from) {
    int at = regex.startsWith("[^", from) ? from + 2 : from + 1;
    for (int i = at; i < regex.length(); i++) {
      if (regex.charAt(i) == '\\') {
        i++;
      } else if (regex.charAt(i) == ']' && i > at) {
        return i;
      }
    }
    return regex.length();
  }
}
