package io.foresight.model.text.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Python's values and what it does with them: {@code null} is None; Boolean, Long, Double, String,
 * List and Map are themselves.
 *
 * <p>Long, since it is a list: what each type of jinja's values does.
 */
final class Values {

  /** What a name that nothing has stands for. */
  record Undefined(String reason) {}

  /** Something to call. */
  interface Callable {
    Object call(Frame frame, List<Object> arguments, Map<String, Object> named);
  }

  /** The one object that templates may change. */
  static final class Namespace {
    final Map<String, Object> attributes = new HashMap<>();
  }

  /** A list that prints as Python's tuple. */
  static final class Tuple extends ArrayList<Object> {
    private static final long serialVersionUID = 1;

    Tuple(List<Object> elements) {
      super(elements);
    }
  }

  private Values() {}

  static boolean truth(Object value) {
    if (value instanceof Boolean flag) {
      return flag;
    }
    if (value instanceof Number number) {
      return number.doubleValue() != 0;
    }
    if (value instanceof String text) {
      return !text.isEmpty();
    }
    if (value instanceof List<?> list) {
      return !list.isEmpty();
    }
    if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    return value != null && !(value instanceof Undefined);
  }

  static String typeName(Object value) {
    if (value == null) {
      return "None";
    }
    if (value instanceof Undefined) {
      return "undefined";
    }
    if (value instanceof Boolean) {
      return "bool";
    }
    if (value instanceof Long) {
      return "int";
    }
    if (value instanceof Double) {
      return "float";
    }
    if (value instanceof String) {
      return "str";
    }
    if (value instanceof List<?>) {
      return "list";
    }
    if (value instanceof Map<?, ?>) {
      return "dict";
    }
    return value instanceof Namespace ? "namespace" : "function";
  }

  /** A value that must be there. */
  static Object defined(Object value) {
    if (value instanceof Undefined undefined) {
      throw new JinjaException(undefined.reason());
    }
    return value;
  }

  static String text(Frame frame, Object value) {
    if (value instanceof String text) {
      return text;
    }
    if (value instanceof Undefined) {
      return "";
    }
    StringBuilder out = new StringBuilder();
    represent(frame, value, out);
    return out.toString();
  }

  private static void represent(Frame frame, Object value, StringBuilder out) {
    frame.spend(1);
    Frame.checked(out.length());
    if (value == null) {
      out.append("None");
    } else if (value instanceof Boolean flag) {
      out.append(flag ? "True" : "False");
    } else if (value instanceof String text) {
      quote(text, out);
    } else if (value instanceof Double number) {
      out.append(decimal(number));
    } else if (value instanceof Long) {
      out.append(value);
    } else if (value instanceof List<?> list) {
      boolean tuple = list instanceof Tuple;
      out.append(tuple ? '(' : '[');
      for (int i = 0; i < list.size(); i++) {
        out.append(i == 0 ? "" : ", ");
        represent(frame, list.get(i), out);
      }
      out.append(tuple ? (list.size() == 1 ? ",)" : ")") : "]");
    } else if (value instanceof Map<?, ?> map) {
      String comma = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(comma);
        represent(frame, entry.getKey(), out);
        out.append(": ");
        represent(frame, entry.getValue(), out);
        comma = ", ";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else if (value instanceof Undefined) {
      out.append("Undefined");
    } else {
      throw new JinjaException("a " + typeName(value) + " has no text");
    }
  }

  private static void quote(String text, StringBuilder out) {
    char quote = text.contains("'") && !text.contains("\"") ? '"' : '\'';
    out.append(quote);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c == quote) {
            out.append('\\').append(c);
          } else if (c < ' ' || c == 0x7f) {
            out.append("\\x%02x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append(quote);
  }

  private static String decimal(double number) {
    double size = Math.abs(number);
    if (Double.isFinite(number) && (size == 0 || (size >= 1e-4 && size < 1e16))) {
      String plain = new BigDecimal(Double.toString(number)).toPlainString();
      return plain.contains(".") ? plain : plain + ".0";
    }
    throw new JinjaException("the number " + number + " is out of range");
  }

  static boolean equal(Frame frame, Object a, Object b) {
    frame.spend(1);
    if (number(a) && number(b)) {
      return anyReal(a, b) ? real(a) == real(b) : integer(a) == integer(b);
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      boolean same = x.size() == y.size();
      for (int i = 0; same && i < x.size(); i++) {
        same = equal(frame, x.get(i), y.get(i));
      }
      return same;
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      boolean same = x.size() == y.size();
      for (Map.Entry<?, ?> entry : x.entrySet()) {
        same =
            same
                && y.containsKey(entry.getKey())
                && equal(frame, entry.getValue(), y.get(entry.getKey()));
      }
      return same;
    }
    if (a instanceof String x && b instanceof String y) {
      frame.spend(Math.min(x.length(), y.length()) / Frame.CHARACTERS_PER_STEP);
      return x.equals(y);
    }
    return a == b || (a instanceof Undefined && b instanceof Undefined);
  }

  static int compare(Object a, Object b) {
    if (number(a) && number(b)) {
      return anyReal(a, b)
          ? Double.compare(real(a), real(b))
          : Long.compare(integer(a), integer(b));
    }
    if (a instanceof String x && b instanceof String y) {
      return x.compareTo(y);
    }
    throw new JinjaException(
        "a %s and a %s cannot be compared".formatted(typeName(defined(a)), typeName(defined(b))));
  }

  static boolean contains(Frame frame, Object container, Object value) {
    if (container instanceof String text) {
      if (!(value instanceof String part)) {
        throw new JinjaException("a " + typeName(value) + " cannot be in a str");
      }
      frame.spend(1 + text.length() / 64);
      return text.contains(part);
    }
    if (container instanceof Map<?, ?> map) {
      return map.containsKey(key(value));
    }
    for (Object element : elements(container)) {
      if (equal(frame, element, value)) {
        return true;
      }
    }
    return false;
  }

  /** What a loop goes over. */
  static List<Object> elements(Object value) {
    if (value instanceof List<?> list) {
      return new ArrayList<>(list);
    }
    if (value instanceof Map<?, ?> map) {
      return new ArrayList<>(map.keySet());
    }
    if (value instanceof String text) {
      if (text.length() > Frame.MOST_ELEMENTS) {
        throw new JinjaException(
            "a text of more than " + Frame.MOST_ELEMENTS + " characters cannot be taken apart");
      }
      return new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
    }
    if (value instanceof Undefined) {
      return List.of();
    }
    throw new JinjaException("a " + typeName(value) + " has no elements");
  }

  static Object key(Object value) {
    if (value == null || value instanceof String || value instanceof Long) {
      return value;
    }
    throw new JinjaException("a " + typeName(value) + " cannot be a key");
  }

  private static boolean number(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  private static boolean anyReal(Object a, Object b) {
    return a instanceof Double || b instanceof Double;
  }

  private static double real(Object value) {
    return value instanceof Double number ? number : (double) integer(value);
  }

  static long integer(Object value) {
    if (value instanceof Long number) {
      return number;
    }
    if (value instanceof Boolean flag) {
      return flag ? 1 : 0;
    }
    throw new JinjaException("a " + typeName(defined(value)) + " is no whole number");
  }

  /** An arithmetic operator, as Python has it. */
  static Object arithmetic(String operator, Object a, Object b) {
    if (number(a) && number(b)) {
      try {
        return anyReal(a, b) || operator.equals("/")
            ? reals(operator, real(a), real(b))
            : (Object) integers(operator, integer(a), integer(b));
      } catch (ArithmeticException e) {
        throw new JinjaException("%s %s %s: %s".formatted(a, operator, b, e.getMessage()));
      }
    }
    if (operator.equals("+") && a instanceof String x && b instanceof String y) {
      Frame.checked((long) x.length() + y.length());
      return x + y;
    }
    if (operator.equals("+") && a instanceof List<?> x && b instanceof List<?> y) {
      List<Object> both = new ArrayList<>(x);
      both.addAll(y);
      return both;
    }
    if (operator.equals("*") && a instanceof String text && b instanceof Long times) {
      Frame.checked(times > Frame.MOST_CHARACTERS ? times : times * text.length());
      return text.repeat((int) Math.max(0, times));
    }
    throw new JinjaException(
        "%s is not possible between a %s and a %s"
            .formatted(operator, typeName(defined(a)), typeName(defined(b))));
  }

  private static double reals(String operator, double a, double b) {
    if ("/ // %".contains(operator) && b == 0) {
      throw new ArithmeticException("division by zero");
    }
    return switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / b;
      case "//" -> Math.floor(a / b);
      case "%" -> a - b * Math.floor(a / b);
      default -> Math.pow(a, b);
    };
  }

  private static long integers(String operator, long a, long b) {
    return switch (operator) {
      case "+" -> Math.addExact(a, b);
      case "-" -> Math.subtractExact(a, b);
      case "*" -> Math.multiplyExact(a, b);
      case "//" -> Math.floorDiv(a, b);
      case "%" -> Math.floorMod(a, b);
      default -> power(a, b);
    };
  }

  private static long power(long a, long b) {
    if (b < 0 || b > 62) {
      throw new ArithmeticException("the exponent is out of range");
    }
    long power = 1;
    for (long i = 0; i < b; i++) {
      power = Math.multiplyExact(power, a);
    }
    return power;
  }

  /** {@code base[index]}. */
  static Object item(Object base, Object index) {
    defined(base);
    if (base instanceof Map<?, ?> map) {
      Object key = key(defined(index));
      return map.containsKey(key) ? map.get(key) : new Undefined("a dict has no \"" + key + "\"");
    }
    if (base instanceof List<?> || base instanceof String) {
      if (index instanceof Long number) {
        int size = base instanceof List<?> list ? list.size() : length((String) base);
        long at = number < 0 ? number + size : number;
        if (at < 0 || at >= size) {
          return new Undefined("a " + typeName(base) + " has no element " + number);
        }
        return base instanceof List<?> list ? list.get((int) at) : slice(base, at, at + 1, 1L);
      }
    }
    return index instanceof String name ? Builtins.attribute(base, name) : undefined(base, index);
  }

  static Undefined undefined(Object base, Object name) {
    return new Undefined("a %s has no \"%s\"".formatted(typeName(base), name));
  }

  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** {@code base[from:to:step]}, each of which may be {@code null}. */
  static Object slice(Object base, Object from, Object to, Object stepValue) {
    long step = stepValue == null ? 1 : integer(stepValue);
    if (step == 0) {
      throw new JinjaException("a slice's step is 0");
    }
    if (!(base instanceof List<?>) && !(base instanceof String)) {
      throw new JinjaException("a " + typeName(defined(base)) + " has no slices");
    }
    int size = base instanceof String text ? length(text) : ((List<?>) base).size();
    long start = bound(from, step > 0 ? 0 : size - 1, size, step);
    long end = bound(to, step > 0 ? size : -1, size, step);
    if (step == 1 && base instanceof String text) {
      int first = text.offsetByCodePoints(0, (int) Math.min(start, end));
      return text.substring(first, text.offsetByCodePoints(first, (int) Math.max(0, end - start)));
    }
    List<Object> all = elements(base);
    List<Object> taken = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      taken.add(all.get((int) i));
    }
    if (base instanceof List<?>) {
      return taken;
    }
    StringBuilder text = new StringBuilder();
    taken.forEach(text::append);
    return text.toString();
  }

  private static long bound(Object value, long none, int size, long step) {
    if (value == null) {
      return none;
    }
    long at = Math.max(-2L * size - 2, Math.min(2L * size + 2, integer(value)));
    at = at < 0 ? at + size : at;
    return step > 0 ? Math.max(0, Math.min(size, at)) : Math.max(-1, Math.min(size - 1, at));
  }

  /**
   * JSON as Python's {@code json.dumps} writes it.
   *
   * @param indent spaces per level, or below 0 for one line
   */
  static void json(Frame frame, Object value, int indent, int level, StringBuilder out) {
    frame.spend(1);
    Frame.checked(out.length());
    if (value == null) {
      out.append("null");
    } else if (value instanceof Boolean || value instanceof Long) {
      out.append(value);
    } else if (value instanceof Double number) {
      out.append(decimal(number));
    } else if (value instanceof String text) {
      jsonString(text, out);
    } else if (value instanceof List<?> list) {
      if (list.isEmpty()) {
        out.append("[]");
        return;
      }
      String comma = "[";
      for (Object element : list) {
        out.append(comma).append(comma.equals(",") && indent < 0 ? " " : "");
        newLine(indent, level + 1, out);
        json(frame, element, indent, level + 1, out);
        comma = ",";
      }
      newLine(indent, level, out);
      out.append(']');
    } else if (value instanceof Map<?, ?> map) {
      if (map.isEmpty()) {
        out.append("{}");
        return;
      }
      String comma = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(comma).append(comma.equals(",") && indent < 0 ? " " : "");
        newLine(indent, level + 1, out);
        jsonString(text(frame, entry.getKey()), out);
        out.append(": ");
        json(frame, entry.getValue(), indent, level + 1, out);
        comma = ",";
      }
      newLine(indent, level, out);
      out.append('}');
    } else {
      throw new JinjaException("a " + typeName(value) + " has no JSON");
    }
  }

  private static void newLine(int indent, int level, StringBuilder out) {
    if (indent >= 0) {
      out.append('\n').append(" ".repeat(indent * level));
    }
  }

  private static void jsonString(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int escape = "\"\\\b\f\n\r\t".indexOf(c);
      if (escape >= 0) {
        out.append('\\').append("\"\\bfnrt".charAt(escape));
      } else if (c < ' ') {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  /** A value from outside as one of the template's: whole numbers as Long, collections copied. */
  static Object imported(Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> copy = new LinkedHashMap<>();
      map.forEach((key, inner) -> copy.put(key, imported(inner)));
      return copy;
    }
    if (value instanceof List<?> list) {
      List<Object> copy = new ArrayList<>();
      list.forEach(element -> copy.add(imported(element)));
      return copy;
    }
    if (value == null
        || value instanceof Boolean
        || value instanceof Long
        || value instanceof Double
        || value instanceof String) {
      return value;
    }
    throw new IllegalArgumentException("No template takes a " + value.getClass() + ".");
  }
}
