package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import org.junit.jupiter.api.Test;

class WordsTest {

  @Test
  void apostrophesInsideWordsBelongToThem() {
    assertThat(Words.of("Don\u2019t 'quote' the dog's 2nd Bone's.").words())
        .containsExactly("don't", "quote", "the", "dog", "2nd", "bone");
    assertThat(Words.asWritten("THE DOG'S Bone", true)).containsExactly("THE", "DOG", "Bone");
  }

  @Test
  void marksBelongToTheirLetters() {
    assertThat(Words.of("Cafe\u0301s: caf\u00e9").words())
        .containsExactly("caf\u00e9s", "caf\u00e9");
    assertThat(Words.count("Cafe\u0301s are open")).isEqualTo(3);
    String hindi = "\u0928\u092e\u0938\u094d\u0924\u0947";
    String persian = "\u0645\u06cc\u200c\u0631\u0648\u0645";
    assertThat(Words.of(hindi + " " + persian).words()).containsExactly(hindi, persian);
  }

  @Test
  void wordThatMayGoOnIsLeftOut() {
    assertThat(Words.ofUnfinished("a cat").words()).containsExactly("a");
    assertThat(Words.ofUnfinished("a cat'").words()).containsExactly("a");
    assertThat(Words.ofUnfinished("a cat\u2019").words()).containsExactly("a");
    assertThat(Words.ofUnfinished("a cat''").words()).containsExactly("a", "cat");
    assertThat(Words.ofUnfinished("a cat.").words()).containsExactly("a", "cat");
  }

  @Test
  void longWordsDoNotExhaustTheStack() {
    assertThat(Words.of("a'".repeat(200_000) + "a").words()).hasSize(1);
    assertThat(Words.count("a'".repeat(200_000) + "a b")).isEqualTo(2);
  }

  @Property(tries = 500)
  void wordsOfAnUnfinishedTextStay(
      @ForAll @Chars({'a', 's', '1', '\'', '\u2019', '\u0301', ' ', '.'}) String text,
      @ForAll @Chars({'a', 's', '1', '\'', '\u2019', '\u0301', ' ', '.'}) String more) {
    List<String> stay = Words.ofUnfinished(text).words();
    assertThat(Words.of(text + more).words().subList(0, stay.size())).isEqualTo(stay);
    assertThat(Words.count(text)).isEqualTo(Words.of(text).words().size());
  }
}
