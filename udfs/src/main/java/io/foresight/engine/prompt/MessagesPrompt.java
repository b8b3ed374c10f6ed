package io.foresight.engine.prompt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.RowFault;
import io.foresight.model.text.ChatTemplate.Turn;
import io.foresight.model.text.PromptText;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A chat of any number of turns, which a column holds as a list of {@code role} and {@code
 * content}, as the data of OpenAI and TRL does.
 *
 * @param column the column
 * @param system what the system's turn says where the messages do not begin with one; {@code null}
 *     for nothing
 * @param parsesData whether contents that spell special tokens become these
 * @param now what a template that asks for the date gets
 */
public record MessagesPrompt(
    String column, PromptTemplate system, boolean parsesData, LocalDateTime now) implements Chat {

  private static final long serialVersionUID = 1;

  private static final String SYSTEM = "system";
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public Chat at(LocalDateTime other) {
    return new MessagesPrompt(column, system, parsesData, other);
  }

  @Override
  public List<String> columns() {
    List<String> columns = new ArrayList<>(system == null ? List.of() : system.columns());
    columns.add(column);
    return columns;
  }

  @Override
  public Map<String, Object> sample() {
    Map<String, Object> sample = new HashMap<>(Chat.super.sample());
    sample.put(column, List.of(Map.of("role", "user", "content", "sample")));
    return sample;
  }

  @Override
  public List<Turn> turns(Map<String, Object> row) {
    List<Turn> turns = new ArrayList<>();
    Object value = row.get(column);
    List<?> messages =
        value instanceof String json ? parsed(json) : value instanceof List<?> l ? l : List.of();
    if (messages.isEmpty()) {
      throw fault("it holds no messages. Give a list of role and content");
    }
    for (int i = 0; i < messages.size(); i++) {
      if (!(messages.get(i) instanceof Map<?, ?> message)
          || !(message.get("role") instanceof String role)) {
        throw fault("message %d has no role. Give each a role and a content".formatted(i + 1));
      }
      String content = content(message.get("content"), i);
      if (i == 0 && system != null && !role.equals(SYSTEM)) {
        turns.add(new Turn(SYSTEM, system.prompt(row)));
      }
      PromptText.Builder text = PromptText.builder();
      turns.add(new Turn(role, (parsesData ? text.written(content) : text.data(content)).build()));
    }
    if (turns.get(turns.size() - 1).role().equals("assistant")) {
      throw fault("the assistant has spoken last. End with what it is to answer");
    }
    return turns;
  }

  /** Messages as JSON, as files have them that have no lists, or several kinds of contents. */
  private List<?> parsed(String json) {
    try {
      List<?> messages = JSON.readValue(json, List.class);
      return messages == null ? List.of() : messages;
    } catch (JsonProcessingException e) {
      throw fault("it holds a text that is no JSON of messages. Give a list of role and content");
    }
  }

  /** A text, or parts of which each is one. */
  private String content(Object content, int i) {
    if (content instanceof String text) {
      return text;
    }
    StringBuilder all = new StringBuilder();
    if (content instanceof List<?> parts && !parts.isEmpty()) {
      for (Object part : parts) {
        if (!(part instanceof Map<?, ?> map) || !(map.get("text") instanceof String text)) {
          throw fault("message %d has a part that is no text. Give texts".formatted(i + 1));
        }
        all.append(text);
      }
      return all.toString();
    }
    throw fault("message %d has no content. Give it a text".formatted(i + 1));
  }

  private RowFault fault(String reason) {
    return new RowFault(
        RowFault.Kind.PROMPT, "Cannot build a prompt of column %s: %s.".formatted(column, reason));
  }
}
