package io.foresight.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class TokenizerDifferenceTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The difference that a change to the draft's file makes; {@code null} for none. */
  private static String after(ObjectNode tokenizer, Consumer<ObjectNode> change)
      throws IOException {
    Path target = TokenizerFiles.write(tokenizer);
    ObjectNode changed = tokenizer.deepCopy();
    change.accept(changed);
    return TokenizerDifference.find(target, TokenizerFiles.write(changed)).orElse(null);
  }

  private static ObjectNode model(ObjectNode json) {
    return (ObjectNode) json.get("model");
  }

  private static ObjectNode vocabulary(ObjectNode json) {
    return (ObjectNode) model(json).get("vocab");
  }

  private static ObjectNode added(ObjectNode json, int index) {
    return (ObjectNode) json.get("added_tokens").get(index);
  }

  @Test
  void theSameTokenizerIsWrittenInManyWays() throws IOException {
    assertThat(after(TokenizerFiles.byteLevel(), json -> {})).isNull();
    assertThat(
            after(
                TokenizerFiles.byteLevel(),
                json -> {
                  json.put("version", "2.0");
                  json.putObject("padding").put("pad_id", 0);
                  json.putObject("truncation").put("max_length", 7);
                  // Merges as older files have them, and fields that are not said.
                  ArrayNode merges = model(json).putArray("merges");
                  TokenizerFiles.byteLevel()
                      .path("model")
                      .path("merges")
                      .forEach(
                          pair -> merges.add(pair.get(0).asText() + " " + pair.get(1).asText()));
                  model(json).remove("dropout");
                  model(json).remove("byte_fallback");
                  model(json).put("ignore_merges", false).put("end_of_word_suffix", "");
                  ((ObjectNode) json.get("decoder")).put("trim_offsets", false);
                  ((ObjectNode) json.get("decoder")).put("add_prefix_space", true);
                  ((ObjectNode) json.get("pre_tokenizer")).remove("use_regex");
                  json.remove("normalizer");
                }))
        .isNull();
    Path target = TokenizerFiles.write(TokenizerFiles.sentencePiece());
    Path draft = TokenizerFiles.write(TokenizerFiles.sentencePiece());
    Path file = draft.resolve("tokenizer.json");
    Files.writeString(file, JSON.readTree(file.toFile()).toPrettyString());
    assertThat(Files.mismatch(target.resolve("tokenizer.json"), file)).isPositive();
    assertThat(TokenizerDifference.find(target, draft)).isEmpty();
    ObjectNode metaspace = TokenizerFiles.sentencePiece();
    metaspace.set("decoder", TokenizerFiles.metaspace("always").put("split", true));
    assertThat(
            after(
                metaspace,
                json -> {
                  ObjectNode decoder = (ObjectNode) json.get("decoder");
                  decoder.remove("prepend_scheme");
                  decoder.remove("split");
                  decoder.put("add_prefix_space", true).put("str_rep", "▁");
                }))
        .isNull();
  }

  /** Gives every token of the model the next one's id. */
  private static void shift(ObjectNode json) {
    vocabulary(json)
        .fields()
        .forEachRemaining(token -> token.setValue(IntNode.valueOf(token.getValue().asInt() + 1)));
  }

  @Test
  void namesTheFirstTokensThatDiffer() throws IOException {
    ObjectNode bytes = TokenizerFiles.byteLevel();
    int dog = vocabulary(bytes).get("Ġdog").asInt();
    int cat = vocabulary(bytes).get("Ġcat").asInt();
    assertThat(after(bytes, json -> vocabulary(json).put("Ġdog", cat).put("Ġcat", dog)))
        .isEqualTo(
            "id %d is \"Ġdog\" for the target and \"Ġcat\" for the draft; id %d is \"Ġcat\" for the target and \"Ġdog\" for the draft"
                .formatted(dog, cat));
    assertThat(after(bytes, TokenizerDifferenceTest::shift))
        .startsWith("the target has a token \"Ā\" (id 0) that the draft lacks; id 1 is \"ā\" for")
        .matches(".*; id 2 is \"Ă\" for the target and \"ā\" for the draft; and [0-9]+ more");
    assertThat(after(bytes, json -> vocabulary(json).remove("Ġdog")))
        .isEqualTo("the target has a token \"Ġdog\" (id %d) that the draft lacks".formatted(dog));
    assertThat(after(bytes, json -> vocabulary(json).put("Ġhorse", 999)))
        .isEqualTo("the draft has a token \"Ġhorse\" (id 999) that the target lacks");
    assertThat(after(bytes, json -> added(json, 0).put("content", "<bos>")))
        .matches("id [0-9]+ is \"<s>\" for the target and \"<bos>\" for the draft");
  }

  @Test
  void namesHowAddedTokensDiffer() throws IOException {
    ObjectNode bytes = TokenizerFiles.byteLevel();
    assertThat(after(bytes, json -> added(json, 3).put("special", true)))
        .isEqualTo("the added token \"<think>\" is special for the draft only");
    assertThat(after(bytes, json -> added(json, 0).put("lstrip", true)))
        .isEqualTo("the added token \"<s>\" is lstrip for the draft only");
    ObjectNode pieces = TokenizerFiles.sentencePiece();
    // It stays in the vocabulary, but no text is split at it.
    assertThat(after(pieces, json -> ((ArrayNode) json.get("added_tokens")).remove(1)))
        .isEqualTo("\"</s>\" is an added token of the target only");
  }

  @Test
  void namesTheStepThatDiffers() throws IOException {
    ObjectNode bytes = TokenizerFiles.byteLevel();
    assertThat(
            after(
                bytes,
                json -> {
                  ArrayNode merges = (ArrayNode) model(json).get("merges");
                  merges.insert(0, merges.remove(1));
                }))
        .startsWith("merge 0 is \"")
        .contains("for the target and \"");
    assertThat(after(bytes, json -> ((ArrayNode) model(json).get("merges")).remove(0)))
        .startsWith("merge 0 is");
    assertThat(
            after(
                bytes,
                json -> {
                  ArrayNode merges = (ArrayNode) model(json).get("merges");
                  merges.remove(merges.size() - 1);
                }))
        .matches("the target has [0-9]+ merges and the draft [0-9]+");
    assertThat(after(bytes, json -> json.putObject("normalizer").put("type", "NFC")))
        .isEqualTo("normalizer is nothing for the target and {\"type\":\"NFC\"} for the draft");
    assertThat(
            after(
                bytes,
                json -> ((ObjectNode) json.get("pre_tokenizer")).put("add_prefix_space", true)))
        .isEqualTo("pre_tokenizer.add_prefix_space is false for the target and true for the draft");
    assertThat(
            after(
                bytes,
                json -> ((ArrayNode) json.at("/post_processor/special_tokens/<s>/ids")).set(0, 7)))
        .matches(
            "post_processor.special_tokens.<s>.ids\\[0] is [0-9]+ for the target and 7 for the draft");
    assertThat(after(bytes, json -> json.set("decoder", TokenizerFiles.metaspace("always"))))
        .isEqualTo("decoder.type is \"ByteLevel\" for the target and \"Metaspace\" for the draft");
    assertThat(after(bytes, json -> model(json).put("type", "WordPiece")))
        .isEqualTo("the model's type is \"BPE\" for the target and \"WordPiece\" for the draft");
    assertThat(
            after(TokenizerFiles.sentencePiece(), json -> model(json).put("byte_fallback", false)))
        .isEqualTo("model.byte_fallback is true for the target and nothing for the draft");
  }
}
