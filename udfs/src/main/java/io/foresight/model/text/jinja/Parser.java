package io.foresight.model.text.jinja;

import io.foresight.model.text.jinja.Lexer.Kind;
import io.foresight.model.text.jinja.Lexer.Token;
import io.foresight.model.text.jinja.Values.Callable;
import io.foresight.model.text.jinja.Values.Namespace;
import io.foresight.model.text.jinja.Values.Tuple;
import io.foresight.model.text.jinja.Values.Undefined;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a template's tokens into what runs them, with Jinja's precedence of operators.
 *
 * <p>Long, since a grammar is read best in one piece.
 */
final class Parser {

  /** A value that an expression has in a frame. */
  interface Expression {
    Object in(Frame frame);
  }

  /** What a statement does in a frame, and whether its loop goes on. */
  interface Statement {
    Flow run(Frame frame);
  }

  /** How a loop's body went. */
  enum Flow {
    ON,
    CONTINUE,
    BREAK
  }

  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final List<Token> tokens;
  private int at;

  /**
   * Filters and tests that there are none of, where they have not been found to stand in what may
   * never run. Jinja2 refuses those of a conditional only when they run.
   */
  private final List<JinjaException> unknown = new ArrayList<>();

  private Parser(List<Token> tokens) {
    this.tokens = tokens;
  }

  static Statement parse(String template) {
    Parser parser = new Parser(Lexer.tokens(template));
    Statement body = parser.block();
    if (parser.token().kind() != Kind.END) {
      throw parser.unexpected();
    }
    parser.refuseUnknown(0);
    return body;
  }

  /** Refuses what was found to be unknown since there were {@code before}. */
  private void refuseUnknown(int before) {
    if (unknown.size() > before) {
      throw unknown.get(before);
    }
  }

  /** Leaves what was found to be unknown since there were {@code before} to those who run it. */
  private void deferUnknown(int before) {
    unknown.subList(before, unknown.size()).clear();
  }

  private Expression failing(JinjaException failure) {
    unknown.add(failure);
    return frame -> {
      throw failure;
    };
  }

  // --- tokens

  private Token token() {
    return tokens.get(at);
  }

  private Token next() {
    return tokens.get(at++);
  }

  private boolean operator(String text) {
    return token().is(Kind.OPERATOR, text);
  }

  private boolean name(String text) {
    return token().is(Kind.NAME, text);
  }

  private boolean skip(Kind kind, String text) {
    boolean there = token().is(kind, text);
    at += there ? 1 : 0;
    return there;
  }

  private String expect(Kind kind, String text) {
    if (token().kind() != kind || (text != null && !token().text().equals(text))) {
      throw unexpected();
    }
    return next().text();
  }

  private JinjaException unexpected() {
    String shown =
        switch (token().kind()) {
          case END -> "the template's end";
          case CLOSE_BLOCK -> "\"%}\"";
          case CLOSE_VALUE -> "\"}}\"";
          default -> "\"" + token().text() + "\"";
        };
    return new JinjaException(token().line(), shown + " cannot stand here");
  }

  // --- statements

  /** Statements up to a block that begins with one of these names, which is read, or the end. */
  private Statement block(String... ends) {
    List<Statement> body = new ArrayList<>();
    while (token().kind() != Kind.END) {
      Token token = next();
      switch (token.kind()) {
        case TEXT ->
            body.add(
                frame -> {
                  frame.write(token.text());
                  return Flow.ON;
                });
        case OPEN_VALUE -> {
          Expression value = tuple();
          expect(Kind.CLOSE_VALUE, null);
          body.add(
              frame -> {
                frame.write(Values.text(frame, value.in(frame)));
                return Flow.ON;
              });
        }
        default -> {
          if (List.of(ends).contains(token().text())) {
            return all(body);
          }
          body.add(statement());
        }
      }
    }
    if (ends.length > 0) {
      throw new JinjaException(
          token().line(), "the template ends before " + String.join(" or ", ends));
    }
    return all(body);
  }

  private static Statement all(List<Statement> statements) {
    Statement[] body = statements.toArray(Statement[]::new);
    return frame -> {
      for (Statement statement : body) {
        frame.spend(1);
        Flow flow = statement.run(frame);
        if (flow != Flow.ON) {
          return flow;
        }
      }
      return Flow.ON;
    };
  }

  /** Reads on to the end of a block. */
  private void close() {
    expect(Kind.CLOSE_BLOCK, null);
  }

  private Statement statement() {
    Token keyword = token();
    String word = expect(Kind.NAME, null);
    return switch (word) {
      case "if" -> conditional();
      case "for" -> loop();
      case "set" -> assignment();
      case "macro" -> macro();
      case "filter" -> filtered();
      case "generation" -> {
        close();
        Statement body = block("endgeneration");
        at++;
        close();
        yield body;
      }
      case "break" -> {
        close();
        yield frame -> Flow.BREAK;
      }
      case "continue" -> {
        close();
        yield frame -> Flow.CONTINUE;
      }
      default ->
          throw new JinjaException(
              keyword.line(), "the tag \"" + word + "\" is not one that chat templates have here");
    };
  }

  private Statement conditional() {
    int before = unknown.size();
    Expression condition = tuple();
    close();
    Statement then = block("elif", "else", "endif");
    Statement otherwise = frame -> Flow.ON;
    String word = next().text();
    if (word.equals("elif")) {
      otherwise = conditional();
    } else {
      close();
      if (word.equals("else")) {
        otherwise = block("endif");
        at++;
        close();
      }
    }
    deferUnknown(before);
    Statement other = otherwise;
    return frame -> Values.truth(condition.in(frame)) ? then.run(frame) : other.run(frame);
  }

  private Statement loop() {
    List<String> targets = targets();
    expect(Kind.NAME, "in");
    Expression sequence = commaSeparated(this::or);
    int before = unknown.size();
    Expression condition = skip(Kind.NAME, "if") ? expression() : null;
    close();
    Statement body = block("else", "endfor");
    Statement otherwise = frame -> Flow.ON;
    boolean hasElse = next().text().equals("else");
    close();
    if (hasElse) {
      otherwise = block("endfor");
      at++;
      close();
    }
    refuseUnknown(before);
    Statement none = otherwise;
    return frame -> {
      List<Object> elements = Values.elements(sequence.in(frame));
      frame.computed(elements);
      if (condition != null) {
        List<Object> kept = new ArrayList<>();
        for (Object element : elements) {
          Frame scope = frame.inner();
          assign(scope, targets, element);
          if (Values.truth(condition.in(scope))) {
            kept.add(element);
          }
        }
        elements = kept;
      }
      for (int i = 0; i < elements.size(); i++) {
        frame.spend(1);
        Frame scope = frame.inner();
        scope.set("loop", loopVariable(elements, i));
        assign(scope, targets, elements.get(i));
        if (body.run(scope) == Flow.BREAK) {
          break;
        }
      }
      return elements.isEmpty() ? none.run(frame) : Flow.ON;
    };
  }

  private static Map<Object, Object> loopVariable(List<Object> elements, int i) {
    Map<Object, Object> loop = new LinkedHashMap<>();
    int size = elements.size();
    loop.put("index", i + 1L);
    loop.put("index0", (long) i);
    loop.put("revindex", (long) size - i);
    loop.put("revindex0", (long) size - i - 1);
    loop.put("first", i == 0);
    loop.put("last", i == size - 1);
    loop.put("length", (long) size);
    loop.put("previtem", i == 0 ? new Undefined("there is no previous item") : elements.get(i - 1));
    loop.put(
        "nextitem", i == size - 1 ? new Undefined("there is no next item") : elements.get(i + 1));
    loop.put(
        "cycle",
        (Callable)
            (frame, arguments, named) -> {
              if (arguments.isEmpty()) {
                throw new JinjaException("cycle has nothing to go through");
              }
              return arguments.get(i % arguments.size());
            });
    return loop;
  }

  private List<String> targets() {
    List<String> targets = new ArrayList<>();
    boolean nested = skip(Kind.OPERATOR, "(");
    do {
      targets.add(expect(Kind.NAME, null));
    } while (skip(Kind.OPERATOR, ","));
    if (nested) {
      expect(Kind.OPERATOR, ")");
    }
    return targets;
  }

  private static void assign(Frame frame, List<String> targets, Object value) {
    if (targets.size() == 1) {
      frame.set(targets.get(0), value);
      return;
    }
    List<Object> values = Values.elements(value);
    if (values.size() != targets.size()) {
      throw new JinjaException("%d values for %d names".formatted(values.size(), targets.size()));
    }
    for (int i = 0; i < targets.size(); i++) {
      frame.set(targets.get(i), values.get(i));
    }
  }

  private Statement assignment() {
    List<String> targets = targets();
    String attribute = skip(Kind.OPERATOR, ".") ? expect(Kind.NAME, null) : null;
    Expression value;
    if (skip(Kind.OPERATOR, "=")) {
      value = tuple();
      close();
    } else {
      value = capturedBlock("endset");
    }
    return frame -> {
      Object given = value.in(frame);
      if (attribute == null) {
        assign(frame, targets, given);
      } else if (frame.variable(targets.get(0)) instanceof Namespace namespace) {
        namespace.attributes.put(attribute, given);
      } else {
        throw new JinjaException(
            "\"" + targets.get(0) + "\" is no namespace, so that it cannot be changed");
      }
      return Flow.ON;
    };
  }

  /** What a block writes, through the filters that its opening names. */
  private Expression capturedBlock(String end) {
    int before = unknown.size();
    Expression[] written = new Expression[1];
    Expression text = frame -> written[0].in(frame);
    while (skip(Kind.OPERATOR, "|")) {
      text = filter(text);
    }
    close();
    Statement body = block(end);
    at++;
    close();
    refuseUnknown(before);
    written[0] =
        frame -> {
          Frame inside = frame.captured();
          body.run(inside);
          return inside.output();
        };
    return text;
  }

  private Statement filtered() {
    int before = unknown.size();
    Expression[] written = new Expression[1];
    Expression text = filter(frame -> written[0].in(frame));
    while (skip(Kind.OPERATOR, "|")) {
      text = filter(text);
    }
    written[0] = capturedBlock("endfilter");
    refuseUnknown(before);
    Expression result = text;
    return frame -> {
      frame.write(Values.text(frame, result.in(frame)));
      return Flow.ON;
    };
  }

  private Statement macro() {
    String macro = expect(Kind.NAME, null);
    expect(Kind.OPERATOR, "(");
    int before = unknown.size();
    Map<String, Expression> parameters = new LinkedHashMap<>();
    while (!operator(")")) {
      String parameter = expect(Kind.NAME, null);
      parameters.put(parameter, skip(Kind.OPERATOR, "=") ? expression() : null);
      if (!operator(")")) {
        expect(Kind.OPERATOR, ",");
      }
    }
    at++;
    close();
    Statement body = block("endmacro");
    at++;
    close();
    refuseUnknown(before);
    return frame -> {
      frame.set(
          macro,
          (Callable)
              (caller, arguments, named) ->
                  called(frame, macro, parameters, body, arguments, named));
      return Flow.ON;
    };
  }

  private static Object called(
      Frame defined,
      String macro,
      Map<String, Expression> parameters,
      Statement body,
      List<Object> arguments,
      Map<String, Object> named) {
    if (arguments.size() > parameters.size() || !parameters.keySet().containsAll(named.keySet())) {
      throw new JinjaException("the macro " + macro + " does not take these arguments");
    }
    Frame inside = defined.captured();
    int i = 0;
    for (Map.Entry<String, Expression> parameter : parameters.entrySet()) {
      String name = parameter.getKey();
      Object value =
          i < arguments.size()
              ? arguments.get(i)
              : named.containsKey(name)
                  ? named.get(name)
                  : parameter.getValue() != null
                      ? parameter.getValue().in(inside)
                      : new Undefined("the macro " + macro + " was not given " + name);
      inside.set(name, value);
      i++;
    }
    inside.enterCall();
    body.run(inside);
    inside.leaveCall();
    return inside.output();
  }

  // --- expressions

  private interface Level {
    Expression read();
  }

  private Expression tuple() {
    return commaSeparated(this::expression);
  }

  /** One expression, or a tuple of several. */
  private Expression commaSeparated(Level level) {
    Expression first = level.read();
    if (!operator(",")) {
      return first;
    }
    List<Expression> elements = new ArrayList<>();
    elements.add(first);
    while (skip(Kind.OPERATOR, ",")) {
      if (operator(")") || token().kind() == Kind.CLOSE_BLOCK || name("in")) {
        break;
      }
      elements.add(level.read());
    }
    return tuple(elements);
  }

  private static Expression tuple(List<Expression> elements) {
    Expression list = list(elements);
    return frame -> new Tuple(Values.elements(list.in(frame)));
  }

  private static Expression list(List<Expression> elements) {
    return frame -> {
      List<Object> values = new ArrayList<>();
      for (Expression element : elements) {
        values.add(element.in(frame));
      }
      return frame.computed(values);
    };
  }

  private Expression expression() {
    int before = unknown.size();
    Expression value = or();
    while (skip(Kind.NAME, "if")) {
      Expression then = value;
      Expression condition = or();
      Expression otherwise =
          skip(Kind.NAME, "else")
              ? expression()
              : frame -> new Undefined("an inline if without else had no value");
      value = frame -> Values.truth(condition.in(frame)) ? then.in(frame) : otherwise.in(frame);
      deferUnknown(before);
    }
    return value;
  }

  private Expression or() {
    Expression left = and();
    while (skip(Kind.NAME, "or")) {
      Expression a = left;
      Expression b = and();
      left =
          frame -> {
            Object value = a.in(frame);
            return Values.truth(value) ? value : b.in(frame);
          };
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (skip(Kind.NAME, "and")) {
      Expression a = left;
      Expression b = not();
      left =
          frame -> {
            Object value = a.in(frame);
            return Values.truth(value) ? b.in(frame) : value;
          };
    }
    return left;
  }

  private Expression not() {
    if (skip(Kind.NAME, "not")) {
      Expression value = not();
      return frame -> !Values.truth(value.in(frame));
    }
    return comparison();
  }

  private Expression comparison() {
    List<String> operators = new ArrayList<>();
    List<Expression> operands = new ArrayList<>();
    operands.add(sum());
    while (true) {
      if (token().kind() == Kind.OPERATOR && COMPARISONS.contains(token().text())) {
        operators.add(next().text());
      } else if (skip(Kind.NAME, "in")) {
        operators.add("in");
      } else if (name("not") && tokens.get(at + 1).is(Kind.NAME, "in")) {
        at += 2;
        operators.add("not in");
      } else {
        break;
      }
      operands.add(sum());
    }
    if (operators.isEmpty()) {
      return operands.get(0);
    }
    return frame -> {
      Object left = operands.get(0).in(frame);
      for (int i = 0; i < operators.size(); i++) {
        Object right = operands.get(i + 1).in(frame);
        if (!compared(frame, operators.get(i), left, right)) {
          return false;
        }
        left = right;
      }
      return true;
    };
  }

  private static boolean compared(Frame frame, String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> Values.equal(frame, left, right);
      case "!=" -> !Values.equal(frame, left, right);
      case "in" -> Values.contains(frame, right, left);
      case "not in" -> !Values.contains(frame, right, left);
      case "<" -> Values.compare(left, right) < 0;
      case "<=" -> Values.compare(left, right) <= 0;
      case ">" -> Values.compare(left, right) > 0;
      default -> Values.compare(left, right) >= 0;
    };
  }

  private Expression sum() {
    return binary(this::concatenation, Set.of("+", "-"));
  }

  private Expression concatenation() {
    Expression left = product();
    while (skip(Kind.OPERATOR, "~")) {
      Expression a = left;
      Expression b = product();
      left =
          frame -> {
            String x = Values.text(frame, a.in(frame));
            String y = Values.text(frame, b.in(frame));
            return frame.computed(Values.arithmetic("+", x, y));
          };
    }
    return left;
  }

  private Expression product() {
    return binary(this::power, Set.of("*", "/", "//", "%"));
  }

  private Expression power() {
    return binary(() -> unary(true), Set.of("**"));
  }

  private Expression binary(Level operand, Set<String> operators) {
    Expression left = operand.read();
    while (token().kind() == Kind.OPERATOR && operators.contains(token().text())) {
      String operator = next().text();
      Expression a = left;
      Expression b = operand.read();
      left = frame -> frame.computed(Values.arithmetic(operator, a.in(frame), b.in(frame)));
    }
    return left;
  }

  private Expression unary(boolean filtered) {
    Expression value;
    if (operator("-") || operator("+")) {
      String sign = next().text();
      Expression positive = unary(false);
      value = frame -> Values.arithmetic(sign, 0L, positive.in(frame));
    } else {
      value = primary();
    }
    value = postfix(value);
    while (filtered) {
      if (skip(Kind.OPERATOR, "|")) {
        value = filter(value);
      } else if (skip(Kind.NAME, "is")) {
        value = test(value);
      } else if (operator("(")) {
        value = call(value);
      } else {
        break;
      }
    }
    return value;
  }

  private Expression primary() {
    Token token = next();
    return switch (token.kind()) {
      case NAME ->
          switch (token.text()) {
            case "true", "True" -> frame -> true;
            case "false", "False" -> frame -> false;
            case "none", "None" -> frame -> null;
            default -> frame -> frame.variable(token.text());
          };
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (token().kind() == Kind.STRING) {
          text.append(next().text());
        }
        String whole = text.toString();
        yield frame -> whole;
      }
      case INTEGER -> {
        try {
          Long number = Long.valueOf(token.text());
          yield frame -> number;
        } catch (NumberFormatException e) {
          throw new JinjaException(token.line(), token.text() + " is too large");
        }
      }
      case FLOAT -> {
        Double number = Double.valueOf(token.text());
        yield frame -> number;
      }
      default ->
          switch (token.kind() == Kind.OPERATOR ? token.text() : "") {
            case "(" -> {
              Expression inside = operator(")") ? tuple(List.of()) : tuple();
              expect(Kind.OPERATOR, ")");
              yield inside;
            }
            case "[" -> {
              List<Expression> elements = new ArrayList<>();
              while (!operator("]")) {
                elements.add(expression());
                if (!operator("]")) {
                  expect(Kind.OPERATOR, ",");
                }
              }
              at++;
              yield list(elements);
            }
            case "{" -> dictionary();
            default -> {
              at--;
              throw unexpected();
            }
          };
    };
  }

  private Expression dictionary() {
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!operator("}")) {
      keys.add(expression());
      expect(Kind.OPERATOR, ":");
      values.add(expression());
      if (!operator("}")) {
        expect(Kind.OPERATOR, ",");
      }
    }
    at++;
    return frame -> {
      Map<Object, Object> map = new LinkedHashMap<>();
      for (int i = 0; i < keys.size(); i++) {
        map.put(Values.key(keys.get(i).in(frame)), values.get(i).in(frame));
      }
      frame.spend(1 + map.size());
      return map;
    };
  }

  private Expression postfix(Expression value) {
    Expression result = value;
    while (true) {
      if (skip(Kind.OPERATOR, ".")) {
        Expression base = result;
        if (token().kind() == Kind.INTEGER) {
          Long index = Long.valueOf(next().text());
          result = frame -> Values.item(base.in(frame), index);
        } else {
          String name = expect(Kind.NAME, null);
          result = frame -> attribute(base.in(frame), name);
        }
      } else if (skip(Kind.OPERATOR, "[")) {
        result = subscript(result);
      } else if (operator("(")) {
        result = call(result);
      } else {
        return result;
      }
    }
  }

  /** {@code base.name}: a method before an element, as Python has it. */
  private static Object attribute(Object base, String name) {
    Object attribute = Builtins.attribute(Values.defined(base), name);
    return attribute instanceof Undefined && base instanceof Map<?, ?>
        ? Values.item(base, name)
        : attribute;
  }

  private Expression subscript(Expression base) {
    Expression from = operator(":") ? null : expression();
    if (skip(Kind.OPERATOR, "]")) {
      return frame -> {
        Object value = base.in(frame);
        if (value instanceof String) {
          frame.computed(value);
        }
        return Values.item(value, from.in(frame));
      };
    }
    expect(Kind.OPERATOR, ":");
    Expression to = operator(":") || operator("]") ? null : expression();
    Expression step = skip(Kind.OPERATOR, ":") && !operator("]") ? expression() : null;
    expect(Kind.OPERATOR, "]");
    return frame ->
        frame.computed(
            Values.slice(
                frame.computed(base.in(frame)),
                from == null ? null : from.in(frame),
                to == null ? null : to.in(frame),
                step == null ? null : step.in(frame)));
  }

  /** What stands in the parentheses of a call. */
  private record Given(List<Expression> positional, Map<String, Expression> named) {

    List<Object> positional(Frame frame, Object... before) {
      List<Object> values = new ArrayList<>(Arrays.asList(before));
      positional.forEach(argument -> values.add(argument.in(frame)));
      return values;
    }

    Map<String, Object> named(Frame frame) {
      Map<String, Object> values = new LinkedHashMap<>();
      named.forEach((name, argument) -> values.put(name, argument.in(frame)));
      return values;
    }
  }

  private Given arguments() {
    expect(Kind.OPERATOR, "(");
    Given given = new Given(new ArrayList<>(), new LinkedHashMap<>());
    while (!operator(")")) {
      if (token().kind() == Kind.NAME && tokens.get(at + 1).is(Kind.OPERATOR, "=")) {
        String name = next().text();
        at++;
        given.named().put(name, expression());
      } else {
        given.positional().add(expression());
      }
      if (!operator(")")) {
        expect(Kind.OPERATOR, ",");
      }
    }
    at++;
    return given;
  }

  private Expression call(Expression function) {
    Given given = arguments();
    return frame -> {
      if (!(Values.defined(function.in(frame)) instanceof Callable callable)) {
        throw new JinjaException("a value that is no function is called");
      }
      return frame.computed(callable.call(frame, given.positional(frame), given.named(frame)));
    };
  }

  private Expression filter(Expression value) {
    int line = token().line();
    String name = expect(Kind.NAME, null);
    Callable filter = Builtins.filter(name);
    Given given = operator("(") ? arguments() : new Given(List.of(), Map.of());
    if (filter == null) {
      return failing(new JinjaException(line, "there is no filter \"" + name + "\""));
    }
    if (!Builtins.takes(name, given.positional().size(), given.named().keySet())) {
      return failing(new JinjaException(line, name + " does not take these arguments here"));
    }
    return frame -> {
      Object base = value.in(frame);
      if (base instanceof String) {
        frame.computed(base);
      }
      return frame.computed(filter.call(frame, given.positional(frame, base), given.named(frame)));
    };
  }

  private Expression test(Expression value) {
    boolean negated = skip(Kind.NAME, "not");
    int line = token().line();
    String name = expect(Kind.NAME, null);
    Callable test = Builtins.test(name);
    Given given;
    if (operator("(")) {
      given = arguments();
    } else if (takesArgument()) {
      given = new Given(List.of(postfix(primary())), Map.of());
    } else {
      given = new Given(List.of(), Map.of());
    }
    if (test == null) {
      return failing(new JinjaException(line, "there is no test \"" + name + "\""));
    }
    return frame ->
        Values.truth(test.call(frame, given.positional(frame, value.in(frame)), given.named(frame)))
            != negated;
  }

  private boolean takesArgument() {
    return switch (token().kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !Set.of("else", "or", "and", "is", "if", "not", "in").contains(token().text());
      default -> operator("[") || operator("{");
    };
  }
}
