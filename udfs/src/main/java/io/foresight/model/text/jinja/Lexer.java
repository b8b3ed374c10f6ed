package io.foresight.model.text.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} on and the
 * template's last newline dropped, as transformers has it.
 */
final class Lexer {

  /** Kinds of tokens. */
  enum Kind {
    TEXT,
    OPEN_VALUE,
    CLOSE_VALUE,
    OPEN_BLOCK,
    CLOSE_BLOCK,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  /** One token: an operator's or name's characters, a text's or string's value. */
  record Token(Kind kind, String text, int line) {

    boolean is(Kind other, String value) {
      return kind == other && text.equals(value);
    }
  }

  private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern NUMBER =
      Pattern.compile("[0-9][0-9_]*(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
  private static final Pattern OPERATOR =
      Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}<>=.:|,]");
  private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-?)%\\}");
  private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}");
  private static final Map<String, String> CLOSING = Map.of("(", ")", "[", "]", "{", "}");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int counted;
  private int line = 1;

  /** Whether the next text begins a line, of which a block's indent is then dropped. */
  private boolean lineStarts = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String unix = template.replace("\r\n", "\n").replace('\r', '\n');
    Lexer lexer = new Lexer(unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    while (at < source.length()) {
      int open = nextOpening();
      if (open < 0) {
        add(Kind.TEXT, source.substring(at));
        at = source.length();
        break;
      }
      char kind = source.charAt(open + 1);
      String sign = sign(open + 2);
      text(source.substring(at, open), sign, kind != '{');
      at = open;
      if (kind == '#') {
        comment();
      } else if (kind == '%' && RAW.matcher(source).region(open, source.length()).lookingAt()) {
        raw();
      } else {
        expression(kind == '{', 2 + sign.length());
      }
    }
    add(Kind.END, "");
  }

  private int nextOpening() {
    for (int i = source.indexOf('{', at); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private String sign(int position) {
    return position < source.length() && "-+".indexOf(source.charAt(position)) >= 0
        ? source.substring(position, position + 1)
        : "";
  }

  /** Text before an opening, less the whitespace that the opening takes. */
  private void text(String text, String sign, boolean block) {
    int line = text.lastIndexOf('\n') + 1;
    if (sign.equals("-")) {
      add(Kind.TEXT, text.stripTrailing());
    } else if (block
        && sign.isEmpty()
        && (line > 0 || lineStarts)
        && text.substring(line).isBlank()) {
      add(Kind.TEXT, text.substring(0, line));
    } else {
      add(Kind.TEXT, text);
    }
  }

  private void comment() {
    int close = source.indexOf("#}", at + 2);
    if (close < 0) {
      throw new JinjaException(line(), "a comment has no end");
    }
    String sign = close - 1 >= at + 2 ? sign(close - 1) : "";
    at = close + 2;
    skip(sign, true);
  }

  private void raw() {
    Matcher begin = RAW.matcher(source).region(at, source.length());
    Matcher end = END_RAW.matcher(source);
    if (!begin.lookingAt() || !end.find(begin.end())) {
      throw new JinjaException(line(), "a raw block has no endraw");
    }
    at = begin.end();
    skip(begin.group(1), false);
    String text = source.substring(Math.min(at, end.start()), end.start());
    text(text, end.group(1), true);
    at = end.end();
    skip(end.group(2), true);
  }

  /** Skips the whitespace that a closing with this sign takes. */
  private void skip(String sign, boolean trimsNewline) {
    int from = at;
    if (sign.equals("-")) {
      while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
        at++;
      }
    } else if (sign.isEmpty()
        && trimsNewline
        && at < source.length()
        && source.charAt(at) == '\n') {
      at++;
    }
    lineStarts = at > from && source.charAt(at - 1) == '\n';
  }

  private void expression(boolean value, int opening) {
    add(value ? Kind.OPEN_VALUE : Kind.OPEN_BLOCK, "");
    at += opening;
    String close = value ? "}}" : "%}";
    Deque<String> expected = new ArrayDeque<>();
    while (true) {
      while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
        at++;
      }
      if (at >= source.length()) {
        throw new JinjaException(line(), "the template ends before " + close);
      }
      String sign = sign(at);
      if (expected.isEmpty()
          && source.startsWith(close, at + sign.length())
          && !(value && sign.equals("+"))) {
        add(value ? Kind.CLOSE_VALUE : Kind.CLOSE_BLOCK, "");
        at += sign.length() + 2;
        skip(sign, !value);
        return;
      }
      token(expected);
    }
  }

  private void token(Deque<String> expected) {
    char c = source.charAt(at);
    if (c == '\'' || c == '"') {
      string(c);
    } else if (matches(NAME)) {
      add(Kind.NAME, taken(NAME));
    } else if (matches(NUMBER)) {
      String number = taken(NUMBER).replace("_", "");
      add(number.matches("[0-9]+") ? Kind.INTEGER : Kind.FLOAT, number);
    } else if (matches(OPERATOR)) {
      String operator = taken(OPERATOR);
      if (CLOSING.containsKey(operator)) {
        expected.push(CLOSING.get(operator));
      } else if (CLOSING.containsValue(operator)
          && (expected.isEmpty() || !expected.pop().equals(operator))) {
        throw new JinjaException(line(), "\"" + operator + "\" closes nothing");
      }
      add(Kind.OPERATOR, operator);
    } else {
      throw new JinjaException(line(), "\"" + c + "\" cannot stand here");
    }
  }

  private boolean matches(Pattern pattern) {
    return pattern.matcher(source).region(at, source.length()).lookingAt();
  }

  private String taken(Pattern pattern) {
    Matcher matcher = pattern.matcher(source).region(at, source.length());
    if (!matcher.lookingAt()) {
      throw new IllegalStateException("No " + pattern + " at " + at + ".");
    }
    at = matcher.end();
    return matcher.group();
  }

  private void string(char quote) {
    int start = at++;
    while (at < source.length() && source.charAt(at) != quote) {
      at += source.charAt(at) == '\\' ? 2 : 1;
    }
    if (at >= source.length()) {
      throw new JinjaException(line(), "a string has no end");
    }
    add(Kind.STRING, unescaped(source.substring(start + 1, at)));
    at++;
  }

  private String unescaped(String raw) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      c = raw.charAt(++i);
      int digits =
          switch (c) {
            case 'x' -> 2;
            case 'u' -> 4;
            case 'U' -> 8;
            default -> 0;
          };
      if (digits > 0) {
        try {
          out.appendCodePoint(Integer.parseInt(raw, i + 1, i + 1 + digits, 16));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
          throw new JinjaException(line(), "\"\\" + c + "\" needs " + digits + " hex digits");
        }
        i += digits;
        continue;
      }
      int escape = "\\'\"abfnrtv\n0".indexOf(c);
      if (escape < 0) {
        out.append('\\').append(c);
      } else if (c != '\n') {
        out.append("\\'\"\u0007\b\f\n\r\t\u000b\n\0".charAt(escape));
      }
    }
    return out.toString();
  }

  private void add(Kind kind, String text) {
    if (kind != Kind.TEXT || !text.isEmpty()) {
      tokens.add(new Token(kind, text, line()));
    }
  }

  private int line() {
    int end = Math.min(at, source.length());
    for (; counted < end; counted++) {
      line += source.charAt(counted) == '\n' ? 1 : 0;
    }
    return line;
  }
}
