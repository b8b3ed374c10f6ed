package io.foresight.model.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;

/** Whether a model has a row of its embedding for every id that its tokenizer may give. */
public final class TokenizerFit {

  private TokenizerFit() {}

  /**
   * The highest id of a folder's tokenizer and 1; 0 if it has none.
   *
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if it is no JSON
   */
  public static int ids(Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    if (Files.notExists(file)) {
      return 0;
    }
    try {
      NavigableMap<Integer, String> tokens =
          TokenPieces.allTokens(new ObjectMapper().readTree(file.toFile()));
      return tokens.isEmpty() ? 0 : tokens.lastKey() + 1;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "tokenizer.json is no JSON: %s. Save it again with transformers."
              .formatted(e.getOriginalMessage()),
          e);
    }
  }

  /**
   * What does not fit, in words that its user can act on; empty if all does.
   *
   * @param folder with {@code tokenizer.json}
   * @param rows of the model's embedding, at least 1
   * @throws IOException if the file cannot be read
   */
  public static Optional<String> problem(Path folder, int rows) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    NavigableMap<Integer, String> tokens =
        TokenPieces.allTokens(new ObjectMapper().readTree(file.toFile()));
    Map.Entry<Integer, String> last = tokens.lastEntry();
    return last == null || last.getKey() < rows
        ? Optional.empty()
        : Optional.of(
            "Cannot use tokenizer %s: its token \"%s\" has id %d, and the model's embedding has %d rows, so that %d of its tokens have none. Give the tokenizer that belongs to the model, or save the model again after transformers' resize_token_embeddings."
                .formatted(
                    file, last.getValue(), last.getKey(), rows, tokens.tailMap(rows, true).size()));
  }
}
