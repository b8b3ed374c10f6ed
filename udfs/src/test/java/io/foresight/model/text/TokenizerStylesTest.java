package io.foresight.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Texts, words and prompts by tokenizers of the styles that checkpoints come with. */
class TokenizerStylesTest {

  /** A tokenizer, and the tokens that it has by id. */
  private record Style(
      String name, ObjectNode json, Tokenizer tokenizer, Map<String, Integer> ids, boolean pieces) {

    static Style of(String name, ObjectNode json, boolean pieces) {
      Map<String, Integer> ids =
          TokenPieces.vocabulary(json).entrySet().stream()
              .collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
      json.path("added_tokens")
          .forEach(added -> ids.put(added.path("content").asText(), added.path("id").asInt()));
      return new Style(name, json, Tokenizer.load(TokenizerFiles.write(json)), ids, pieces);
    }

    int id(String token) {
      assertThat(ids).containsKey(token);
      return ids.get(token);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static ObjectNode sentencePiece(UnaryOperator<ObjectNode> change) {
    return change.apply(TokenizerFiles.sentencePiece());
  }

  private static final List<Style> STYLES =
      List.of(
          Style.of("byte level", TokenizerFiles.byteLevel(), true),
          Style.of("Llama 2", TokenizerFiles.sentencePiece(), true),
          Style.of(
              "Gemma",
              sentencePiece(
                  json -> json.set("decoder", TokenizerFiles.sentencePieceDecoder(false))),
              true),
          Style.of(
              "Metaspace",
              sentencePiece(json -> json.set("decoder", TokenizerFiles.metaspace("always"))),
              true),
          Style.of(
              "Metaspace without a prefix",
              sentencePiece(json -> json.set("decoder", TokenizerFiles.metaspace("never"))),
              true),
          Style.of(
              "Metaspace of older files",
              sentencePiece(
                  json -> {
                    ObjectNode decoder = TokenizerFiles.metaspace("always");
                    decoder.remove("prepend_scheme");
                    return json.set("decoder", decoder.put("add_prefix_space", true));
                  }),
              true),
          Style.of(
              "WordPiece",
              sentencePiece(
                  json ->
                      json.set(
                          "decoder",
                          new ObjectMapper()
                              .createObjectNode()
                              .put("type", "WordPiece")
                              .put("prefix", "##")
                              .put("cleanup", true))),
              false),
          Style.of("none", sentencePiece(json -> json.putNull("decoder")), false));

  @Provide
  Arbitrary<Style> styles() {
    return Arbitraries.of(STYLES);
  }

  /**
   * Any ids: bytes, of which most are no UTF-8, whole words, special tokens, ids beyond the end.
   */
  private static int id(SplittableRandom random, Style style) {
    int size = style.ids().size();
    return switch (random.nextInt(6)) {
      case 0, 1 -> random.nextInt(260);
      case 2 -> size - 1 - random.nextInt(5);
      case 3 -> random.nextInt(20) == 0 ? size + random.nextInt(100) : random.nextInt(3);
      default -> Math.min(255, size - 1) + random.nextInt(Math.max(1, size - 255));
    };
  }

  @Property(tries = 3000)
  void textsAreTheTokenizersWhateverWasDecodedBefore(
      @ForAll("styles") Style style, @ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Detokenizer detokenizer = style.tokenizer().newDetokenizer();
    int[] line = new int[0];
    for (int i = 0; i < 12; i++) {
      int kept = random.nextInt(line.length + 1);
      line = Arrays.copyOf(line, kept + random.nextInt(6));
      for (int j = kept; j < line.length; j++) {
        line[j] = id(random, style);
      }
      assertThat(detokenizer.text(line))
          .as(Arrays.toString(line))
          .isEqualTo(style.tokenizer().decode(line));
    }
  }

  /** So that a line is not decoded whole each time. */
  @Example
  void textsAreConcatenationsInBothStylesAndInNoOthers() {
    for (Style style : STYLES) {
      assertThat(TokenPieces.of(style.json()) != null).as(style.name()).isEqualTo(style.pieces());
    }
  }

  @Example
  void aCharacterMayBeSplitBetweenTokens() {
    for (Style style : STYLES.subList(0, 3)) {
      boolean byteLevel = style.name().equals("byte level");
      byte[] utf8 = "a 滑😀é".getBytes(StandardCharsets.UTF_8);
      int[] ids = new int[utf8.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] =
            style.id(
                byteLevel
                    ? String.valueOf(ByteAlphabet.character(utf8[i] & 0xff))
                    : "<0x%02X>".formatted(utf8[i] & 0xff));
      }
      Detokenizer detokenizer = style.tokenizer().newDetokenizer();
      for (int i = 0; i <= ids.length; i++) {
        int[] part = Arrays.copyOf(ids, i);
        assertThat(detokenizer.text(part))
            .as("%s, %d", style, i)
            .isEqualTo(style.tokenizer().decode(part));
      }
      assertThat(detokenizer.text(ids)).as(style.name()).isEqualTo("a 滑😀é");
    }
  }

  @Example
  void spacesSpecialTokensAndAddedTokens() {
    Style llama = STYLES.get(1);
    Detokenizer texts = llama.tokenizer().newDetokenizer();
    int dog = llama.id("▁dog");
    int[] line = {
      llama.id("<s>"), dog, llama.id("▁"), dog, llama.id("<|end|>"), llama.id("s"), 9999
    };
    assertThat(texts.text(line)).isEqualTo("dog  dogs");
    assertThat(texts.text(new int[] {dog, llama.id("<think>"), llama.id("▁of▁it")}))
        .isEqualTo("dog<think> of it");
    Style metaspace = STYLES.get(3);
    // The first token loses all its spaces, the first that counts.
    int inner = metaspace.id("a▁dog");
    assertThat(metaspace.tokenizer().newDetokenizer().text(new int[] {1, inner, inner}))
        .isEqualTo("adoga dog");
    Style bytes = STYLES.get(0);
    assertThat(
            bytes
                .tokenizer()
                .newDetokenizer()
                .text(new int[] {bytes.id("<tool call>"), bytes.id("Ġdog"), bytes.id("<think>")}))
        .isEqualTo("<tool call> dog<think>");
  }

  @Property(tries = 300)
  void textsOfTextsAreThemselves(
      @ForAll("styles") Style style, @ForAll("texts") List<String> words) {
    if (style.pieces()) {
      String text = String.join(" ", words).strip();
      int[] ids = style.tokenizer().encode(text);
      assertThat(style.tokenizer().newDetokenizer().text(ids))
          .isEqualTo(style.tokenizer().decode(ids));
      if (!style.name().startsWith("Metaspace")) {
        assertThat(style.tokenizer().decode(ids)).as(style.name()).isEqualTo(text);
      }
    }
  }

  @Provide
  Arbitrary<List<String>> texts() {
    return Arbitraries.of(
            "the", "dog", "parks", "running", "zyz", "é", "滑雪", "😀", "Übung", "o'clock", "3")
        .list()
        .ofMaxSize(8);
  }

  @Example
  void aWordsIdsGoOnATextWithIt() {
    for (Style style : STYLES.subList(0, 3)) {
      Tokenizer tokenizer = style.tokenizer();
      for (String word : List.of("dog", "Dog", "running", "zyz", "Übung", "滑", "o'clock")) {
        int[] ids = tokenizer.word(word);
        assertThat(ids).as("%s: %s", style, word).isNotEmpty();
        assertThat(tokenizer.startsWord(ids[0])).as("%s: %s", style, word).isTrue();
        int[] before = tokenizer.encode("a cat");
        int[] line = Arrays.copyOf(before, before.length + ids.length);
        System.arraycopy(ids, 0, line, before.length, ids.length);
        assertThat(tokenizer.decode(line)).isEqualTo("a cat " + word);
      }
    }
    Style llama = STYLES.get(1);
    for (String starts :
        List.of("▁dog", "▁", ".", ",", "<s>", "<|end|>", "▁of▁it", "<0x20>", "<0x0A>")) {
      assertThat(llama.tokenizer().startsWord(llama.id(starts))).as(starts).isTrue();
    }
    for (String goesOn : List.of("ing", "s", "dog", "<0x41>")) {
      assertThat(llama.tokenizer().startsWord(llama.id(goesOn))).as(goesOn).isFalse();
    }
  }

  @Example
  void aTextThatHasItsSpecialTokensGetsNoOthers() {
    for (Style style : STYLES.subList(0, 2)) {
      Tokenizer tokenizer = style.tokenizer();
      int bos = style.id("<s>");
      int end = style.id("</s>");
      assertThat(tokenizer.encode("the dog")).startsWith(bos);
      int[] written = tokenizer.encodeWritten("<s>the dog</s>");
      assertThat(written).startsWith(bos).endsWith(end);
      assertThat(Arrays.stream(written).filter(id -> id == bos).count()).isEqualTo(1);
      assertThat(tokenizer.encodeWritten("the dog")).doesNotContain(bos);
    }
  }
}
