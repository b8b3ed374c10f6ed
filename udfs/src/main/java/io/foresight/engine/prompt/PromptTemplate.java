package io.foresight.engine.prompt;

import io.foresight.decoding.RowFault;
import io.foresight.model.text.PromptText;
import io.foresight.reward.model.TextTemplate;
import java.util.List;
import java.util.Map;

/**
 * A prompt with columns in braces; see {@link TextTemplate}.
 *
 * @param text the template
 * @param parsesData whether values of columns that spell special tokens become these; those that
 *     the template itself spells do always
 */
public record PromptTemplate(String text, boolean parsesData) implements Prompt {

  private static final long serialVersionUID = 1;

  /** Checks the braces. */
  public PromptTemplate {
    new TextTemplate(text);
  }

  /** A prompt in which values of columns are plain text. */
  public PromptTemplate(String text) {
    this(text, false);
  }

  /** A prompt that is a column as it is. */
  public static PromptTemplate column(String name) {
    return new PromptTemplate("{" + name + "}");
  }

  /** The same, with values of columns that become special tokens if they spell them. */
  public PromptTemplate parsingData() {
    return new PromptTemplate(text, true);
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
    return prompt(row).text();
  }

  /**
   * Fills in a row, and tells the template's own text from the columns'.
   *
   * @throws RowFault as {@link #render}
   */
  PromptText prompt(Map<String, Object> row) {
    PromptText.Builder parts = PromptText.builder();
    try {
      new TextTemplate(text).render(row, parts::written, parsesData ? parts::written : parts::data);
    } catch (IllegalArgumentException e) {
      throw new RowFault(RowFault.Kind.PROMPT, "Cannot build a prompt: " + e.getMessage(), e);
    }
    PromptText prompt = parts.build();
    if (prompt.text().isBlank()) {
      throw new RowFault(
          RowFault.Kind.PROMPT,
          "Cannot build a prompt: it is empty. Fill in column %s.".formatted(columns()));
    }
    return prompt;
  }
}
