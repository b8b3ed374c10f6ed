package io.foresight.reward.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.reward.Made;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReadabilityTest {

  private static final Readability.Factory FACTORY = new Readability.Factory();

  @ParameterizedTest
  @CsvSource({
    "the, 1",
    "cat, 1",
    "name, 1",
    "names, 1",
    "named, 1",
    "wanted, 2",
    "boxes, 2",
    "table, 2",
    "tables, 2",
    "tabled, 2",
    "called, 1",
    "reading, 2",
    "happy, 2",
    "changes, 2",
    "agree, 2",
    "banana, 3",
    "encyclopedia, 5",
    "7, 1",
    "tsk, 1",
    "e, 1",
    "es, 1",
    "ed, 1",
    "le, 1",
    "WHALES, 1"
  })
  void syllablesFollowTheRule(String word, int syllables) {
    assertThat(Readability.syllables(word)).isEqualTo(syllables);
  }

  @Test
  void fallsEvenlyOverEightGrades() {
    // Four words and sixteen syllables in one sentence.
    String text = "Banana banana encyclopedia encyclopedia.";
    double grade = 0.39 * 4 + 11.8 * 16 / 4 - 15.59;
    assertThat(grade).isCloseTo(33.17, within(1e-9));
    assertThat(Made.of(FACTORY, Map.of()).reward(text, true)).isZero();
    assertThat(Made.of(FACTORY, Map.of("grade-at-most", 30)).reward(text, true))
        .isCloseTo(1 - 3.17 / 8, within(1e-9));
    assertThat(Made.of(FACTORY, Map.of("grade-at-most", 33.2)).reward(text, true)).isEqualTo(1);
    assertThat(Made.of(FACTORY, Map.of()).reward("The cat sat on the mat.", true)).isEqualTo(1);
    assertThat(Made.of(FACTORY, Map.of()).reward("?", true)).isZero();
  }

  @Test
  void onlyFinishedTextsAreJudged() {
    assertThat(Made.of(FACTORY, Map.of()).judgesUnfinished()).isFalse();
  }

  @Test
  void settingsAreChecked() {
    assertThat(Made.problems(FACTORY, Map.of("grade-at-most", "low", "grade", 3)))
        .satisfiesExactlyInAnyOrder(
            problem -> assertThat(problem).contains("grade-at-most = low", "[0, 100]"),
            problem -> assertThat(problem).contains("grade is no setting"));
  }

  @Property(tries = 300)
  void theFormulaByHandGivesTheSame(
      @ForAll @IntRange(min = 1, max = 5) int sentences,
      @ForAll @IntRange(max = 30) int short1,
      @ForAll @IntRange(max = 30) int long3,
      @ForAll @IntRange(max = 20) int atMost) {
    String sentence = "Cat" + " dog".repeat(short1) + " banana".repeat(long3) + ". ";
    double words = sentences * (1.0 + short1 + long3);
    double grade =
        0.39 * words / sentences + 11.8 * sentences * (1 + short1 + 3 * long3) / words - 15.59;
    double expected = grade <= atMost ? 1 : grade >= atMost + 8 ? 0 : 1 - (grade - atMost) / 8;
    RowReward reward = Made.of(FACTORY, Map.of("grade-at-most", atMost));
    assertThat(reward.reward(sentence.repeat(sentences), true)).isCloseTo(expected, within(1e-9));
  }
}
