package io.foresight.model.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The bytes that each id of a tokenizer stands for, where texts are concatenations of them: with
 * the decoders of byte-level BPE (GPT-2, Llama 3, Qwen) and of SentencePiece's layouts (Llama 2,
 * Mistral, Gemma). A text is then the bytes as UTF-8, unless they are none.
 */
public final class TokenPieces {

  private static final Pattern BYTE = Pattern.compile("<0x[+0-9A-Fa-f][0-9A-Fa-f]>");

  /** Bytes by id; {@code null} for special tokens and for ids that the tokenizer lacks. */
  private final byte[][] pieces;

  /** The same of a text's first token. */
  private final byte[][] firstPieces;

  private TokenPieces(byte[][] pieces, byte[][] firstPieces) {
    this.pieces = pieces;
    this.firstPieces = firstPieces;
  }

  /** The bytes of an id, or {@code null} if a text skips it. */
  byte[] of(int id, boolean first) {
    byte[][] table = first ? firstPieces : pieces;
    // Vocabularies of models may be larger than their tokenizers'.
    return id < table.length ? table[id] : null;
  }

  /**
   * Of a {@code tokenizer.json}.
   *
   * @return {@code null} if the decoder is of neither style, so that what an id stands for depends
   *     on its neighbours
   */
  static TokenPieces of(JsonNode json) {
    JsonNode decoder = json.path("decoder");
    while (decoder.path("decoders").size() == 1) {
      decoder = decoder.path("decoders").get(0);
    }
    Function<String, byte[]> piece = piece(decoder);
    if (piece == null) {
      return null;
    }
    Map<Integer, String> tokens = tokens(json);
    byte[][] pieces = table(tokens, piece);
    boolean metaspace = decoder.path("type").asText().equals("Metaspace");
    if (!metaspace || scheme(decoder).equals("never")) {
      return new TokenPieces(pieces, pieces);
    }
    String space = decoder.path("replacement").asText();
    return new TokenPieces(pieces, table(tokens, token -> utf8(token.replace(space, ""))));
  }

  private static byte[][] table(Map<Integer, String> tokens, Function<String, byte[]> piece) {
    byte[][] table = new byte[tokens.keySet().stream().mapToInt(id -> id + 1).max().orElse(0)][];
    tokens.forEach((id, token) -> table[id] = piece.apply(token));
    return table;
  }

  /** Tokens by id, without the special ones. */
  private static Map<Integer, String> tokens(JsonNode json) {
    Map<Integer, String> tokens = vocabulary(json);
    for (JsonNode added : json.path("added_tokens")) {
      int id = added.path("id").asInt();
      if (added.path("special").asBoolean()) {
        tokens.remove(id);
      } else {
        tokens.put(id, added.path("content").asText());
      }
    }
    return tokens;
  }

  /** The model's own tokens by id: of a map from token to id, or Unigram's list with scores. */
  public static Map<Integer, String> vocabulary(JsonNode json) {
    JsonNode vocabulary = json.path("model").path("vocab");
    Map<Integer, String> tokens = new HashMap<>();
    vocabulary
        .fields()
        .forEachRemaining(entry -> tokens.put(entry.getValue().asInt(), entry.getKey()));
    if (vocabulary.isArray()) {
      vocabulary.forEach(entry -> tokens.put(tokens.size(), entry.path(0).asText()));
    }
    return tokens;
  }

  /** All tokens by id: the model's own and those that were added. */
  static NavigableMap<Integer, String> allTokens(JsonNode json) {
    TreeMap<Integer, String> tokens = new TreeMap<>(vocabulary(json));
    json.path("added_tokens")
        .forEach(added -> tokens.put(added.path("id").asInt(), added.path("content").asText()));
    return tokens;
  }

  /** What a decoder makes of one token, or {@code null} if that depends on others. */
  private static Function<String, byte[]> piece(JsonNode decoder) {
    List<JsonNode> steps = new ArrayList<>();
    if (decoder.path("type").asText().equals("Sequence")) {
      decoder.path("decoders").forEach(steps::add);
    } else {
      steps.add(decoder);
    }
    List<String> types = steps.stream().map(step -> step.path("type").asText()).toList();
    if (types.equals(List.of("ByteLevel"))) {
      return TokenPieces::ofByteLevel;
    }
    if (types.equals(List.of("Metaspace"))) {
      String space = decoder.path("replacement").asText();
      return token -> utf8(token.replace(space, " "));
    }
    int next = 0;
    List<String[]> replacements = new ArrayList<>();
    while (next < steps.size() && types.get(next).equals("Replace")) {
      String from = steps.get(next).path("pattern").path("String").asText();
      if (from.isEmpty()) {
        return null;
      }
      replacements.add(new String[] {from, steps.get(next).path("content").asText()});
      next++;
    }
    boolean bytes = next < steps.size() && types.get(next).equals("ByteFallback");
    next += bytes ? 1 : 0;
    boolean known = next > 0;
    if (next < steps.size() && types.get(next).equals("Fuse")) {
      next++;
      // After Fuse it takes spaces of the whole text, and none are left there anyway.
      if (next < steps.size()
          && types.get(next).equals("Strip")
          && steps.get(next).path("content").asText().equals(" ")) {
        next++;
      }
    }
    if (!known || next < steps.size()) {
      return null;
    }
    return token -> {
      String text = token;
      for (String[] replacement : replacements) {
        text = text.replace(replacement[0], replacement[1]);
      }
      return bytes && BYTE.matcher(text).matches()
          ? new byte[] {(byte) Integer.parseInt(text.substring(3, 5), 16)}
          : utf8(text);
    };
  }

  /** When a Metaspace drops the space that begins a text; older files say it by a flag. */
  static String scheme(JsonNode metaspace) {
    return metaspace
        .path("prepend_scheme")
        .asText(metaspace.path("add_prefix_space").asBoolean(true) ? "always" : "never");
  }

  private static byte[] ofByteLevel(String token) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < token.length(); i++) {
      int value = ByteAlphabet.value(token.charAt(i));
      if (value < 0) {
        // No character of the byte alphabet: the token stands for itself.
        return utf8(token);
      }
      out.write(value);
    }
    return out.toByteArray();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
