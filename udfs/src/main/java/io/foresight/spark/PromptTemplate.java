package io.foresight.spark;

import io.foresight.decoding.RowFault;
import io.foresight.reward.TextTemplate;
import java.util.List;
import java.util.Map;

/**
 * A prompt with columns in braces; see {@link TextTemplate}.
 *
 * @param text the template
 */
public record PromptTemplate(String text) implements Prompt {

  private static final long serialVersionUID = 1;

  /** Checks the braces. */
  public PromptTemplate {
    new TextTemplate(text);
  }

  /** A prompt that is a column as it is. */
  public static PromptTemplate column(String name) {
    return new PromptTemplate("{" + name + "}");
  }

  /** Columns that the template names, in order. */
  @Override
  public List<String> columns() {
    return new TextTemplate(text).columns();
  }

  /**
   * Fills in a row.
   *
   * @throws RowFault if a column is null, or the prompt is blank
   */
  public String render(Map<String, Object> row) {
    String prompt;
    try {
      prompt = new TextTemplate(text).render(row);
    } catch (IllegalArgumentException e) {
      throw new RowFault(RowFault.Kind.PROMPT, "Cannot build a prompt: " + e.getMessage(), e);
    }
    if (prompt.isBlank()) {
      throw new RowFault(
          RowFault.Kind.PROMPT,
          "Cannot build a prompt: it is empty. Fill in column %s.".formatted(columns()));
    }
    return prompt;
  }
}
