package io.foresight.reward.text;

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
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  /** A concept, a text that has it, one that has not. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // Phrases in every form.
        "night bus | Two night buses came. | A night on the bus.",
        "give up | She gave up. | She gave it up.",
        "look after | He is looking after it. | He looked at it.",
        "bus driver | Bus drivers wait. | A driver of the bus.",
        "V-neck | Two V-necks hang there. | A neck.",
        "women's shoe | Women's shoes are there. | A shoe of women.",
        "hot dog | Hot dogs! | The hottest dog.",
        "well-known | A well known man. | Well, he has known it.",
        // Scripts without blanks, and Korean particles.
        "\u56fe\u4e66\u9986 | \u5979\u5728\u56fe\u4e66\u9986\u770b\u4e66\u3002 | \u5979\u770b\u56fe\u4e66\u3002",
        "\u732b | \u732b\u304c\u5bdd\u308b\u3002 | \u72ac\u304c\u5bdd\u308b\u3002",
        "\u30b3\u30fc\u30d2\u30fc | \u30b3\u30fc\u30d2\u30fc\u3092\u98f2\u3080 | \u30b3\u30d4\u30fc\u3092\u53d6\u308b",
        "\u30ac\u30e0 | \uff76\uff9e\uff91\u3092 | \u30ab\u30e0\u3092",
        "\u0e41\u0e21\u0e27 | \u0e21\u0e35\u0e41\u0e21\u0e27\u0e2d\u0e22\u0e39\u0e48 | \u0e21\u0e35\u0e2b\u0e21\u0e32\u0e2d\u0e22\u0e39\u0e48",
        "\u0e21\u0e32 | \u0e40\u0e02\u0e32\u0e21\u0e32 | \u0e21\u0e35\u0e21\u0e49\u0e32",
        "\ud559\uad50 | \ud559\uad50\uc5d0\uc11c \ubc30\uc6b4\ub2e4. | \ub300\ud559\uad50\ub2e4.",
        "\uac1c | \uac1c\ub97c \ubcf8\ub2e4. | \uac1c\ubbf8\uac00 \ubb34\uc9c0\uac1c\ub97c \ubcf8\ub2e4.",
        "robot | \u4ed6\u4e70\u4e86robot\u3002 | \u4ed6\u4e70\u4e86robotics\u3002",
        // Symbols.
        "C++ | She learns C++, slowly. | Vitamin C is good.",
        "C | Vitamin C is good. | She learns C++ and C#.",
        "F# | It is in F#. | It is an F.",
        "7% | Up 7%! | Up 17%, or 7.",
        "7% | Up 7 %. | Up 0.7%.",
        "$20 | It is $20. | It is 20 miles.",
        "R&D | The R&D team. | R, then D.",
        "\ud83d\ude00 | Hi \ud83d\ude00\ud83d\ude00 | Hi :)",
        "b*** | A b***! | Plan b is **bold**.",
        "bold | It is **bold**. | It is **old**.",
        // What looks the same is the same.
        "umbrella | An um\u00adbrel\u00adla. | An um brel la.",
        "bridge | The bri\u200bdge. | The bri dge.",
        "FIFA | \uff26\uff29\uff26\uff21 | \uff26\uff29\uff26",
        "office | An o\ufb03ce. | An o ce.",
        "re\u0301sume\u0301 | My r\u00e9sum\u00e9. | My resum\u00e8.",
        "gr\u00fc\u00dfen | Sie GR\u00dcSSEN. | Sie gr\u00fcnen.",
        "can't | I can\u2019t. | I can, t.",
      })
  void conceptIsFoundWhereItIs(String concept, String with, String without) {
    assertThat(of(concept).reward(with, true)).as(with).isEqualTo(1);
    assertThat(of(concept).reward(without, true)).as(without).isZero();
    // Once something else follows, it is there to stay.
    assertThat(of(concept).reward(with + " ", false)).isEqualTo(1);
    assertThat(of(concept).hints(without)).isNotEmpty();
    for (String hint : of(concept).hints(without)) {
      assertThat(of(concept).reward(hint, true)).as("hint " + hint).isEqualTo(1);
    }
  }

  @Test
  void whatMayBeAnotherConceptDoesNotCountYet() {
    assertThat(of("C").reward("In C", false)).isZero();
    assertThat(of("C").reward("In C+", false)).isZero();
    assertThat(of("7").reward("It is 7.", false)).isZero();
    assertThat(of("7").reward("It is 7. ", false)).isEqualTo(1);
    assertThat(of("7%").reward("It is 7%", false)).isZero();
    assertThat(of("\u732b").reward("\u732b", false)).isZero();
    assertThat(of("\u732b").reward("\u732b\u304c", false)).isEqualTo(1);
    assertThat(of("park").reward("A park\u200b", false)).isZero();
  }

  @Test
  void formOfTwoWordsCountsForBoth() {
    RowReward reward = of("see", "saw");
    assertThat(reward.reward("He saw it.", true)).isEqualTo(1);
    assertThat(reward.reward("He sees it.", true)).isEqualTo(0.5);
    assertThat(reward.parts("Two saws.")).containsEntry("see", 0.0).containsEntry("saw", 1.0);
  }

  @Test
  void hintsAreSpelledAsTheConcept() {
    assertThat(of("New York").hints("")).startsWith("New York", "new york");
    assertThat(of("T-shirt").hints("")).contains("t-shirt", "t-shirts");
    assertThat(of("C++").hints("")).contains("c++");
    assertThat(of("Dog").hints("")).startsWith("dog").contains("dogs");
  }

  @Property(tries = 500)
  void whatCountedOnceStays(@ForAll("pieces") String text, @ForAll("pieces") String more) {
    RowReward reward = of("see", "hot dog", "C", "C++", "5%", "\u5c71", "\uc0b0", "5");
    double before = reward.reward(text, false);
    assertThat(reward.reward(text + more, false)).isGreaterThanOrEqualTo(before);
    assertThat(reward.reward(text + more, true)).isGreaterThanOrEqualTo(before);
  }

  @Provide
  Arbitrary<String> pieces() {
    return Arbitraries.of(
            "see", "saw", "n", "hot", "dog", "s", " ", "C", "+", "#", "5", ".", ",", "%", "\u5c71",
            "\u706b", "\uc0b0", "\uc5d0", "\u0301", "\u00ad", "'", "*")
        .list()
        .ofMaxSize(8)
        .map(drawn -> String.join("", drawn));
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
