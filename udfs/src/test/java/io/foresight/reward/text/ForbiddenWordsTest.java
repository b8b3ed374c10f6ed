package io.foresight.reward.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Made;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForbiddenWordsTest {

  private static final ForbiddenWords.Factory FACTORY = new ForbiddenWords.Factory();

  private static RowReward of(Object... words) {
    return Made.of(FACTORY, Map.of("words", List.of(words)));
  }

  @Test
  void countsTheWordsAtWhichOneBegins() {
    RowReward reward = of("cat", "ice cream", "ice");
    assertThat(reward.reward("A category of icy creams.", true)).isEqualTo(1);
    assertThat(reward.reward("A CAT.", true)).isEqualTo(1 / 2.0);
    assertThat(reward.reward("Ice-cream for the cat's cat", true)).isEqualTo(1 / 4.0);
    assertThat(of("a a").reward("a a a", true)).isEqualTo(1 / 3.0);
    assertThat(reward.reward("", true)).isEqualTo(1);
  }

  @Test
  void apostropheOfEitherKindIsTheSame() {
    assertThat(of("don't").reward("I don\u2019t.", true)).isEqualTo(0.5);
    assertThat(of("don").reward("I don't.", true)).isEqualTo(1);
  }

  @Test
  void wordThatMayGoOnIsNotYetForbidden() {
    RowReward reward = of("cat", "ice cream");
    assertThat(reward.reward("A cat", false)).isEqualTo(1);
    assertThat(reward.reward("A cat ", false)).isEqualTo(0.5);
    assertThat(reward.reward("Ice cream", false)).isEqualTo(1);
    assertThat(reward.reward("Ice cream,", false)).isEqualTo(0.5);
  }

  @Test
  void caseCountsIfItShall() {
    RowReward reward = Made.of(FACTORY, Map.of("words", "Turkey", "case-sensitive", true));
    assertThat(reward.reward("A turkey.", true)).isEqualTo(1);
    assertThat(reward.reward("In Turkey.", true)).isEqualTo(0.5);
  }

  @Test
  void inflectionsCountIfTheyShall() {
    assertThat(of("kill").reward("He killed; killing kills.", true)).isEqualTo(1);
    RowReward reward =
        Made.of(FACTORY, Map.of("words", List.of("kill", "hot dog"), "inflections", true));
    assertThat(reward.reward("He killed; killing kills.", true)).isEqualTo(1 / 4.0);
    assertThat(reward.reward("Hot dogs.", true)).isEqualTo(0.5);
    assertThat(reward.reward("Hot dog, hottest dog.", true)).isEqualTo(0.5);
    assertThat(reward.reward("A skilled killer whale.", true)).isEqualTo(1);
  }

  /** A forbidden word, a text that has it, one that has not. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\u767d\u75f4 | \u4f60\u662f\u767d\u75f4\u3002 | \u4f60\u662f\u767d\u4eba\u3002",
        "\u3070\u304b | \u304a\u524d\u306f\u3070\u304b\u3060 | \u3070\u3089\u304b\u304f",
        "\u0e42\u0e07\u0e48 | \u0e04\u0e19\u0e42\u0e07\u0e48\u0e21\u0e32\u0e01 | \u0e04\u0e19\u0e42\u0e07",
        "\ubc14\ubcf4 | \ub108\ub294 \ubc14\ubcf4\uc57c | \ub108\ub294 \ubc14\ub2e4\uc57c",
        "idiot | An id\u00adiot. | An id iot.",
        "idiot | An i\u200bd\u200biot. | An idiom.",
        "idiot | An \uff49\uff44\uff49\uff4f\uff54. | An ideal.",
        "idiot | An \ud835\udc22\ud835\udc1d\ud835\udc22\ud835\udc28\ud835\udc2d. | A man.",
        "a$$ | Kick a$$ now. | A cat costs $$.",
        "s*** | Oh s***! | An s in it.",
        "C# | No C# here. | No C here.",
        "\ud83d\udca9 | What a \ud83d\udca9! | What a \ud83d\ude00!",
        "50% | Get 50% off. | Get 50 off.",
      })
  void wordIsFoundInAnyScript(String word, String with, String without) {
    assertThat(of(word).reward(with, true)).as(with).isEqualTo(0.5);
    assertThat(of(word).reward(without, true)).as(without).isEqualTo(1);
  }

  @Test
  void irregularFormsAndPhrasesCount() {
    RowReward reward =
        Made.of(
            FACTORY, Map.of("words", List.of("bite", "throw away", "old"), "inflections", true));
    assertThat(reward.reward("It bit, and has bitten, and bites.", true)).isEqualTo(1 / 4.0);
    assertThat(reward.reward("He threw away what was thrown away.", true)).isEqualTo(1 / 3.0);
    assertThat(reward.reward("Older, the oldest.", true)).isEqualTo(1 / 3.0);
    assertThat(reward.reward("A bitter bit.", true)).isEqualTo(0.5);
    assertThat(reward.reward("Hold the threat away.", true)).isEqualTo(1);
  }

  @Test
  void symbolsOfOneListDoNotShiftTheWordsOfAnother() {
    RowReward both =
        Made.forRow(
                FACTORY,
                Map.of("words", "cat", "words-column", "banned"),
                Map.of("banned", List.of("5%", "cat")))
            .orElseThrow();
    assertThat(both.reward("* 5% * cat", true)).isEqualTo(1 / 3.0);
  }

  @Test
  void rowForbidsWordsOfItsOwn() {
    Map<String, Object> row = Map.of("banned", List.of("dog"));
    RowReward both =
        Made.forRow(FACTORY, Map.of("words", "cat", "words-column", "banned"), row).orElseThrow();
    assertThat(both.reward("dog cat cow", true)).isEqualTo(1 / 3.0);
    RowReward rowAlone = Made.forRow(FACTORY, Map.of("words-column", "banned"), row).orElseThrow();
    assertThat(rowAlone.reward("dog cat cow", true)).isEqualTo(0.5);
    assertThat(Made.forRow(FACTORY, Map.of("words-column", "banned"), Map.of())).isEmpty();
    assertThat(Made.forRow(FACTORY, Map.of("words-column", "banned"), Map.of("banned", List.of())))
        .isEmpty();
    assertThat(
            Made.forRow(FACTORY, Map.of("words", "cat", "words-column", "banned"), Map.of())
                .orElseThrow()
                .reward("dog cat cow", true))
        .isEqualTo(0.5);
    assertThatThrownBy(
            () ->
                Made.forRow(
                    FACTORY, Map.of("words-column", "banned"), Map.of("banned", List.of("!"))))
        .isInstanceOf(RowFault.class)
        .hasMessageContaining("holds no word");
  }

  @Test
  void alternativesAreOfferedWhereOneIsNeeded() {
    RowReward reward =
        Made.of(FACTORY, Map.of("words", "stupid", "alternatives", List.of("silly", "odd")));
    assertThat(reward.hints("A stupid idea")).containsExactly("silly", "odd");
    assertThat(reward.hints("So stupid")).containsExactly("silly", "odd");
    assertThat(reward.hints("A fine idea")).isEmpty();
    assertThat(of("stupid").hints("A stupid idea")).isEmpty();
  }

  @Test
  void settingsAreCheckedAllAtOnce() {
    assertThat(Made.problems(FACTORY, Map.of()))
        .containsExactly(
            "rewards.it.words = nothing: nothing is forbidden. Give words, or words-column.");
    assertThat(
            Made.problems(
                FACTORY,
                Map.of(
                    "words", List.of("fine", "?!"), "case-sensitive", "yes", "word-column", "x")))
        .satisfiesExactlyInAnyOrder(
            problem -> assertThat(problem).contains("words = [fine, ?!]", "no word in [?!]"),
            problem -> assertThat(problem).contains("case-sensitive = yes", "true or false"),
            problem -> assertThat(problem).contains("word-column is no setting", "words-column"));
    assertThat(
            Made.problems(
                FACTORY, Map.of("words", "a", "case-sensitive", true, "inflections", true)))
        .singleElement()
        .asString()
        .contains("case-sensitive = true", "lower case only");
  }

  @Property(tries = 500)
  void scanningByHandFindsTheSame(
      @ForAll @Size(min = 1, max = 4)
          List<
                  @NotEmpty @StringLength(max = 3)
                  @Chars({'a', 'b', 'c', 'B', '\u00e9', '7', '-', '!', '\'', '\u2019', ' '}) String>
              syllables,
      @ForAll long seed) {
    List<String> words = List.of("ab", "b'a", "c", "ab c", "c c", "B");
    List<String> forbidden = new ArrayList<>(words);
    Collections.shuffle(forbidden, new Random(seed));
    forbidden = forbidden.subList(0, 3);
    StringBuilder drawn = new StringBuilder();
    Random random = new Random(seed);
    for (int i = 0; i < 20; i++) {
      drawn
          .append(words.get(random.nextInt(words.size())))
          .append(List.of(" ", "-", "", "'", ", ").get(random.nextInt(5)))
          .append(random.nextInt(4) == 0 ? syllables.get(random.nextInt(syllables.size())) : "");
    }
    // Other characters are WordsTest's.
    String text = drawn.toString();
    RowReward reward = of(forbidden.toArray());
    Set<Integer> starts = new LinkedHashSet<>();
    Set<Integer> finalStarts = new LinkedHashSet<>();
    for (String phrase : forbidden) {
      String between = "(?:['\u2019]s)?(?!['\u2019][\\p{L}\\p{N}])[^\\p{L}\\p{N}]+";
      Pattern pattern =
          Pattern.compile(
              "(?<![\\p{L}\\p{N}]|[\\p{L}\\p{N}]['\u2019])"
                  + phrase.replace("'", "['\u2019]").replace(" ", between)
                  + "(?:['\u2019]s)?(?![\\p{L}\\p{N}]|['\u2019][\\p{L}\\p{N}])",
              Pattern.CASE_INSENSITIVE);
      Matcher matcher = pattern.matcher(text);
      for (int at = 0; matcher.find(at); at = matcher.start() + 1) {
        starts.add(matcher.start());
        String rest = text.substring(matcher.end());
        if (!rest.isEmpty() && !rest.equals("'") && !rest.equals("\u2019")) {
          finalStarts.add(matcher.start());
        }
      }
    }
    assertThat(reward.reward(text, true)).isEqualTo(1.0 / (1 + starts.size()));
    assertThat(reward.reward(text, false)).isEqualTo(1.0 / (1 + finalStarts.size()));
  }
}
