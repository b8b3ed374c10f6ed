package io.foresight.reward.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Made;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TextLengthTest {

  private static final TextLength.Factory FACTORY = new TextLength.Factory();

  @Test
  void fallsWithTheDistanceFromTheBounds() {
    RowReward reward = Made.of(FACTORY, Map.of("at-least", 2, "at-most", "4"));
    assertThat(reward.reward("one two.", true)).isEqualTo(1);
    assertThat(reward.reward("one two three four", true)).isEqualTo(1);
    assertThat(reward.reward("one", true)).isEqualTo(0.5);
    assertThat(reward.reward("", true)).isZero();
    assertThat(reward.reward("1 2 3 4 5 6 7 8", true)).isEqualTo(0.5);
  }

  @Test
  void unfinishedTextMayStillGrowButNotShrink() {
    RowReward reward = Made.of(FACTORY, Map.of("at-least", 2, "at-most", 2));
    assertThat(reward.reward("", false)).isEqualTo(1);
    assertThat(reward.reward("one two", false)).isEqualTo(1);
    assertThat(reward.reward("one two t", false)).isCloseTo(2 / 3.0, within(1e-12));
  }

  @Test
  void sentencesAndCharactersCountToo() {
    RowReward sentences = Made.of(FACTORY, Map.of("unit", "sentences", "at-most", 2));
    assertThat(sentences.reward("It is 3.5 m. Is it? ...", true)).isEqualTo(1);
    assertThat(sentences.reward("One. Two! Three? Four.", true)).isEqualTo(0.5);
    RowReward characters = Made.of(FACTORY, Map.of("unit", "characters", "at-most", 2));
    assertThat(characters.reward("\uD83D\uDE00\uD83D\uDE00", true)).isEqualTo(1);
    assertThat(characters.reward("a b c", true)).isEqualTo(0.4);
    assertThat(Made.of(FACTORY, Map.of("at-most", 0)).reward("a", true)).isZero();
  }

  @Test
  void rowsHaveBoundsOfTheirOwn() {
    Map<String, Object> settings = Map.of("at-most", 1, "at-most-column", "most");
    assertThat(Made.forRow(FACTORY, settings, Map.of("most", 4L)).orElseThrow().reward("a b", true))
        .isEqualTo(1);
    assertThat(Made.forRow(FACTORY, settings, Map.of()).orElseThrow().reward("a b", true))
        .isEqualTo(0.5);
    assertThat(Made.forRow(FACTORY, Map.of("at-most-column", "most"), Map.of())).isEmpty();
    assertThat(
            Made.forRow(FACTORY, Map.of("at-least-column", "least"), Map.of("least", 4))
                .orElseThrow()
                .reward("a b", true))
        .isEqualTo(0.5);
    assertThat(
            Made.forRow(FACTORY, settings, Map.of("most", "4")).orElseThrow().reward("a b", true))
        .isEqualTo(1);
    for (Object wrong : new Object[] {-1, 1.5, "two", 1L << 40}) {
      assertThatThrownBy(() -> Made.forRow(FACTORY, settings, Map.of("most", wrong)))
          .isInstanceOf(RowFault.class)
          .hasMessageContaining("column most: it holds " + wrong);
    }
    assertThatThrownBy(
            () ->
                Made.forRow(
                    FACTORY, Map.of("at-least", 3, "at-most-column", "most"), Map.of("most", 2)))
        .isInstanceOf(RowFault.class)
        .hasMessageContaining("at least 3 and at most 2 words");
  }

  @Test
  void settingsAreCheckedAllAtOnce() {
    assertThat(Made.problems(FACTORY, Map.of())).singleElement().asString().contains("no bound");
    assertThat(
            Made.problems(
                FACTORY, Map.of("unit", "pages", "at-least", 5, "at-most", 4, "maximum", 3)))
        .satisfiesExactlyInAnyOrder(
            problem -> assertThat(problem).contains("unit = pages", "words, sentences, characters"),
            problem -> assertThat(problem).contains("at-most = 4", "at-least = 5"),
            problem -> assertThat(problem).contains("maximum is no setting"));
    assertThat(Made.problems(FACTORY, Map.of("at-least", -1, "at-most", "many"))).hasSize(2);
  }

  @Property(tries = 500)
  void countingByHandGivesTheSame(
      @ForAll @Chars({'a', '7', ' ', '-'}) String text,
      @ForAll @IntRange(max = 9) int atLeast,
      @ForAll @IntRange(max = 9) int more) {
    int words = 0;
    for (int i = 0; i < text.length(); i++) {
      boolean starts = i == 0 || " -".indexOf(text.charAt(i - 1)) >= 0;
      words += starts && " -".indexOf(text.charAt(i)) < 0 ? 1 : 0;
    }
    int atMost = atLeast + more;
    double expected =
        words < atLeast ? words / (double) atLeast : words > atMost ? atMost / (double) words : 1;
    RowReward reward = Made.of(FACTORY, Map.of("at-least", atLeast, "at-most", atMost));
    assertThat(reward.reward(text, true)).isEqualTo(expected);
    assertThat(reward.reward(text, false)).isEqualTo(words < atLeast ? 1 : expected);
  }
}
