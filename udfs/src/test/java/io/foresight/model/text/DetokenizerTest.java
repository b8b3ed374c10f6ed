package io.foresight.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Texts of lines, words in a text and where they may start, by the example models' tokenizer. */
class DetokenizerTest {

  private static final Path FOLDER = Path.of("..", "examples", "target");
  private static final int VOCABULARY = 4096;
  private static final Tokenizer TOKENIZER = Tokenizer.load(FOLDER);

  /** Any ids: special ones, single bytes of which most are no UTF-8, and whole words. */
  private static int id(SplittableRandom random) {
    return switch (random.nextInt(5)) {
      case 0 -> random.nextInt(3);
      case 1, 2 -> 3 + random.nextInt(256);
      default -> random.nextInt(VOCABULARY);
    };
  }

  private static int[] changed(int[] line, SplittableRandom random) {
    int kept = random.nextInt(line.length + 1);
    int[] next = Arrays.copyOf(line, kept + random.nextInt(6));
    for (int i = kept; i < next.length; i++) {
      next[i] = id(random);
    }
    return next;
  }

  @Property(tries = 2000)
  void textsAreTheTokenizersWhateverWasDecodedBefore(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Detokenizer detokenizer = TOKENIZER.newDetokenizer();
    int[] line = new int[0];
    for (int i = 0; i < 12; i++) {
      line = changed(line, random);
      assertThat(detokenizer.text(line)).isEqualTo(TOKENIZER.decode(line));
      // The caller goes on using its array.
      Arrays.fill(line, 0, Math.min(1, line.length), id(random));
    }
  }

  /** Rows that are left behind may be in native code when their task's tokenizer is closed. */
  @Example
  void closingWaitsForThoseWhoUseIt() throws InterruptedException {
    for (int round = 0; round < 5; round++) {
      Tokenizer tokenizer = Tokenizer.load(FOLDER);
      CountDownLatch using = new CountDownLatch(4);
      List<Throwable> ends = Collections.synchronizedList(new ArrayList<>());
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Thread thread =
            new Thread(
                () -> {
                  while (true) {
                    tokenizer.decode(tokenizer.encode("a dog runs in the park"));
                    using.countDown();
                  }
                });
        thread.setUncaughtExceptionHandler((ended, e) -> ends.add(e));
        thread.start();
        threads.add(thread);
      }
      using.await();
      tokenizer.close();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(ends)
          .hasSize(4)
          .allSatisfy(e -> assertThat(e).hasMessageEndingWith("tokenizer.json: it is closed."));
    }
  }

  @Property(tries = 300)
  void textsOfTextsAreThemselves(@ForAll String text) {
    String stripped = text.strip();
    int[] ids = TOKENIZER.encode(stripped);
    assertThat(TOKENIZER.newDetokenizer().text(ids)).isEqualTo(TOKENIZER.decode(ids));
  }

  @Example
  void aCharacterMayBeSplitBetweenLines() {
    int[] ids = TOKENIZER.encode("a 滑 b é");
    Detokenizer detokenizer = TOKENIZER.newDetokenizer();
    for (int i = 0; i <= ids.length; i++) {
      int[] part = Arrays.copyOf(ids, i);
      assertThat(detokenizer.text(part)).isEqualTo(TOKENIZER.decode(part));
    }
    assertThat(detokenizer.text(ids)).isEqualTo("a 滑 b é");
  }

  /** Vocabularies are often padded to a round number: such ids have no text. */
  @Example
  void idsThatTheTokenizerLacksHaveNoText() {
    for (int id : new int[] {VOCABULARY, VOCABULARY + 64, 1_000_000}) {
      int[] line = {300, id, 301};
      assertThat(TOKENIZER.newDetokenizer().text(line)).isEqualTo(TOKENIZER.decode(line));
      assertThat(TOKENIZER.startsWord(id)).isTrue();
    }
  }

  @Property(tries = 500)
  void aWordsIdsGoOnATextWithIt(@ForAll long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    String word = WORDS[random.nextInt(WORDS.length)];
    int[] ids = TOKENIZER.word(word);
    assertThat(ids).isNotEmpty();
    assertThat(TOKENIZER.decode(ids)).isEqualTo(word);
    int[] before = TOKENIZER.encode("A " + WORDS[random.nextInt(WORDS.length)]);
    int[] line = Arrays.copyOf(before, before.length + ids.length);
    System.arraycopy(ids, 0, line, before.length, ids.length);
    assertThat(TOKENIZER.decode(line)).isEqualTo(TOKENIZER.decode(before) + " " + word);
    assertThat(TOKENIZER.startsWord(ids[0])).as("where %s starts", word).isTrue();
    assertThat(TOKENIZER.word(word)).isEqualTo(ids);
  }

  private static final String[] WORDS = {
    "dog", "Dog", "skiing", "carries", "o'clock", "zyzzyva", "x", "ice cream", "3", "2024", "Übung"
  };

  @Example
  void whatDoesNotDecodeToItselfHasNoIds() {
    for (String none : new String[] {" ", " dog", "dog ", "dog  ", "</s>", "dog</s>"}) {
      assertThat(TOKENIZER.word(none)).as("ids of \"%s\"", none).isEmpty();
    }
  }

  @Example
  void aWordStartsWhereNoneGoesOn() throws IOException {
    Map<String, Integer> vocabulary = new HashMap<>();
    new com.fasterxml.jackson.databind.ObjectMapper()
        .readTree(Files.readString(FOLDER.resolve("tokenizer.json")))
        .path("model")
        .path("vocab")
        .fields()
        .forEachRemaining(entry -> vocabulary.put(entry.getKey(), entry.getValue().asInt()));
    for (String goesOn : new String[] {"ing", "s", "ed", "er", "3", "A"}) {
      assertThat(TOKENIZER.startsWord(vocabulary.get(goesOn))).as(goesOn).isFalse();
    }
    for (String starts : new String[] {"Ġthe", "Ġdog", "Ġ", ".", ",", "'", "-", "</s>", "Ċ"}) {
      assertThat(TOKENIZER.startsWord(vocabulary.get(starts))).as(starts).isTrue();
    }
    // Bytes of characters that have several, as the vocabulary spells them.
    for (String part : new String[] {"\u00c3", "\u00a9", "\u00e6", "\u013b"}) {
      assertThat(TOKENIZER.startsWord(vocabulary.get(part))).as(part).isFalse();
    }
  }
}
