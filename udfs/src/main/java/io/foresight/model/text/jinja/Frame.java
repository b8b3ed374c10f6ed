package io.foresight.model.text.jinja;

import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Variables of one scope, what it writes, and what is left of the rendering's budget. Templates
 * come with checkpoints, so that none may take more time or memory than a prompt is worth.
 */
final class Frame {

  /** Characters of a text; the longest contexts hold about as many. */
  static final int MOST_CHARACTERS = 1 << 22;

  /** Elements of a list. */
  static final int MOST_ELEMENTS = 100_000;

  private static final long MOST_STEPS = 5_000_000;
  private static final int MOST_CALLS = 50;
  static final int CHARACTERS_PER_STEP = 16;

  /** What the frames of one rendering share. */
  private static final class Budget {
    private final LocalDateTime now;
    private long steps = MOST_STEPS;
    private int calls;

    Budget(LocalDateTime now) {
      this.now = now;
    }
  }

  private final Budget budget;
  private final Frame parent;
  private final Map<String, Object> variables = new HashMap<>();
  private final StringBuilder output;

  private Frame(Budget budget, Frame parent, StringBuilder output) {
    this.budget = budget;
    this.parent = parent;
    this.output = output;
  }

  static Frame outermost(Map<String, Object> variables, LocalDateTime now) {
    Frame frame = new Frame(new Budget(now), null, new StringBuilder());
    frame.variables.putAll(variables);
    return frame;
  }

  /** A scope inside this one that writes to the same output. */
  Frame inner() {
    return new Frame(budget, this, output);
  }

  /** A scope inside this one whose output is a value. */
  Frame captured() {
    return new Frame(budget, this, new StringBuilder());
  }

  Object variable(String name) {
    for (Frame frame = this; frame != null; frame = frame.parent) {
      if (frame.variables.containsKey(name)) {
        return frame.variables.get(name);
      }
    }
    return Builtins.global(name);
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }

  LocalDateTime now() {
    return budget.now;
  }

  void write(String text) {
    checked(output.length() + (long) text.length());
    spend(1 + text.length() / CHARACTERS_PER_STEP);
    output.append(text);
  }

  String output() {
    return output.toString();
  }

  /** Takes steps off the budget. */
  void spend(long steps) {
    budget.steps -= steps;
    if (budget.steps < 0) {
      throw new JinjaException("it takes more than " + MOST_STEPS + " steps");
    }
  }

  /** A value that was computed, if it is not too large. */
  Object computed(Object value) {
    if (value instanceof String text) {
      checked(text.length());
      spend(1 + text.length() / CHARACTERS_PER_STEP);
    } else if (value instanceof List<?> list) {
      if (list.size() > MOST_ELEMENTS) {
        throw new JinjaException("a list has more than " + MOST_ELEMENTS + " elements");
      }
      spend(1 + list.size());
    } else {
      spend(1);
    }
    return value;
  }

  static void checked(long characters) {
    if (characters > MOST_CHARACTERS) {
      throw new JinjaException("a text has more than " + MOST_CHARACTERS + " characters");
    }
  }

  void enterCall() {
    if (++budget.calls > MOST_CALLS) {
      throw new JinjaException("macros call each other more than " + MOST_CALLS + " deep");
    }
  }

  void leaveCall() {
    budget.calls--;
  }
}
