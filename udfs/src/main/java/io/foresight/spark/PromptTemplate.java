package io.foresight.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A prompt with columns in braces, as in {@code {concepts} =}. A list is joined by one space; a
 * doubled brace stands for itself.
 *
 * @param text the template
 */
public record PromptTemplate(String text) implements Prompt {

  private static final long serialVersionUID = 1;

  private static final Pattern PART = Pattern.compile("\\{\\{|\\}\\}|\\{([^{}]+)\\}|[{}]");

  /** Checks the braces. */
  public PromptTemplate {
    Matcher matcher = PART.matcher(text);
    while (matcher.find()) {
      if (matcher.group().equals("{") || matcher.group().equals("}")) {
        throw new IllegalArgumentException(
            "Cannot read prompt template \"%s\": the brace at %d has no partner. Write {column}, or %s for a brace."
                .formatted(text, matcher.start(), matcher.group().repeat(2)));
      }
    }
  }

  /** A prompt that is a column as it is. */
  public static PromptTemplate column(String name) {
    return new PromptTemplate("{" + name + "}");
  }

  /** Columns that the template names, in order. */
  @Override
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
   * @throws IllegalArgumentException if a column is null, or the prompt is blank
   */
  public String render(Map<String, Object> row) {
    StringBuilder prompt = new StringBuilder();
    Matcher matcher = PART.matcher(text);
    int end = 0;
    while (matcher.find()) {
      prompt.append(text, end, matcher.start());
      end = matcher.end();
      String column = matcher.group(1);
      if (column == null) {
        prompt.append(matcher.group().charAt(0));
        continue;
      }
      Object value = row.get(column);
      if (value == null) {
        throw new IllegalArgumentException(
            "Cannot build a prompt: column %s is null. Fill it in.".formatted(column));
      }
      prompt.append(value instanceof List<?> list ? join(list) : value.toString());
    }
    prompt.append(text, end, text.length());
    if (prompt.toString().isBlank()) {
      throw new IllegalArgumentException(
          "Cannot build a prompt: it is empty. Fill in column %s.".formatted(columns()));
    }
    return prompt.toString();
  }

  private static String join(List<?> list) {
    return list.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }
}
