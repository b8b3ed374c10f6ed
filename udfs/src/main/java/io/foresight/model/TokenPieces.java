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
    int[] bytes = bytesByCharacter();
    Iterator<Map.Entry<String, JsonNode>> vocabulary = json.path("model").path("vocab").fields();
    while (vocabulary.hasNext()) {
      Map.Entry<String, JsonNode> entry = vocabulary.next();
      pieces = put(pieces, entry.getValue().asInt(), decoded(entry.getKey(), bytes));
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

  private static byte[] decoded(String token, int[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < token.length(); i++) {
      char c = token.charAt(i);
      if (c >= bytes.length || bytes[c] < 0) {
        // No character of the byte alphabet: the token stands for itself.
        return token.getBytes(StandardCharsets.UTF_8);
      }
      out.write(bytes[c]);
    }
    return out.toByteArray();
  }

  /**
   * GPT-2's byte alphabet: printable Latin-1 characters stand for themselves, the other bytes for
   * the characters from U+0100 on.
   */
  private static int[] bytesByCharacter() {
    int[] bytes = new int[512];
    Arrays.fill(bytes, -1);
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      bytes[printable ? b : next++] = b;
    }
    return bytes;
  }
}
