package io.foresight.reward.model;

import io.foresight.reward.ValueText;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text with columns in braces, as in {@code {concepts} =}. Values are written as {@link
 * ValueText} says; a doubled brace stands for itself.
 *
 * @param text the template
 */
public record TextTemplate(String text) implements Serializable {

  private static final long serialVersionUID = 1;

  private static final Pattern PART = Pattern.compile("\\{\\{|\\}\\}|\\{([^{}]+)\\}|[{}]");

  /** Checks the braces. */
  public TextTemplate {
    Matcher matcher = PART.matcher(text);
    while (matcher.find()) {
      if (matcher.group().equals("{") || matcher.group().equals("}")) {
        throw new IllegalArgumentException(
            "Cannot read template \"%s\": the brace at %d has no partner. Write {column}, or %s for a brace."
                .formatted(text, matcher.start(), matcher.group().repeat(2)));
      }
    }
  }

  /** Columns that the template names, in order. */
  public List<String> columns() {
    List<String> columns = new ArrayList<>();
    Matcher matcher = PART.matcher(text);
    while (matcher.find()) {
      if (matcher.group(1) != null) {
        columns.add(matcher.group(1));
      }
    }
    return columns;
  }

  /**
   * Fills in a row.
   *
   * @throws IllegalArgumentException if a column is null, or of a type that is no text
   */
  public String render(Map<String, Object> row) {
    StringBuilder filled = new StringBuilder();
    render(row, filled::append, filled::append);
    return filled.toString();
  }

  /**
   * Fills in a row, part by part.
   *
   * @param written takes the parts of the template
   * @param data takes the values of columns
   * @throws IllegalArgumentException if a column is null
   */
  public void render(Map<String, Object> row, Consumer<String> written, Consumer<String> data) {
    Matcher matcher = PART.matcher(text);
    int end = 0;
    while (matcher.find()) {
      written.accept(text.substring(end, matcher.start()));
      end = matcher.end();
      String column = matcher.group(1);
      if (column == null) {
        written.accept(matcher.group().substring(1));
        continue;
      }
      Object value = row.get(column);
      if (value == null) {
        throw new IllegalArgumentException("column %s is null. Fill it in.".formatted(column));
      }
      try {
        data.accept(ValueText.of(value));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("column %s %s".formatted(column, e.getMessage()), e);
      }
    }
    written.accept(text.substring(end));
  }
}
