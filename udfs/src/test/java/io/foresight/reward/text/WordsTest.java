package io.foresight.reward.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
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
    assertThat(Words.of(hindi + " " + persian).words())
        .containsExactly(hindi, persian.replace("\u200c", ""));
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

  @Test
  void scriptsWithoutBlanksHaveAWordPerLetter() {
    assertThat(Words.of("\u5c71\u306b\u767b\u308b").words())
        .containsExactly("\u5c71", "\u306b", "\u767b", "\u308b");
    assertThat(Words.of("iPhone\u3067\u30b3\u30fc\u30d2\u30fc5\u676f").words())
        .containsExactly("iphone", "\u3067", "\u30b3", "\u30fc", "\u30d2", "\u30fc", "5", "\u676f");
    // A vowel or tone above or below is part of its letter.
    assertThat(Words.of("\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48").words())
        .containsExactly("\u0e17\u0e35\u0e48", "\u0e19\u0e35\u0e48");
    assertThat(Words.of("\u1786\u17d2\u1780\u17c2").words()).hasSize(2);
    assertThat(Words.of("\uc0b0\uc5d0 \uac04\ub2e4").words()).hasSize(2);
  }

  @Test
  void whatCannotBeSeenIsNoPartOfAWord() {
    for (int invisible :
        new int[] {
          0xad, 0x200b, 0x200c, 0x200d, 0x200e, 0x202e, 0x2060, 0x2064, 0xfeff, 0xfe0f, 0x34f,
          0xe0020, 0xe0100
        }) {
      String hidden = "wa" + Character.toString(invisible) + "ter";
      assertThat(Words.of(hidden).words()).as("U+%x", invisible).containsExactly("water");
      assertThat(Words.ofUnfinished("water" + Character.toString(invisible)).words()).isEmpty();
    }
    assertThat(Words.of("\u0643\u0640\u0640\u062a\u0628").words())
        .isEqualTo(Words.of("\u0643\u062a\u0628").words());
  }

  @Test
  void lettersInAnotherGuiseAreThose() {
    for (String fish :
        List.of(
            "\uff46\uff49\uff53\uff48",
            "\ufb01sh",
            "fi\u017fh",
            "\ud835\udc1f\ud835\udc22\ud835\udc2c\ud835\udc21",
            "\u24d5\u24d8\u24e2\u24d7",
            "FISH")) {
      assertThat(Words.of(fish).words()).as(fish).containsExactly("fish");
    }
    assertThat(Words.of("\uff76\uff9e").words()).isEqualTo(Words.of("\u30ac").words());
    // A mark of a trade or a fraction is no letter of the word before.
    assertThat(Words.of("Fish\u2122").words()).containsExactly("fish");
  }

  @Test
  void caseIsFoldedAsUnicodeDoes() {
    assertThat(Words.of("Stra\u00dfe").words()).isEqualTo(Words.of("STRASSE").words());
    assertThat(Words.of("\u1f48\u03b4\u03cc\u03c2").words())
        .isEqualTo(Words.of("\u1f48\u0394\u038c\u03a3").words());
    assertThat(Words.of("\u0130zmir").words()).containsExactly("izmir");
  }

  @Test
  void plusAndHashAtAWordsEndAreItsOwn() {
    assertThat(Words.of("C, C++, C# and F#; C++17, a+b, Notepad++.").words())
        .containsExactly("c", "c++", "c#", "and", "f#", "c++", "17", "a", "b", "notepad++");
    assertThat(Words.ofUnfinished("C").words()).isEmpty();
    assertThat(Words.ofUnfinished("C+").words()).isEmpty();
    assertThat(Words.ofUnfinished("C++ ").words()).containsExactly("c++");
  }

  @Test
  void numbersAreOneWord() {
    assertThat(Words.of("12.5 and 1,000. Then 3, 4.").words())
        .containsExactly("12.5", "and", "1,000", "then", "3", "4");
    assertThat(Words.ofUnfinished("12.").words()).isEmpty();
    assertThat(Words.ofUnfinished("12. ").words()).containsExactly("12");
  }

  @Test
  void symbolsAreFoundWhereTheyAreAskedFor() {
    assertThat(Words.withSymbols("5% of $7, f***!", true))
        .containsExactly("5", "%", "of", "$", "7", "f", "***");
    assertThat(Words.withSymbols("f**", false)).containsExactly("f");
    assertThat(Words.withSymbols("\ud83d\ude00\ud83d\ude00 ok", true)).hasSize(3);
    assertThat(Words.of("5% of $7, f***!").words()).containsExactly("5", "of", "7", "f");
  }

  private static final String PIECES =
      "a s S 1 ' \u2019 \u0301 . , + # % * \u00ad \u200b \u5c71 \u30fc \u0e17 \u0e35 \uc0b0 \uff21 \ufb01 \u00df";

  @Provide
  Arbitrary<String> texts() {
    List<String> pieces = new ArrayList<>(List.of(PIECES.split(" ")));
    pieces.add(" ");
    return Arbitraries.of(pieces).list().ofMaxSize(9).map(drawn -> String.join("", drawn));
  }

  @Property(tries = 2000)
  void wordsOfAnUnfinishedTextStay(@ForAll("texts") String text, @ForAll("texts") String more) {
    List<String> stay = Words.ofUnfinished(text).words();
    assertThat(Words.of(text + more).words().subList(0, stay.size())).isEqualTo(stay);
    List<String> found = Words.withSymbols(text, false);
    assertThat(Words.withSymbols(text + more, true).subList(0, found.size())).isEqualTo(found);
    assertThat(Words.count(text)).isEqualTo(Words.of(text).words().size());
    assertThat(Words.count(text + more)).isGreaterThanOrEqualTo(Words.count(text));
  }
}
