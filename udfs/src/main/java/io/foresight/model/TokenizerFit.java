package io.foresight.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Whether a model has a row of its embedding for every id that its tokenizer may give. */
public final class TokenizerFit {

  private TokenizerFit() {}

  /**
   * What does not fit, in words that its user can act on; empty if all does.
   *
   * @param folder with {@code tokenizer.json}
   * @param rows of the model's embedding, at least 1
   * @throws IOException if the file cannot be read
   */
  public static Optional<String> problem(Path folder, int rows) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    TreeMap<Integer, String> tokens = new TreeMap<>(TokenPieces.vocabulary(json));
    json.path("added_tokens")
        .forEach(added -> tokens.put(added.path("id").asInt(), added.path("content").asText()));
    Map.Entry<Integer, String> last = tokens.lastEntry();
    return last == null || last.getKey() < rows
        ? Optional.empty()
        : Optional.of(
            "Cannot use tokenizer %s: its token \"%s\" has id %d, and the model's embedding has %d rows, so that %d of its tokens have none. Give the tokenizer that belongs to the model, or save the model again after transformers' resize_token_embeddings."
                .formatted(
                    file, last.getValue(), last.getKey(), rows, tokens.tailMap(rows, true).size()));
  }
}
