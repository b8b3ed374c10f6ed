package io.foresight.model.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small tokenizers in the layouts that checkpoints have. */
final class TokenizerFiles {

  private static final ObjectMapper JSON = new ObjectMapper();

  private TokenizerFiles() {}

  /** Words, pieces and whole characters that the vocabularies have besides their bytes. */
  private static final String[] WORDS = {
    "the", "a", "dog", "Dog", "cat", "park", "run", "ing", "s", ".", ",", "é", "滑", "Übung", "😀"
  };

  /**
   * Byte-level BPE with one token per byte and some words, as GPT-2, Llama 3 and Qwen have it; ids:
   * 0 to 255 bytes, then words, then {@code <s>}, {@code </s>} (special), and added tokens that are
   * not special.
   */
  static ObjectNode byteLevel() {
    ObjectNode vocabulary = JSON.createObjectNode();
    ArrayNode merges = JSON.createArrayNode();
    for (int i = 0; i < 256; i++) {
      vocabulary.put(String.valueOf(ByteAlphabet.character(i)), i);
    }
    for (String word : WORDS) {
      merge(alphabet(word), vocabulary, merges);
      merge(alphabet(" " + word), vocabulary, merges);
    }
    ObjectNode json = frame(vocabulary.size());
    added(json, vocabulary.size() + 2, "<tool call>", false);
    added(json, vocabulary.size() + 3, "<think>", false);
    added(json, vocabulary.size() + 4, "één", false);
    json.set("pre_tokenizer", byteLevelStep());
    json.set("decoder", byteLevelStep());
    json.set("model", bpe(vocabulary, merges, false));
    return json;
  }

  /**
   * BPE with byte fallback as the conversions of Llama 2, Mistral, Gemma and Phi-3 have it; ids: 0
   * {@code <unk>}, 1 {@code <s>}, 2 {@code </s>}, 3 to 258 bytes, then the characters and words.
   */
  static ObjectNode sentencePiece() {
    ObjectNode vocabulary = JSON.createObjectNode();
    ArrayNode merges = JSON.createArrayNode();
    vocabulary.put("<unk>", 0);
    vocabulary.put("<s>", 1);
    vocabulary.put("</s>", 2);
    for (int i = 0; i < 256; i++) {
      vocabulary.put("<0x%02X>".formatted(i), 3 + i);
    }
    vocabulary.put("▁", vocabulary.size());
    for (char c = 'a'; c <= 'z'; c++) {
      vocabulary.put(String.valueOf(c), vocabulary.size());
    }
    for (String word : WORDS) {
      if (word.codePointCount(0, word.length()) > 1 || word.charAt(0) < 0x80) {
        merge(word, vocabulary, merges);
        merge("▁" + word, vocabulary, merges);
      }
    }
    merge("▁▁", vocabulary, merges);
    merge("a▁dog", vocabulary, merges);
    ObjectNode json = frame(1);
    added(json, 0, "<unk>", true);
    added(json, vocabulary.size(), "<|end|>", true);
    added(json, vocabulary.size() + 1, "<think>", false);
    added(json, vocabulary.size() + 2, "▁of▁it", false);
    ArrayNode normalizers =
        json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
    normalizers.addObject().put("type", "Prepend").put("prepend", "▁");
    ObjectNode replace = normalizers.addObject().put("type", "Replace").put("content", "▁");
    replace.putObject("pattern").put("String", " ");
    json.set("decoder", sentencePieceDecoder(true));
    ObjectNode model = bpe(vocabulary, merges, true);
    model.put("unk_token", "<unk>").put("fuse_unk", true);
    json.set("model", model);
    return json;
  }

  /** Gemma's has no Strip. */
  static ObjectNode sentencePieceDecoder(boolean strip) {
    ObjectNode decoder = JSON.createObjectNode().put("type", "Sequence");
    ArrayNode decoders = decoder.putArray("decoders");
    ObjectNode replace = decoders.addObject().put("type", "Replace").put("content", " ");
    replace.putObject("pattern").put("String", "▁");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    if (strip) {
      decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    }
    return decoder;
  }

  /** A Metaspace, the pre-tokenizer's and the decoder's. */
  static ObjectNode metaspace(String scheme) {
    return JSON.createObjectNode()
        .put("type", "Metaspace")
        .put("replacement", "▁")
        .put("prepend_scheme", scheme)
        .put("split", false);
  }

  private static ObjectNode frame(int firstSpecial) {
    ObjectNode json = JSON.createObjectNode().put("version", "1.0");
    json.putNull("truncation").putNull("padding");
    json.putArray("added_tokens");
    added(json, firstSpecial, "<s>", true);
    added(json, firstSpecial + 1, "</s>", true);
    json.putNull("normalizer").putNull("pre_tokenizer");
    ObjectNode post = json.putObject("post_processor").put("type", "TemplateProcessing");
    for (String name : new String[] {"single", "pair"}) {
      ArrayNode parts = post.putArray(name);
      parts.addObject().putObject("SpecialToken").put("id", "<s>").put("type_id", 0);
      parts.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
      if (name.equals("pair")) {
        parts.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
      }
    }
    ObjectNode bos = post.putObject("special_tokens").putObject("<s>").put("id", "<s>");
    bos.putArray("ids").add(firstSpecial);
    bos.putArray("tokens").add("<s>");
    return json;
  }

  private static void added(ObjectNode json, int id, String content, boolean special) {
    ((ArrayNode) json.get("added_tokens"))
        .addObject()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", special);
  }

  private static ObjectNode byteLevelStep() {
    return JSON.createObjectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  private static ObjectNode bpe(ObjectNode vocabulary, ArrayNode merges, boolean byteFallback) {
    ObjectNode model = JSON.createObjectNode().put("type", "BPE");
    model.putNull("dropout").putNull("unk_token");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", byteFallback);
    model.set("vocab", vocabulary);
    model.set("merges", merges);
    return model;
  }

  /** Adds a word and what leads to it, character by character. */
  private static void merge(String word, ObjectNode vocabulary, ArrayNode merges) {
    int[] characters = word.codePoints().toArray();
    String left = "";
    for (int c : characters) {
      String right = Character.toString(c);
      if (!vocabulary.has(right)) {
        vocabulary.put(right, vocabulary.size());
      }
      if (!left.isEmpty() && !vocabulary.has(left + right)) {
        merges.addArray().add(left).add(right);
        vocabulary.put(left + right, vocabulary.size());
      }
      left += right;
    }
  }

  private static String alphabet(String word) {
    StringBuilder out = new StringBuilder();
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      out.append(ByteAlphabet.character(b & 0xff));
    }
    return out.toString();
  }

  /** Writes a folder with a tokenizer. */
  static Path write(ObjectNode json) {
    try {
      Path folder = Files.createTempDirectory("tokenizer");
      folder.toFile().deleteOnExit();
      Path file = Files.writeString(folder.resolve("tokenizer.json"), json.toString());
      file.toFile().deleteOnExit();
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
