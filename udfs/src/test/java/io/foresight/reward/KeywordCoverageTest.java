package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.reward.RewardFunction.RowReward;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class KeywordCoverageTest {

  private static final KeywordCoverage COVERAGE = new KeywordCoverage("concepts", "forms");

  private static RowReward of(String... concepts) {
    return COVERAGE.forRow(Map.of("concepts", List.of(concepts))).orElseThrow();
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
  void formsThatADictionaryListsAsWordsOfTheirOwnCount() {
    assertThat(of("dog", "run", "stand").reward("Two dogs running, one standing.", true))
        .isEqualTo(1);
    assertThat(of("see").reward("A seed.", true)).isZero();
  }

  @Test
  void wordBoundariesAreRespected() {
    assertThat(of("cat").reward("A category of cattle.", true)).isZero();
    assertThat(of("cat").reward("The cat's bowl.", true)).isEqualTo(1);
  }

  @Test
  void alternativesCount() {
    RowReward reward =
        COVERAGE
            .forRow(
                Map.of(
                    "concepts", List.of("stand"), "forms", List.of(List.of("stood", "standing"))))
            .orElseThrow();
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
    assertThat(of("dog", "run").parts("A dog sleeps."))
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
    assertThatThrownBy(
            () -> COVERAGE.forRow(Map.of("concepts", List.of("a"), "forms", "b".repeat(1000))))
        .hasMessage(
            "Cannot read column forms: it holds %s.... Give a list of texts per concept.",
            "b".repeat(100));
    assertThatThrownBy(() -> of("...")).hasMessageContaining("holds no word");
  }

  @Test
  void hintsNameTheMissingConceptsInEveryForm() {
    RowReward reward =
        COVERAGE
            .forRow(
                Map.of(
                    "concepts",
                    List.of("dog", "run", "ice cream"),
                    "forms",
                    List.of(List.of(), List.of("ran", "Sprinted"), List.of("gelato"))))
            .orElseThrow();
    assertThat(reward.hints("A dog sleeps."))
        .contains("run", "running", "runs", "ran", "sprinted", "ice cream", "gelato")
        .doesNotContain("dog", "dogs")
        .doesNotHaveDuplicates();
    assertThat(reward.hints("")).contains("dog", "dogs");
    assertThat(reward.hints("Dogs that ran for gelato.")).isEmpty();
  }

  @Test
  void withoutConceptsThereIsNothingToJudge() {
    assertThat(COVERAGE.forRow(Map.of("concepts", List.of()))).isEmpty();
    assertThat(COVERAGE.forRow(Map.of("concepts", List.of(), "forms", List.of()))).isEmpty();
    assertThat(COVERAGE.forRow(Map.of())).isEmpty();
  }

  @Test
  void theLastWordOfATextNeedsNoHint() {
    // It will not be another word, or the hint would not be asked for here.
    assertThat(of("dog", "run").hints("A running dog")).isEmpty();
  }

  @Property(tries = 300)
  void everyHintRaisesTheCoverage(@ForAll long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> lines = Files.readAllLines(Path.of("..", "examples", "prompts.jsonl"));
    JsonNode json = new ObjectMapper().readTree(lines.get(random.nextInt(lines.size())));
    List<String> concepts = new ArrayList<>();
    json.get("concepts").forEach(concept -> concepts.add(concept.asText()));
    RowReward reward = of(concepts.toArray(new String[0]));
    StringBuilder text = new StringBuilder("The");
    while (!reward.hints(text.toString()).isEmpty()) {
      String before = text.toString();
      double covered = reward.reward(before, true);
      List<String> hints = reward.hints(before);
      for (String hint : hints) {
        assertThat(reward.reward(before + " " + hint, true)).as(hint).isGreaterThan(covered);
        assertThat(reward.reward(before + " " + hint + " ", false)).isGreaterThan(covered);
      }
      text.append(' ').append(hints.get(random.nextInt(hints.size())));
    }
    assertThat(reward.reward(text.toString(), true)).isEqualTo(reward.upperBound());
    assertThat(reward.parts(text.toString()).values()).containsOnly(1.0);
  }
}
