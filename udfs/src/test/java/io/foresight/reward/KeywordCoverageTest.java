package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.reward.RewardFunction.RowReward;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KeywordCoverageTest {

  private static final KeywordCoverage COVERAGE = new KeywordCoverage("concepts", "forms");

  private static RowReward of(String... concepts) {
    return COVERAGE.forRow(Map.of("concepts", List.of(concepts)));
  }

  @Test
  void inflectedFormsCountWithoutCase() {
    assertThat(
            of("ski", "mountain", "jump")
                .reward("Skiers were SKIING and jumped down two mountains.", true))
        .isEqualTo(1);
    assertThat(of("ski", "mountain").reward("A skirt near the mountain.", true)).isEqualTo(0.5);
  }

  @Test
  void wordBoundariesAreRespected() {
    assertThat(of("cat").reward("A category of cattle.", true)).isZero();
    assertThat(of("cat").reward("The cat's bowl.", true)).isEqualTo(1);
  }

  @Test
  void alternativesCount() {
    RowReward reward =
        COVERAGE.forRow(
            Map.of("concepts", List.of("stand"), "forms", List.of(List.of("stood", "standing"))));
    assertThat(reward.reward("He stood still.", true)).isEqualTo(1);
    assertThat(of("zzz").reward("He stood still.", true)).isZero();
  }

  @Test
  void severalWordsMustStandTogether() {
    assertThat(of("ice cream").reward("They eat ice creams.", true)).isEqualTo(1);
    assertThat(of("ice cream").reward("Ice with cream.", true)).isZero();
  }

  @Test
  void matchAtTheEndOfAnUnfinishedTextDoesNotCount() {
    assertThat(of("cat").reward("A cat", false)).isZero();
    assertThat(of("cat").reward("A cat ", false)).isEqualTo(1);
    assertThat(of("cat").reward("A cat", true)).isEqualTo(1);
  }

  @Test
  void scoresAreNamedByConcept() {
    assertThat(of("dog", "run").constraintScores("A dog sleeps."))
        .containsExactly(Map.entry("dog", 1.0), Map.entry("run", 0.0));
  }

  @Test
  void formsMustFitTheConcepts() {
    assertThatThrownBy(
            () ->
                COVERAGE.forRow(
                    Map.of("concepts", List.of("a", "b"), "forms", List.of(List.of("a")))))
        .hasMessageContaining("1 lists for 2 concepts");
    assertThatThrownBy(() -> COVERAGE.forRow(Map.of("concepts", "text")))
        .hasMessageContaining("column concepts");
    assertThatThrownBy(() -> of("...")).hasMessageContaining("holds no word");
  }
}
