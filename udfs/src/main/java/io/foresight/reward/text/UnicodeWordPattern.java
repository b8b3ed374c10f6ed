package io.foresight.reward.text;

import com.google.re2j.Pattern;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A pattern of RE2/J in which {@code \b}, {@code \B}, {@code \w} and {@code \W} know the letters,
 * marks and digits of all scripts, where RE2/J itself knows those of ASCII only.
 *
 * <p>Since RE2/J asks nobody what a word character is, texts are encoded so that it sees one of its
 * own at both ends of each other: between two underscores, as {@code _é_}. The underscore itself is
 * a character that Unicode assigns to nothing, between underscores. Patterns are rewritten so that
 * whatever matches a character matches all three. They are matched from the start of the text on,
 * so that no match begins within three. In a text of ASCII both mean the same anyway. Thread-safe.
 */
final class UnicodeWordPattern {

  private static final char UNDERSCORE = '\ufdd0';
  private static final String ENCODED_UNDERSCORE = "_\\x{fdd0}_";
  private static final String ANY = "(?:[^_]|_[^_]_)";
  private static final String ANY_IN_LINE = "(?:[^_\\n]|_[^_]_)";
  private static final String ASCII_WORD = "0-9A-Za-z";

  private final Pattern anywhere;
  private final Pattern inside;
  private final Pattern whole;

  /**
   * Rewrites a pattern.
   *
   * @param regex a pattern that RE2/J compiles
   */
  UnicodeWordPattern(String regex) {
    String rewritten = "(?:" + new Rewriter(regex).rewritten() + ")";
    this.anywhere = Pattern.compile("\\A" + ANY + "*?" + rewritten);
    this.inside = Pattern.compile("\\A" + ANY + "*?" + rewritten + ANY);
    this.whole = Pattern.compile(rewritten);
  }

  /** Whether a pattern asks what a word character is. */
  static boolean concerns(String regex) {
    for (int i = 0; i + 1 < regex.length(); i++) {
      if (regex.charAt(i) == '\\') {
        i++;
        if ("bBwW".indexOf(regex.charAt(i)) >= 0) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether it matches somewhere in a text. */
  boolean isIn(String text) {
    return anywhere.matcher(encoded(text)).find();
  }

  /** Whether it matches somewhere before the end of a text. */
  boolean isInside(String text) {
    return inside.matcher(encoded(text)).find();
  }

  /** Whether it matches the whole text. */
  boolean matches(String text) {
    return whole.matches(encoded(text));
  }

  private static String encoded(String text) {
    StringBuilder encoded = new StringBuilder(text.length() * 2);
    text.codePoints()
        .forEach(
            character -> {
              if (isEncoded(character)) {
                encoded
                    .append('_')
                    .appendCodePoint(character == '_' ? UNDERSCORE : character)
                    .append('_');
              } else {
                encoded.appendCodePoint(character);
              }
            });
    return encoded.toString();
  }

  /** Word characters are those of Unicode's UTS 18, annex C. */
  private static boolean isEncoded(int character) {
    return character == '_'
        || (character > 0x7f
            && (Character.isAlphabetic(character)
                || switch (Character.getType(character)) {
                  case Character.NON_SPACING_MARK,
                      Character.ENCLOSING_MARK,
                      Character.COMBINING_SPACING_MARK,
                      Character.DECIMAL_DIGIT_NUMBER,
                      Character.CONNECTOR_PUNCTUATION ->
                      true;
                  default -> character == 0x200c || character == 0x200d;
                }));
  }

  /** Rewrites one pattern, from left to right. */
  private static final class Rewriter {

    private final String regex;
    private final StringBuilder out = new StringBuilder();
    private final Deque<Boolean> outer = new ArrayDeque<>();
    private boolean dotMatchesNewline;
    private int at;

    Rewriter(String regex) {
      this.regex = regex;
    }

    String rewritten() {
      while (at < regex.length()) {
        switch (regex.charAt(at)) {
          case '\\' -> escape();
          case '[' -> characterClass();
          case '(' -> open();
          case ')' -> {
            dotMatchesNewline = outer.pop();
            out.append(')');
            at++;
          }
          case '.' -> {
            out.append(dotMatchesNewline ? ANY : ANY_IN_LINE);
            at++;
          }
          default -> {
            int character = regex.codePointAt(at);
            if (isEncoded(character)) {
              literal(character);
            } else {
              out.appendCodePoint(character);
            }
            at += Character.charCount(character);
          }
        }
      }
      return out.toString();
    }

    private void literal(int character) {
      if (character == '_') {
        out.append("(?:").append(ENCODED_UNDERSCORE).append(')');
      } else if (isEncoded(character)) {
        out.append("(?:_").appendCodePoint(character).append("_)");
      } else {
        out.append(code(character));
      }
    }

    private void open() {
      outer.push(dotMatchesNewline);
      if (!regex.startsWith("(?", at)) {
        out.append('(');
        at++;
        return;
      }
      if (regex.startsWith("(?P<", at) || regex.startsWith("(?<", at)) {
        // What is captured is not asked for, and a name may have an underscore.
        out.append('(');
        at = regex.indexOf('>', at) + 1;
        return;
      }
      int from = at;
      boolean on = true;
      boolean sets = dotMatchesNewline;
      for (at += 2; ":)".indexOf(regex.charAt(at)) < 0; at++) {
        on &= regex.charAt(at) != '-';
        sets = regex.charAt(at) == 's' ? on : sets;
      }
      if (regex.charAt(at) == ')') {
        outer.pop();
      }
      dotMatchesNewline = sets;
      at++;
      out.append(regex, from, at);
    }

    private void escape() {
      if (regex.startsWith("\\Q", at)) {
        int end = regex.indexOf("\\E", at);
        regex.substring(at + 2, end).codePoints().forEach(this::literal);
        at = end + 2;
        return;
      }
      char kind = regex.charAt(at + 1);
      if ("bBAzCafnrtv".indexOf(kind) >= 0) {
        out.append('\\').append(kind);
        at += 2;
      } else if ("dDsSwWpP".indexOf(kind) >= 0) {
        out.append(set(List.of(set())));
      } else {
        literal(character());
      }
    }

    /** Characters that a class names. */
    private sealed interface Item {

      /** As it stands in a class. */
      String written();

      boolean has(char character);
    }

    private record Range(int from, int to) implements Item {

      @Override
      public String written() {
        return code(from) + "-" + code(to);
      }

      @Override
      public boolean has(char character) {
        return from <= character && character <= to;
      }
    }

    /**
     * A set that has a name.
     *
     * @param others what is not in it, as that stands in a class
     */
    private record Named(String written, String others) implements Item {

      @Override
      public boolean has(char character) {
        return Pattern.matches("[" + written + "]", String.valueOf(character));
      }
    }

    /** Reads a set that has a name, and is no range. */
    private Named set() {
      int from = at;
      char kind = regex.charAt(at + 1);
      at += 2;
      if (Character.toLowerCase(kind) == 'p') {
        at = regex.charAt(at) == '{' ? regex.indexOf('}', at) + 1 : at + 1;
      }
      String rest = regex.substring(from + 2, at);
      char other =
          Character.isLowerCase(kind) ? Character.toUpperCase(kind) : Character.toLowerCase(kind);
      return new Named("\\" + kind + rest, "\\" + other + rest);
    }

    private void characterClass() {
      int from = at;
      boolean negated = regex.startsWith("[^", at);
      at += negated ? 2 : 1;
      List<Item> items = new ArrayList<>();
      do {
        items.add(item());
      } while (regex.charAt(at) != ']');
      at++;
      out.append(negated ? others(regex.substring(from + 2, at - 1), items) : set(items));
    }

    private Item item() {
      int end = regex.indexOf(":]", at) + 2;
      if (regex.startsWith("[:", at) && end > 1) {
        String name = regex.substring(at, end);
        at = end;
        return new Named(
            name, name.startsWith("[:^") ? name.replace("[:^", "[:") : name.replace("[:", "[:^"));
      }
      if (regex.charAt(at) == '\\' && "dDsSwWpP".indexOf(regex.charAt(at + 1)) >= 0) {
        return set();
      }
      int first = character();
      if (regex.charAt(at) == '-' && regex.charAt(at + 1) != ']') {
        at++;
        return new Range(first, character());
      }
      return new Range(first, first);
    }

    /** Reads one character, as it is or escaped. */
    private int character() {
      int character = regex.codePointAt(at);
      at += Character.charCount(character);
      if (character != '\\') {
        return character;
      }
      character = regex.codePointAt(at);
      at += Character.charCount(character);
      switch (character) {
        case 'a':
          return 7;
        case 'f':
          return '\f';
        case 'n':
          return '\n';
        case 'r':
          return '\r';
        case 't':
          return '\t';
        case 'v':
          return 11;
        case 'x':
          int from = regex.charAt(at) == '{' ? at + 1 : at;
          int to = from > at ? regex.indexOf('}', at) : at + 2;
          at = from > at ? to + 1 : to;
          return Integer.parseInt(regex.substring(from, to), 16);
        default:
          break;
      }
      if (character >= '0' && character <= '7') {
        int begin = at - 1;
        while (at < regex.length() && at < begin + 3 && "01234567".indexOf(regex.charAt(at)) >= 0) {
          at++;
        }
        return Integer.parseInt(regex.substring(begin, at), 8);
      }
      return character;
    }

    /** What matches a character of a set. */
    private static String set(List<Item> items) {
      StringBuilder ranges = new StringBuilder();
      StringBuilder encodedRanges = new StringBuilder();
      List<String> alternatives = new ArrayList<>();
      List<String> encoded = new ArrayList<>();
      boolean underscore = false;
      for (Item item : items) {
        underscore |= item.has('_');
        if (item instanceof Range range) {
          ranges.append(without('_', range));
          encodedRanges.append(without(UNDERSCORE, range));
        } else if (item.written().equals("\\w")) {
          ranges.append(ASCII_WORD);
          encoded.add("[^_\\x{fdd0}]");
        } else if (item.written().equals("\\W")) {
          alternatives.add("[^" + ASCII_WORD + "_]");
        } else {
          alternatives.add("[^" + ((Named) item).others() + "_]");
          encoded.add("[^" + ((Named) item).others() + "\\x{fdd0}]");
        }
      }
      if (!ranges.isEmpty()) {
        alternatives.add("[" + ranges + "]");
      }
      if (!encodedRanges.isEmpty()) {
        encoded.add("[" + encodedRanges + "]");
      }
      return either(alternatives, encoded, underscore);
    }

    /** What matches a character that is in none of the items. */
    private static String others(String written, List<Item> items) {
      StringBuilder excluded = new StringBuilder();
      boolean word = false;
      boolean underscore = true;
      for (Item item : items) {
        underscore &= !item.has('_');
        word |= item.written().equals("\\w");
        excluded.append(item.written().equals("\\W") ? "" : item.written());
      }
      List<String> encoded = word ? List.of() : List.of("[^" + excluded + "_\\x{fdd0}]");
      return either(List.of("[^" + written + "_]"), encoded, underscore);
    }

    private static String either(
        List<String> alternatives, List<String> encoded, boolean underscore) {
      List<String> all = new ArrayList<>(alternatives);
      if (!encoded.isEmpty()) {
        all.add("_(?:" + String.join("|", encoded) + ")_");
      }
      if (underscore) {
        all.add(ENCODED_UNDERSCORE);
      }
      return "(?:" + String.join("|", all) + ")";
    }

    private static String without(char left, Range range) {
      if (range.from() > left || range.to() < left) {
        return range.written();
      }
      return (range.from() < left ? new Range(range.from(), left - 1).written() : "")
          + (left < range.to() ? new Range(left + 1, range.to()).written() : "");
    }

    private static String code(int character) {
      return "\\x{%x}".formatted(character);
    }
  }
}
