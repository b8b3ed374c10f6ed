package io.foresight.model.text;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.foresight.decoding.RowFault;
import io.foresight.model.text.jinja.JinjaException;
import io.foresight.model.text.jinja.JinjaTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model folder's chat template: {@code chat_template.jinja}, or {@code chat_template} in {@code
 * tokenizer_config.json}. It writes the special tokens itself, so that {@link
 * Tokenizer#encodeWritten} is what its texts are for. Immutable and thread-safe.
 */
public final class ChatTemplate {

  private static final String FILE = "chat_template.jinja";
  private static final String CONFIG = "tokenizer_config.json";

  private final Path folder;
  private final String source;
  private final JinjaTemplate template;
  private final Map<String, Object> tokens;

  private ChatTemplate(Path folder, String source, Map<String, Object> tokens) {
    this.folder = folder;
    this.source = source;
    this.template = JinjaTemplate.parse(source);
    this.tokens = tokens;
  }

  /**
   * Reads it.
   *
   * @throws ModelException if the folder has none, or one that cannot be read
   */
  public static ChatTemplate load(Path folder) {
    try {
      JsonNode json = config(folder);
      return new ChatTemplate(folder, source(folder, json), specialTokens(json));
    } catch (IllegalArgumentException e) {
      throw new ModelException(
          "Cannot use the chat template of model %s: %s".formatted(folder, e.getMessage()), e);
    } catch (JinjaException e) {
      throw new ModelException(
          "Cannot use the chat template of model %s: %s. Write the prompt with prompt.template instead."
              .formatted(folder, e.getMessage()),
          e);
    } catch (IOException e) {
      throw new ModelException(
          "Cannot use the chat template of model %s: %s. Check that its files are readable."
              .formatted(folder, e),
          e);
    }
  }

  private static JsonNode config(Path folder) throws IOException {
    Path config = folder.resolve(CONFIG);
    return Files.exists(config)
        ? new ObjectMapper().readTree(Files.readAllBytes(config))
        : MissingNode.getInstance();
  }

  /** All templates of a folder, one after the other; empty if it has none. */
  static String sources(Path folder) throws IOException {
    StringBuilder sources = new StringBuilder();
    Path file = folder.resolve(FILE);
    if (Files.exists(file)) {
      sources.append(Files.readString(file));
    }
    JsonNode template = config(folder).path("chat_template");
    sources.append(template.asText());
    template.forEach(one -> sources.append(one.path("template").asText()));
    return sources.toString();
  }

  private static String source(Path folder, JsonNode config) throws IOException {
    Path file = folder.resolve(FILE);
    if (Files.exists(file)) {
      return Files.readString(file);
    }
    JsonNode template = config.path("chat_template");
    if (template.isTextual()) {
      return template.asText();
    }
    List<String> names = new ArrayList<>();
    for (JsonNode one : template) {
      if (one.path("name").asText().equals("default")) {
        return one.path("template").asText();
      }
      names.add(one.path("name").asText());
    }
    throw new IllegalArgumentException(
        names.isEmpty()
            ? "it has none, neither "
                + FILE
                + " nor one in "
                + CONFIG
                + ". Take a model that was trained for chat, or set prompt.chat.enabled = false."
            : "none of its templates "
                + names
                + " is named default. Save the one to use as "
                + FILE
                + ".");
  }

  /** Each as a text or as an object with its content. */
  private static Map<String, Object> specialTokens(JsonNode config) {
    Map<String, Object> tokens = new HashMap<>();
    for (String name :
        List.of(
            "bos_token",
            "eos_token",
            "unk_token",
            "sep_token",
            "pad_token",
            "cls_token",
            "mask_token")) {
      JsonNode token = config.path(name);
      JsonNode content = token.isObject() ? token.path("content") : token;
      if (content.isTextual()) {
        tokens.put(name, content.asText());
      }
    }
    return tokens;
  }

  /** What somebody says in a chat. */
  public record Turn(String role, PromptText content) {}

  /**
   * The prompt after which the model answers. Of the turns' data it marks what would read as a
   * special token; all else counts as written.
   *
   * @param turns in order; at least one
   * @param now what the template writes if it asks for the date
   * @param tokenizer whose special tokens it is that data must not spell
   * @throws RowFault if the template refuses the turns, or fails on them
   */
  public PromptText prompt(List<Turn> turns, LocalDateTime now, Tokenizer tokenizer) {
    SpecialTokens special = tokenizer.special();
    char mark = mark(turns.stream().map(turn -> turn.content().text()).collect(joining()));
    // Templates strip, split and compare texts; so they get them as they are, but for marks where
    // data spells a special token.
    List<Map<String, Object>> messages = new ArrayList<>();
    turns.forEach(turn -> messages.add(turn(turn.role(), special.marked(turn.content(), mark))));
    return SpecialTokens.unmarked(render(messages, now), mark);
  }

  /**
   * As {@link #prompt(List, LocalDateTime, Tokenizer)}, to be looked at.
   *
   * @throws RowFault if the template refuses the turns, or fails on them
   */
  public String prompt(List<Turn> turns, LocalDateTime now) {
    List<Map<String, Object>> messages = new ArrayList<>();
    turns.forEach(turn -> messages.add(turn(turn.role(), turn.content().text())));
    return render(messages, now);
  }

  /** A character for private use that neither the turns nor the template have. */
  private char mark(String turns) {
    char mark = '\uE000';
    while (turns.indexOf(mark) >= 0 || source.indexOf(mark) >= 0) {
      mark++;
    }
    return mark;
  }

  private String render(List<Map<String, Object>> messages, LocalDateTime now) {
    Map<String, Object> variables = new HashMap<>(tokens);
    variables.put("messages", messages);
    variables.put("add_generation_prompt", true);
    variables.put("tools", null);
    variables.put("documents", null);
    try {
      return template.render(variables, now);
    } catch (JinjaException e) {
      throw new RowFault(
          RowFault.Kind.PROMPT,
          "Cannot build a prompt: the chat template of %s says: %s. Change the texts of its turns, or write the prompt with prompt.template."
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  private static Map<String, Object> turn(String role, String content) {
    Map<String, Object> turn = new LinkedHashMap<>();
    turn.put("role", role);
    turn.put("content", content);
    return turn;
  }
}
