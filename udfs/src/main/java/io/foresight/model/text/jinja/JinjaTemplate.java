package io.foresight.model.text.jinja;

import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.Map;

/**
 * A chat template, rendered as transformers renders it: Jinja with {@code trim_blocks}, {@code
 * lstrip_blocks}, loop controls, {@code generation} blocks, {@code raise_exception}, {@code
 * strftime_now} and a {@code tojson} that leaves HTML alone.
 *
 * <p>Java's libraries for Jinja are not used: they evaluate Java's expression language, which has
 * no steps in slices ({@code messages[::-1]}), no filters of loops, other operators' precedence,
 * and methods of Java's classes instead of Python's, and they render what they do not understand as
 * nothing, so that a prompt would be wrong without a word. Here everything that is not understood
 * is an error, a template reaches only what {@link Builtins} lists, and a rendering has a budget of
 * time and memory. Immutable and thread-safe.
 */
public final class JinjaTemplate {

  private final Parser.Statement body;

  private JinjaTemplate(Parser.Statement body) {
    this.body = body;
  }

  /**
   * Reads a template.
   *
   * @throws JinjaException if it is none, or needs what is not there
   */
  public static JinjaTemplate parse(String template) {
    try {
      return new JinjaTemplate(Parser.parse(template));
    } catch (StackOverflowError e) {
      throw new JinjaException("it is nested too deeply");
    }
  }

  /**
   * Renders it.
   *
   * @param variables texts, numbers (Long, Double), booleans, {@code null}, lists and maps of them
   * @param now what {@code strftime_now} tells
   * @throws JinjaException if the template raises an exception, fails, or takes more time or memory
   *     than a prompt is worth
   */
  public String render(Map<String, ?> variables, LocalDateTime now) {
    Map<String, Object> imported = new HashMap<>();
    variables.forEach((name, value) -> imported.put(name, Values.imported(value)));
    Frame frame = Frame.outermost(imported, now);
    try {
      body.run(frame);
    } catch (StackOverflowError e) {
      throw new JinjaException("it is nested too deeply");
    }
    return frame.output();
  }
}
