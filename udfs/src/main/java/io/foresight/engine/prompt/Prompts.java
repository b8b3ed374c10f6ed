package io.foresight.engine.prompt;

import io.foresight.decoding.RowFault;
import io.foresight.model.text.ChatTemplate;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.PromptText;
import io.foresight.model.text.Tokenizer;
import java.nio.file.Path;
import java.util.Map;

/** Builds rows' prompts for one model. Immutable and thread-safe. */
public final class Prompts {

  private final Prompt prompt;

  /** {@code null} unless the prompt is a chat. */
  private final ChatTemplate template;

  private Prompts(Prompt prompt, ChatTemplate template) {
    this.prompt = prompt;
    this.template = template;
  }

  /**
   * Reads what the prompt needs of a model's folder, and builds one from sample texts, so that a
   * template that cannot work is found before the rows are.
   *
   * @throws ModelException if the prompt is a chat and the model's template cannot be used
   */
  public static Prompts of(Prompt prompt, Path model) {
    if (!(prompt instanceof Chat)) {
      return new Prompts(prompt, null);
    }
    Prompts prompts = new Prompts(prompt, ChatTemplate.load(model));
    try {
      prompts.text(prompt.sample());
    } catch (RowFault e) {
      throw new ModelException(e.getMessage(), e);
    }
    return prompts;
  }

  /**
   * A row's prompt.
   *
   * @throws RowFault if the row has none: a column is null, a text is blank, or the chat template
   *     refuses it
   */
  public String text(Map<String, Object> row) {
    if (prompt instanceof Chat chat) {
      return template.prompt(chat.turns(row), chat.now());
    }
    return ((PromptTemplate) prompt).render(row);
  }

  /**
   * Its ids; a chat has its special tokens written out, and gets no others. What columns spell is
   * none, unless the prompt says otherwise.
   *
   * @throws IllegalArgumentException as {@link #text}
   */
  public int[] ids(Tokenizer tokenizer, Map<String, Object> row) {
    PromptText text = text(tokenizer, row);
    return template == null ? tokenizer.encode(text) : tokenizer.encodeWritten(text);
  }

  /** Ids of the prompt and a text that goes on from it. */
  public int[] ids(Tokenizer tokenizer, Map<String, Object> row, String output) {
    PromptText.Builder text = PromptText.builder().append(text(tokenizer, row));
    return template == null
        ? tokenizer.encode(text.written(" ").data(output).build())
        : tokenizer.encodeWritten(text.data(output).build());
  }

  private PromptText text(Tokenizer tokenizer, Map<String, Object> row) {
    if (prompt instanceof Chat chat) {
      return template.prompt(chat.turns(row), chat.now(), tokenizer);
    }
    return ((PromptTemplate) prompt).prompt(row);
  }
}
