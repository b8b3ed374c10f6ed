package io.foresight.reward.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Made;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SimilarityTest {

  private static final Similarity.Factory FACTORY = new Similarity.Factory();

  private static RowReward to(Object reference) {
    return Made.forRow(FACTORY, Map.of(), Map.of("reference", reference)).orElseThrow();
  }

  @Test
  void isTheF1OfWords() {
    RowReward reward = to("A black cat sat.");
    assertThat(reward.reward("a BLACK cat, sat", true)).isEqualTo(1);
    assertThat(reward.reward("The cat", true)).isCloseTo(2 * 0.5 * 0.25 / 0.75, within(1e-12));
    assertThat(reward.reward("A dog ran.", true)).isCloseTo(2.0 / 7, within(1e-12));
    assertThat(reward.reward("cat cat cat", true)).isCloseTo(2.0 / 7, within(1e-12));
    assertThat(reward.reward("", true)).isZero();
    assertThat(to("").reward("...", true)).isEqualTo(1);
    assertThat(new Similarity("reference", false).threshold()).isEqualTo(0.5);
  }

  @Test
  void bestOfSeveralReferencesCounts() {
    assertThat(to(List.of("dogs", "a cat")).reward("cat", true)).isCloseTo(2.0 / 3, within(1e-12));
  }

  @Test
  void stemsCountIfTheyShall() {
    Map<String, Object> row = Map.of("text", "He skated.");
    assertThat(
            Made.forRow(FACTORY, Map.of("reference-column", "text"), row)
                .orElseThrow()
                .reward("he skating", true))
        .isEqualTo(0.5);
    RowReward stems =
        Made.forRow(FACTORY, Map.of("reference-column", "text", "stems", true), row).orElseThrow();
    assertThat(stems.reward("he skating", true)).isEqualTo(1);
    assertThat(stems.hints("he")).containsExactly("skated");
  }

  @Test
  void wordThatMayGoOnDoesNotCountYet() {
    assertThat(to("cat").reward("cat", false)).isZero();
    assertThat(to("cat").reward("cat ", false)).isEqualTo(1);
  }

  @Test
  void rowWithoutReferenceIsNotJudged() {
    assertThat(Made.forRow(FACTORY, Map.of(), Map.of())).isEmpty();
    assertThat(Made.forRow(FACTORY, Map.of(), Map.of("reference", List.of()))).isEmpty();
    assertThatThrownBy(() -> to(3))
        .isInstanceOf(RowFault.class)
        .hasMessageContaining("column reference: it holds 3");
    assertThatThrownBy(() -> to(List.of(3))).isInstanceOf(RowFault.class);
  }

  @Test
  void settingsAreChecked() {
    assertThat(Made.problems(FACTORY, Map.of("stems", 1, "reference", "x")))
        .satisfiesExactlyInAnyOrder(
            problem -> assertThat(problem).contains("stems = 1", "true or false"),
            problem -> assertThat(problem).contains("reference is no setting"));
  }

  @Property(tries = 500)
  void crossingOutWordsGivesTheSameAndEveryHintRaisesIt(
      @ForAll @Chars({'a', 'b', 'c', ' '}) String text,
      @ForAll @Size(min = 1, max = 3) List<@Chars({'a', 'b', 'c', ' '}) String> references) {
    double best = 0;
    for (String reference : references) {
      List<String> left = new ArrayList<>(words(reference));
      long shared = words(text).stream().filter(left::remove).count();
      int words = words(text).size();
      double f1 = 0;
      if (words + words(reference).size() == 0) {
        f1 = 1;
      } else if (shared > 0) {
        double precision = (double) shared / words;
        double recall = (double) shared / words(reference).size();
        f1 = 2 * precision * recall / (precision + recall);
      }
      best = Math.max(best, f1);
    }
    RowReward reward = to(references);
    assertThat(reward.reward(text, true)).isCloseTo(best, within(1e-12));
    for (String hint : reward.hints(text)) {
      assertThat(reward.reward(text + " " + hint, true)).as(hint).isGreaterThan(best);
    }
    if (best < 1 && references.stream().noneMatch(r -> words(r).isEmpty())) {
      assertThat(reward.hints("")).isNotEmpty();
    }
  }

  private static List<String> words(String text) {
    return Arrays.stream(text.split(" ")).filter(word -> !word.isEmpty()).toList();
  }
}
