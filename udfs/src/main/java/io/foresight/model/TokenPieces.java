package io.foresight.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;

/** The bytes that each id of a byte-level BPE tokenizer stands for. */
final class TokenPieces {

  private TokenPieces() {}

  /**
   * Reads a {@code tokenizer.json}.
   *
   * @return bytes by id, none for special tokens and for ids that the vocabulary lacks; {@code
   *     null} unless the decoder is the byte-level one, whose texts are concatenations
   */
  static byte[][] read(Path file) throws IOException {
    JsonNode json = new ObjectMapper().readTree(file.toFile());
    if (!json.path("decoder").path("type").asText().equals("ByteLevel")
        || !json.path("model").path("vocab").isObject()) {
      return null;
    }
    byte[][] pieces = new byte[0][];
    Iterator<Map.Entry<String, JsonNode>> vocabulary = json.path("model").path("vocab").fields();
    while (vocabulary.hasNext()) {
      Map.Entry<String, JsonNode> entry = vocabulary.next();
      pieces = put(pieces, entry.getValue().asInt(), decoded(entry.getKey()));
    }
    for (JsonNode added : json.path("added_tokens")) {
      boolean special = added.path("special").asBoolean();
      String content = added.path("content").asText();
      pieces =
          put(
              pieces,
              added.path("id").asInt(),
              special ? new byte[0] : content.getBytes(StandardCharsets.UTF_8));
    }
    for (int i = 0; i < pieces.length; i++) {
      pieces[i] = pieces[i] == null ? new byte[0] : pieces[i];
    }
    return pieces;
  }

  private static byte[][] put(byte[][] pieces, int id, byte[] piece) {
    byte[][] larger =
        id < pieces.length ? pieces : Arrays.copyOf(pieces, Math.max(id + 1, 2 * pieces.length));
    larger[id] = piece;
    return larger;
  }

  private static byte[] decoded(String token) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < token.length(); i++) {
      int value = ByteAlphabet.value(token.charAt(i));
      if (value < 0) {
        // No character of the byte alphabet: the token stands for itself.
        return token.getBytes(StandardCharsets.UTF_8);
      }
      out.write(value);
    }
    return out.toByteArray();
  }
}
