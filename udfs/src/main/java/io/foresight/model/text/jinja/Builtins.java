package io.foresight.model.text.jinja;

import io.foresight.model.text.jinja.Values.Callable;
import io.foresight.model.text.jinja.Values.Namespace;
import io.foresight.model.text.jinja.Values.Tuple;
import io.foresight.model.text.jinja.Values.Undefined;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * All that a template can call: Jinja's filters and tests, the methods of Python's texts and dicts
 * that change nothing, and the functions that transformers adds. Nothing else is reachable.
 *
 * <p>Long, since it is a list: each of jinja's filters, tests and methods in a few lines.
 */
final class Builtins {

  private static final Map<String, Callable> GLOBALS =
      Map.of(
          "range", Builtins::range,
          "namespace", Builtins::namespace,
          "dict", (frame, arguments, named) -> new LinkedHashMap<Object, Object>(named),
          "raise_exception",
              (frame, arguments, named) -> {
                throw new JinjaException(
                    Values.text(frame, new Arguments("raise_exception", arguments, named).at(0)));
              },
          "strftime_now",
              (frame, arguments, named) ->
                  time(frame, new Arguments("strftime_now", arguments, named).text(0)));

  private static final Map<String, Callable> FILTERS = filters();
  private static final Map<String, Callable> TESTS = tests();
  private static final Map<String, Callable> TEXT_METHODS = textMethods();
  private static final Map<String, Callable> DICT_METHODS =
      Map.of(
          "items", (frame, arguments, named) -> items(arguments.get(0)),
          "keys", (frame, arguments, named) -> Values.elements(arguments.get(0)),
          "values",
              (frame, arguments, named) -> new ArrayList<>(((Map<?, ?>) arguments.get(0)).values()),
          "get",
              (frame, arguments, named) -> {
                Arguments given = new Arguments("get", arguments, named);
                Object key = Values.key(given.at(1));
                Map<?, ?> map = (Map<?, ?>) given.at(0);
                return map.containsKey(key) ? map.get(key) : given.at(2, "default", null);
              });

  /** What filters take besides their value; those that are not named take nothing. */
  private static final Map<String, Signature> FILTER_SIGNATURES =
      Map.ofEntries(
          Map.entry("trim", new Signature(1, "chars")),
          Map.entry("replace", new Signature(3, "count")),
          Map.entry("join", new Signature(2, "d", "attribute")),
          Map.entry("default", new Signature(2, "default_value", "boolean")),
          Map.entry("d", new Signature(2, "default_value", "boolean")),
          Map.entry("tojson", new Signature(0, "indent", "ensure_ascii")),
          Map.entry("int", new Signature(1, "default")),
          Map.entry("float", new Signature(1, "default")),
          Map.entry("sort", new Signature(3, "reverse", "case_sensitive", "attribute")),
          Map.entry("indent", new Signature(3, "width", "first", "blank")),
          Map.entry("map", new Signature(9, "attribute", "default")),
          Map.entry("select", new Signature(9)),
          Map.entry("reject", new Signature(9)),
          Map.entry("selectattr", new Signature(9)),
          Map.entry("rejectattr", new Signature(9)));

  private static final Map<String, Signature> METHOD_SIGNATURES =
      Map.ofEntries(
          Map.entry("strip", new Signature(1)),
          Map.entry("lstrip", new Signature(1)),
          Map.entry("rstrip", new Signature(1)),
          Map.entry("startswith", new Signature(1)),
          Map.entry("endswith", new Signature(1)),
          Map.entry("find", new Signature(1)),
          Map.entry("rfind", new Signature(1)),
          Map.entry("count", new Signature(1)),
          Map.entry("join", new Signature(1)),
          Map.entry("removeprefix", new Signature(1)),
          Map.entry("removesuffix", new Signature(1)),
          Map.entry("split", new Signature(2, "sep", "maxsplit")),
          Map.entry("rsplit", new Signature(2, "sep", "maxsplit")),
          Map.entry("replace", new Signature(3, "count")),
          Map.entry("get", new Signature(2)));

  private static final Signature NOTHING = new Signature(0);

  /** How many arguments a function takes, and which by name. */
  private record Signature(int positional, String... named) {

    boolean fits(int given, Set<String> names) {
      return given <= positional && Arrays.asList(named).containsAll(names);
    }

    void check(String function, int given, Set<String> names) {
      if (!fits(given, names)) {
        throw new JinjaException(function + " does not take these arguments here");
      }
    }
  }

  private Builtins() {}

  /** Whether a filter takes such arguments, none of which it would ignore. */
  static boolean takes(String filter, int given, Set<String> names) {
    return FILTER_SIGNATURES.getOrDefault(filter, NOTHING).fits(given, names);
  }

  /** What a call was given; the first is what a filter, test or method works on. */
  private record Arguments(String function, List<Object> positional, Map<String, Object> named) {

    Object at(int index) {
      if (index >= positional.size()) {
        throw new JinjaException(function + " lacks an argument");
      }
      return positional.get(index);
    }

    Object at(int index, String name, Object otherwise) {
      return index < positional.size()
          ? positional.get(index)
          : named.containsKey(name) ? named.get(name) : otherwise;
    }

    String text(int index) {
      return text(at(index));
    }

    String text(Object value) {
      if (value instanceof String text) {
        return text;
      }
      throw new JinjaException(
          "%s takes no %s".formatted(function, Values.typeName(Values.defined(value))));
    }

    int number(int index, String name, int otherwise) {
      long value = Values.integer(at(index, name, (long) otherwise));
      return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, value));
    }
  }

  static Object global(String name) {
    Object global = GLOBALS.get(name);
    return global != null ? global : new Undefined("\"" + name + "\" is undefined");
  }

  /** A filter, or {@code null}. */
  static Callable filter(String name) {
    return FILTERS.get(name);
  }

  /** A test, or {@code null}. */
  static Callable test(String name) {
    return TESTS.get(name);
  }

  /** A method of a value, an attribute of a namespace, or undefined. */
  static Object attribute(Object base, String name) {
    if (base instanceof Namespace namespace) {
      return namespace.attributes.containsKey(name)
          ? namespace.attributes.get(name)
          : Values.undefined(base, name);
    }
    Callable method =
        base instanceof String
            ? TEXT_METHODS.get(name)
            : base instanceof Map<?, ?> ? DICT_METHODS.get(name) : null;
    if (method == null) {
      return Values.undefined(base, name);
    }
    return (Callable)
        (frame, arguments, named) -> {
          METHOD_SIGNATURES
              .getOrDefault(name, NOTHING)
              .check(name, arguments.size(), named.keySet());
          List<Object> all = new ArrayList<>();
          all.add(base);
          all.addAll(arguments);
          return method.call(frame, all, named);
        };
  }

  private static Object range(Frame frame, List<Object> arguments, Map<String, Object> named) {
    Arguments given = new Arguments("range", arguments, named);
    boolean single = arguments.size() == 1;
    long from = single ? 0 : Values.integer(given.at(0));
    long to = Values.integer(given.at(single ? 0 : 1));
    long step = arguments.size() > 2 ? Values.integer(given.at(2)) : 1;
    if (step == 0) {
      throw new JinjaException("a range's step is 0");
    }
    List<Object> numbers = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      numbers.add(i);
      if (numbers.size() > Frame.MOST_ELEMENTS) {
        throw new JinjaException("a range has more than " + Frame.MOST_ELEMENTS + " numbers");
      }
    }
    return numbers;
  }

  private static Object namespace(Frame frame, List<Object> arguments, Map<String, Object> named) {
    Namespace namespace = new Namespace();
    for (Object argument : arguments) {
      if (!(argument instanceof Map<?, ?> map)) {
        throw new JinjaException("namespace takes no " + Values.typeName(argument));
      }
      map.forEach((key, value) -> namespace.attributes.put(String.valueOf(key), value));
    }
    namespace.attributes.putAll(named);
    return namespace;
  }

  /** The rendering's time by {@code strftime}'s letters. */
  private static String time(Frame frame, String format) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        out.append(c);
        continue;
      }
      boolean bare = i + 2 < format.length() && format.charAt(i + 1) == '-';
      i += bare ? 2 : 1;
      String letter = i < format.length() ? format.substring(i, i + 1) : "";
      String pattern =
          switch (letter) {
            case "Y" -> "uuuu";
            case "y" -> "uu";
            case "m" -> bare ? "M" : "MM";
            case "d" -> bare ? "d" : "dd";
            case "j" -> bare ? "D" : "DDD";
            case "B" -> "MMMM";
            case "b" -> "MMM";
            case "A" -> "EEEE";
            case "a" -> "EEE";
            case "H" -> bare ? "H" : "HH";
            case "I" -> bare ? "h" : "hh";
            case "M" -> bare ? "m" : "mm";
            case "S" -> bare ? "s" : "ss";
            case "p" -> "a";
            case "F" -> "uuuu-MM-dd";
            case "T" -> "HH:mm:ss";
            case "%" -> "'%'";
            default -> throw new JinjaException("strftime_now knows no %" + letter);
          };
      out.append(DateTimeFormatter.ofPattern(pattern, Locale.US).format(frame.now()));
    }
    return out.toString();
  }

  private static List<Object> items(Object value) {
    if (value instanceof Undefined) {
      return List.of();
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw new JinjaException("a " + Values.typeName(value) + " has no items");
    }
    List<Object> items = new ArrayList<>();
    map.forEach((key, inner) -> items.add(new Tuple(Arrays.asList(key, inner))));
    return items;
  }

  // --- filters

  private static Map<String, Callable> filters() {
    Map<String, Callable> filters = new LinkedHashMap<>();
    for (String name : List.of("upper", "lower", "capitalize", "title", "trim")) {
      String method = name.equals("trim") ? "strip" : name;
      filters.put(name, (frame, given, named) -> method(frame, method, given, named, "chars"));
    }
    filters.put(
        "replace",
        (frame, given, named) -> {
          List<Object> texts = new ArrayList<>(given);
          for (int i = 1; i < Math.min(3, texts.size()); i++) {
            texts.set(i, Values.text(frame, texts.get(i)));
          }
          return method(frame, "replace", texts, named, "count");
        });
    filters.put("string", (frame, given, named) -> Values.text(frame, given.get(0)));
    filters.put("safe", (frame, given, named) -> Values.text(frame, given.get(0)));
    filters.put("length", Builtins::length);
    filters.put("count", Builtins::length);
    filters.put("list", (frame, given, named) -> Values.elements(given.get(0)));
    filters.put("items", (frame, given, named) -> items(given.get(0)));
    filters.put("first", (frame, given, named) -> end(given.get(0), true));
    filters.put("last", (frame, given, named) -> end(given.get(0), false));
    filters.put("join", Builtins::join);
    filters.put("default", Builtins::otherwise);
    filters.put("d", Builtins::otherwise);
    filters.put("tojson", Builtins::json);
    filters.put("int", (frame, given, named) -> whole(given, named));
    filters.put("float", (frame, given, named) -> real(given, named));
    filters.put(
        "abs",
        (frame, given, named) ->
            given.get(0) instanceof Double number
                ? (Object) Math.abs(number)
                : (Object) Math.abs(Values.integer(given.get(0))));
    filters.put("reverse", Builtins::reversed);
    filters.put("sort", Builtins::sorted);
    filters.put("unique", Builtins::unique);
    filters.put("dictsort", Builtins::sortedItems);
    filters.put("indent", Builtins::indented);
    filters.put("map", Builtins::mapped);
    for (boolean kept : new boolean[] {true, false}) {
      String verb = kept ? "select" : "reject";
      filters.put(verb, (frame, given, named) -> selected(frame, verb, given, false, kept));
      filters.put(verb + "attr", (frame, given, named) -> selected(frame, verb, given, true, kept));
    }
    return filters;
  }

  /** A method of the text of a value, some of whose arguments may be named. */
  private static Object method(
      Frame frame, String name, List<Object> given, Map<String, Object> named, String last) {
    List<Object> all = new ArrayList<>(given);
    all.set(0, Values.text(frame, given.get(0)));
    if (named.containsKey(last)) {
      all.add(named.get(last));
    }
    return TEXT_METHODS.get(name).call(frame, all, Map.of());
  }

  private static Object length(Frame frame, List<Object> given, Map<String, Object> named) {
    Object value = given.get(0);
    if (value instanceof String text) {
      return (long) Values.length(text);
    }
    return (long) Values.elements(value).size();
  }

  private static Object end(Object value, boolean first) {
    List<Object> elements = Values.elements(value);
    return elements.isEmpty()
        ? new Undefined("an empty sequence has no " + (first ? "first" : "last") + " element")
        : elements.get(first ? 0 : elements.size() - 1);
  }

  private static Object join(Frame frame, List<Object> given, Map<String, Object> named) {
    Arguments arguments = new Arguments("join", given, named);
    String separator = Values.text(frame, arguments.at(1, "d", ""));
    Object attribute = arguments.at(2, "attribute", null);
    StringBuilder joined = new StringBuilder();
    List<Object> elements = Values.elements(given.get(0));
    for (int i = 0; i < elements.size(); i++) {
      Object element = elements.get(i);
      String part = Values.text(frame, attribute == null ? element : path(element, attribute));
      Frame.checked((long) joined.length() + separator.length() + part.length());
      joined.append(i == 0 ? "" : separator).append(part);
    }
    return joined.toString();
  }

  private static Object otherwise(Frame frame, List<Object> given, Map<String, Object> named) {
    Arguments arguments = new Arguments("default", given, named);
    boolean falsy = Values.truth(arguments.at(2, "boolean", false));
    Object value = given.get(0);
    return value instanceof Undefined || (falsy && !Values.truth(value))
        ? arguments.at(1, "default_value", "")
        : value;
  }

  private static Object json(Frame frame, List<Object> given, Map<String, Object> named) {
    for (String name : named.keySet()) {
      if (name.equals("ensure_ascii") && Values.truth(named.get(name))) {
        throw new JinjaException("tojson writes no escapes for ensure_ascii here");
      }
    }
    Object indent = named.get("indent");
    StringBuilder out = new StringBuilder();
    int spaces = indent == null ? -1 : (int) Math.max(0, Math.min(16, Values.integer(indent)));
    Values.json(frame, Values.defined(given.get(0)), spaces, 0, out);
    return out.toString();
  }

  private static Object whole(List<Object> given, Map<String, Object> named) {
    Object value = given.get(0);
    try {
      return value instanceof String text
          ? (Object) Long.parseLong(text.strip())
          : value instanceof Double number
              ? (Object) number.longValue()
              : (Object) Values.integer(value);
    } catch (NumberFormatException e) {
      return new Arguments("int", given, named).at(1, "default", 0L);
    }
  }

  private static Object real(List<Object> given, Map<String, Object> named) {
    Object value = given.get(0);
    try {
      return value instanceof String text
          ? (Object) Double.parseDouble(text.strip())
          : value instanceof Double ? value : (Object) (double) Values.integer(value);
    } catch (NumberFormatException e) {
      return new Arguments("float", given, named).at(1, "default", 0.0);
    }
  }

  private static Object reversed(Frame frame, List<Object> given, Map<String, Object> named) {
    Object value = given.get(0);
    return value instanceof String
        ? Values.slice(value, null, null, -1L)
        : Values.slice(Values.elements(value), null, null, -1L);
  }

  private static Object sorted(Frame frame, List<Object> given, Map<String, Object> named) {
    Arguments arguments = new Arguments("sort", given, named);
    boolean reverse = Values.truth(arguments.at(1, "reverse", false));
    boolean cased = Values.truth(arguments.at(2, "case_sensitive", false));
    Object attribute = arguments.at(3, "attribute", null);
    List<Object> elements = new ArrayList<>(Values.elements(given.get(0)));
    elements.sort(
        (a, b) -> {
          frame.spend(1);
          int order =
              Values.compare(
                  folded(attribute == null ? a : path(a, attribute), cased),
                  folded(attribute == null ? b : path(b, attribute), cased));
          return reverse ? -order : order;
        });
    return elements;
  }

  private static Object folded(Object value, boolean cased) {
    return value instanceof String text && !cased ? text.toLowerCase(Locale.ROOT) : value;
  }

  private static Object sortedItems(Frame frame, List<Object> given, Map<String, Object> named) {
    List<Object> items = items(given.get(0));
    items.sort(
        (a, b) ->
            Values.compare(
                folded(((List<?>) a).get(0), false), folded(((List<?>) b).get(0), false)));
    return items;
  }

  private static Object unique(Frame frame, List<Object> given, Map<String, Object> named) {
    List<Object> kept = new ArrayList<>();
    for (Object element : Values.elements(given.get(0))) {
      Object folded = folded(element, false);
      boolean there = false;
      for (Object one : kept) {
        there = there || Values.equal(frame, folded(one, false), folded);
      }
      if (!there) {
        kept.add(element);
      }
    }
    return kept;
  }

  private static Object indented(Frame frame, List<Object> given, Map<String, Object> named) {
    Arguments arguments = new Arguments("indent", given, named);
    Object width = arguments.at(1, "width", 4L);
    boolean first = Values.truth(arguments.at(2, "first", false));
    boolean blank = Values.truth(arguments.at(3, "blank", false));
    String margin =
        width instanceof String text
            ? text
            : (String) Values.arithmetic("*", " ", Values.integer(width));
    StringBuilder out = new StringBuilder();
    String[] lines = Values.text(frame, given.get(0)).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      boolean takes = i == 0 ? first : blank || !lines[i].isEmpty();
      out.append(i == 0 ? "" : "\n").append(takes ? margin : "").append(lines[i]);
      Frame.checked(out.length());
    }
    return out.toString();
  }

  /** What a lazy filter goes over: nothing at all if its value is falsy, as Jinja2 has it. */
  private static List<Object> elementsIfAny(Object value) {
    return Values.truth(value) ? Values.elements(value) : List.of();
  }

  private static Object mapped(Frame frame, List<Object> given, Map<String, Object> named) {
    Object attribute = named.get("attribute");
    List<Object> results = new ArrayList<>();
    for (Object element : elementsIfAny(given.get(0))) {
      Object result;
      if (attribute != null) {
        result = path(element, attribute);
        if (result instanceof Undefined && named.containsKey("default")) {
          result = named.get("default");
        }
      } else {
        String name = new Arguments("map", given, named).text(1);
        Callable filter = FILTERS.get(name);
        if (filter == null) {
          throw new JinjaException("there is no filter \"" + name + "\"");
        }
        result = filter.call(frame, with(element, given, 2), named);
      }
      results.add(frame.computed(result));
    }
    return results;
  }

  private static Object selected(
      Frame frame, String verb, List<Object> given, boolean byAttribute, boolean kept) {
    Arguments arguments = new Arguments(verb, given, Map.of());
    int next = byAttribute ? 2 : 1;
    List<Object> results = new ArrayList<>();
    for (Object element : elementsIfAny(given.get(0))) {
      Object value = byAttribute ? path(element, arguments.at(1)) : element;
      boolean holds;
      if (given.size() > next) {
        String name = arguments.text(next);
        Callable test = TESTS.get(name);
        if (test == null) {
          throw new JinjaException("there is no test \"" + name + "\"");
        }
        holds = Values.truth(test.call(frame, with(value, given, next + 1), Map.of()));
      } else {
        holds = Values.truth(value);
      }
      if (holds == kept) {
        results.add(element);
      }
    }
    return results;
  }

  private static List<Object> with(Object first, List<Object> given, int from) {
    List<Object> all = new ArrayList<>();
    all.add(first);
    all.addAll(given.subList(Math.min(from, given.size()), given.size()));
    return all;
  }

  /** An attribute by a dotted name. */
  private static Object path(Object base, Object attribute) {
    Object value = base;
    if (!(attribute instanceof String names)) {
      return Values.item(base, attribute);
    }
    for (String name : names.split("\\.")) {
      value = Values.item(value, name.matches("[0-9]{1,9}") ? (Object) Long.valueOf(name) : name);
    }
    return value;
  }

  // --- tests

  private static Map<String, Callable> tests() {
    Map<String, Callable> tests = new LinkedHashMap<>();
    tests.put("defined", (frame, given, named) -> !(given.get(0) instanceof Undefined));
    tests.put("undefined", (frame, given, named) -> given.get(0) instanceof Undefined);
    tests.put("none", (frame, given, named) -> given.get(0) == null);
    tests.put("string", (frame, given, named) -> given.get(0) instanceof String);
    tests.put(
        "number",
        (frame, given, named) -> given.get(0) instanceof Number || given.get(0) instanceof Boolean);
    tests.put("integer", (frame, given, named) -> given.get(0) instanceof Long);
    tests.put("float", (frame, given, named) -> given.get(0) instanceof Double);
    tests.put("boolean", (frame, given, named) -> given.get(0) instanceof Boolean);
    tests.put("true", (frame, given, named) -> Boolean.TRUE.equals(given.get(0)));
    tests.put("false", (frame, given, named) -> Boolean.FALSE.equals(given.get(0)));
    tests.put("mapping", (frame, given, named) -> given.get(0) instanceof Map<?, ?>);
    tests.put("callable", (frame, given, named) -> given.get(0) instanceof Callable);
    for (String name : List.of("sequence", "iterable")) {
      tests.put(
          name,
          (frame, given, named) ->
              given.get(0) instanceof String
                  || given.get(0) instanceof List<?>
                  || given.get(0) instanceof Map<?, ?>
                  || given.get(0) instanceof Undefined);
    }
    tests.put("odd", (frame, given, named) -> Math.floorMod(Values.integer(given.get(0)), 2) == 1);
    tests.put("even", (frame, given, named) -> Math.floorMod(Values.integer(given.get(0)), 2) == 0);
    tests.put(
        "divisibleby",
        (frame, given, named) ->
            Values.integer(Values.arithmetic("%", given.get(0), second("divisibleby", given)))
                == 0);
    tests.put(
        "in", (frame, given, named) -> Values.contains(frame, second("in", given), given.get(0)));
    tests.put("filter", (frame, given, named) -> FILTERS.containsKey(given.get(0)));
    tests.put("test", (frame, given, named) -> tests.containsKey(given.get(0)));
    for (String name : List.of("eq", "equalto", "==")) {
      tests.put(
          name, (frame, given, named) -> Values.equal(frame, given.get(0), second(name, given)));
    }
    for (String name : List.of("ne", "!=")) {
      tests.put(
          name, (frame, given, named) -> !Values.equal(frame, given.get(0), second(name, given)));
    }
    for (String name : List.of("lt", "lessthan", "<")) {
      tests.put(
          name, (frame, given, named) -> Values.compare(given.get(0), second(name, given)) < 0);
    }
    for (String name : List.of("le", "<=")) {
      tests.put(
          name, (frame, given, named) -> Values.compare(given.get(0), second(name, given)) <= 0);
    }
    for (String name : List.of("gt", "greaterthan", ">")) {
      tests.put(
          name, (frame, given, named) -> Values.compare(given.get(0), second(name, given)) > 0);
    }
    for (String name : List.of("ge", ">=")) {
      tests.put(
          name, (frame, given, named) -> Values.compare(given.get(0), second(name, given)) >= 0);
    }
    return tests;
  }

  private static Object second(String test, List<Object> given) {
    return new Arguments(test, given, Map.of()).at(1);
  }

  // --- methods of texts

  private static Map<String, Callable> textMethods() {
    Map<String, Callable> methods = new LinkedHashMap<>();
    methods.put("strip", (frame, given, named) -> stripped(given, true, true));
    methods.put("lstrip", (frame, given, named) -> stripped(given, true, false));
    methods.put("rstrip", (frame, given, named) -> stripped(given, false, true));
    methods.put("upper", (frame, given, named) -> self(given).toUpperCase(Locale.ROOT));
    methods.put("lower", (frame, given, named) -> self(given).toLowerCase(Locale.ROOT));
    methods.put("capitalize", (frame, given, named) -> capitalized(self(given)));
    methods.put("title", (frame, given, named) -> titled(self(given)));
    methods.put("startswith", (frame, given, named) -> affix(given, "startswith", true));
    methods.put("endswith", (frame, given, named) -> affix(given, "endswith", false));
    methods.put("split", (frame, given, named) -> split(given, named, false));
    methods.put("rsplit", (frame, given, named) -> split(given, named, true));
    methods.put(
        "splitlines", (frame, given, named) -> new ArrayList<Object>(self(given).lines().toList()));
    methods.put("replace", Builtins::replaced);
    methods.put(
        "find",
        (frame, given, named) ->
            index(self(given), self(given).indexOf(new Arguments("find", given, named).text(1))));
    methods.put(
        "rfind",
        (frame, given, named) ->
            index(
                self(given),
                self(given).lastIndexOf(new Arguments("rfind", given, named).text(1))));
    methods.put(
        "count",
        (frame, given, named) -> {
          String part = new Arguments("count", given, named).text(1);
          return part.isEmpty()
              ? (long) Values.length(self(given)) + 1
              : (long) (self(given).length() - self(given).replace(part, "").length())
                  / part.length();
        });
    methods.put(
        "join",
        (frame, given, named) -> {
          Arguments arguments = new Arguments("join", given, named);
          List<Object> elements = Values.elements(arguments.at(1));
          elements.forEach(arguments::text);
          return join(frame, List.of(elements, self(given)), Map.of());
        });
    methods.put(
        "removeprefix",
        (frame, given, named) -> {
          String prefix = new Arguments("removeprefix", given, named).text(1);
          return self(given).startsWith(prefix)
              ? self(given).substring(prefix.length())
              : self(given);
        });
    methods.put(
        "removesuffix",
        (frame, given, named) -> {
          String suffix = new Arguments("removesuffix", given, named).text(1);
          return self(given).endsWith(suffix)
              ? self(given).substring(0, self(given).length() - suffix.length())
              : self(given);
        });
    methods.put(
        "isdigit",
        (frame, given, named) ->
            !self(given).isEmpty() && self(given).codePoints().allMatch(Character::isDigit));
    methods.put(
        "isalpha",
        (frame, given, named) ->
            !self(given).isEmpty() && self(given).codePoints().allMatch(Character::isLetter));
    methods.put(
        "isspace",
        (frame, given, named) ->
            !self(given).isEmpty() && self(given).codePoints().allMatch(Builtins::space));
    return methods;
  }

  private static String self(List<Object> given) {
    return (String) given.get(0);
  }

  /** What Python's strip takes. */
  private static boolean space(int codePoint) {
    return Character.isWhitespace(codePoint)
        || Character.isSpaceChar(codePoint)
        || codePoint == 0x85;
  }

  private static String stripped(List<Object> given, boolean left, boolean right) {
    Object set = given.size() > 1 ? given.get(1) : null;
    String chars = set == null ? null : new Arguments("strip", given, Map.of()).text(1);
    int[] all = self(given).codePoints().toArray();
    int from = 0;
    int to = all.length;
    while (left && from < to && taken(all[from], chars)) {
      from++;
    }
    while (right && from < to && taken(all[to - 1], chars)) {
      to--;
    }
    return new String(all, from, to - from);
  }

  private static boolean taken(int codePoint, String chars) {
    return chars == null ? space(codePoint) : chars.indexOf(codePoint) >= 0;
  }

  private static String capitalized(String text) {
    int first = text.isEmpty() ? 0 : text.offsetByCodePoints(0, 1);
    return text.substring(0, first).toUpperCase(Locale.ROOT)
        + text.substring(first).toLowerCase(Locale.ROOT);
  }

  private static String titled(String text) {
    StringBuilder out = new StringBuilder();
    boolean inside = false;
    for (int c : text.codePoints().toArray()) {
      out.appendCodePoint(inside ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inside = Character.isLetter(c);
    }
    return out.toString();
  }

  private static boolean affix(List<Object> given, String function, boolean start) {
    Arguments arguments = new Arguments(function, given, Map.of());
    List<?> affixes = arguments.at(1) instanceof List<?> list ? list : List.of(arguments.text(1));
    return affixes.stream()
        .map(arguments::text)
        .anyMatch(affix -> start ? self(given).startsWith(affix) : self(given).endsWith(affix));
  }

  private static Object split(List<Object> given, Map<String, Object> named, boolean right) {
    Arguments arguments = new Arguments("split", given, named);
    Object separator = arguments.at(1, "sep", null);
    int most = arguments.number(2, "maxsplit", -1);
    String text = self(given);
    List<Object> parts = new ArrayList<>();
    if (separator == null) {
      if (most >= 0) {
        throw new JinjaException("split at whitespace takes no maxsplit here");
      }
      for (String part : text.strip().split("\\s+")) {
        if (!part.isEmpty()) {
          parts.add(part);
        }
      }
      return parts;
    }
    String at = arguments.text(separator);
    if (at.isEmpty()) {
      throw new JinjaException("split has an empty separator");
    }
    // What is not split yet.
    int from = 0;
    int to = text.length();
    while (most < 0 || parts.size() < most) {
      int next = right ? text.lastIndexOf(at, to - at.length()) : text.indexOf(at, from);
      if (next < from || parts.size() > Frame.MOST_ELEMENTS) {
        break;
      }
      parts.add(right ? text.substring(next + at.length(), to) : text.substring(from, next));
      if (right) {
        to = next;
      } else {
        from = next + at.length();
      }
    }
    parts.add(text.substring(from, to));
    if (right) {
      Collections.reverse(parts);
    }
    return parts;
  }

  private static Object replaced(Frame frame, List<Object> given, Map<String, Object> named) {
    Arguments arguments = new Arguments("replace", given, named);
    String from = arguments.text(1);
    String to = arguments.text(2);
    int most = arguments.number(3, "count", -1);
    String text = self(given);
    if (from.isEmpty()) {
      throw new JinjaException("replace of nothing is not possible here");
    }
    StringBuilder out = new StringBuilder();
    int at = 0;
    for (int done = 0; most < 0 || done < most; done++) {
      int next = text.indexOf(from, at);
      if (next < 0) {
        break;
      }
      out.append(text, at, next).append(to);
      Frame.checked(out.length());
      at = next + from.length();
    }
    return out.append(text.substring(at)).toString();
  }

  private static long index(String text, int at) {
    return at < 0 ? -1 : text.codePointCount(0, at);
  }
}
