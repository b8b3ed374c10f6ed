package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.foresight.reward.RewardFunction.RowReward;
import io.foresight.reward.text.Sentences;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every rule, whatever the text. */
class AnyTextTest {

  /** A reward as a job's settings name it. */
  private record Rule(Map<String, Object> settings) {

    RowReward ofRow() {
      RewardFactory factory = RewardTypes.all().get(settings.get("type").toString());
      RewardSettings read = new RewardSettings("rewards.it", settings);
      read.text("type");
      RewardFunction function = factory.create(read);
      assertThat(read.problems()).isEmpty();
      return function.forRow(ROW).orElseThrow();
    }

    @Override
    public String toString() {
      return settings.toString();
    }
  }

  private static final Map<String, Object> ROW =
      Map.of(
          "concepts", List.of("dog", "ice cream"),
          "reference", List.of("A dog eats ice cream.", "Cats."));

  /** Those of which the score of an unfinished text is the most that it can still have. */
  private static final List<Rule> FALLING =
      List.of(
          rule("type", "forbidden-words", "words", List.of("dog", "don't"), "inflections", true),
          rule("type", "length", "at-least", 3, "at-most", 4),
          rule("type", "length", "unit", "sentences", "at-least", 2, "at-most", 2),
          rule("type", "length", "unit", "characters", "at-most", 9),
          rule("type", "regex", "pattern", "\\bdogs?\\b|(?m)a$|[{]", "expect", "absence"));

  private static final List<Rule> OTHERS =
      List.of(
          rule("type", "keyword-coverage"),
          rule("type", "regex", "pattern", "\\bdog\\b|a+"),
          rule("type", "regex", "pattern", "(?s).*a", "whole", true),
          rule("type", "json-schema", "schema", "{\"required\": [\"a\"], \"minItems\": 2}"),
          rule("type", "json-schema", "schema", "{\"maxLength\": 3}", "extract", true),
          rule("type", "similarity", "stems", true),
          rule("type", "readability", "grade-at-most", 3));

  private static Rule rule(Object... settings) {
    Map<String, Object> map = new TreeMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      map.put(settings[i].toString(), settings[i + 1]);
    }
    return new Rule(map);
  }

  static List<Rule> all() {
    return Stream.concat(FALLING.stream(), OTHERS.stream()).toList();
  }

  @Test
  void everyRuleIsHere() {
    Set<Object> types = new TreeSet<>();
    all().forEach(rule -> types.add(rule.settings().get("type")));
    assertThat(types)
        .contains(
            "forbidden-words",
            "json-schema",
            "keyword-coverage",
            "length",
            "readability",
            "regex",
            "similarity");
  }

  @Property(tries = 1000)
  void scoresAreInRangeAndTheSameAgain(
      @ForAll("rules") Rule rule, @ForAll("texts") List<String> texts) {
    RowReward reward = rule.ofRow();
    RowReward again = rule.ofRow();
    boolean[] finished = new boolean[texts.size()];
    for (int i = 0; i < finished.length; i++) {
      finished[i] = i % 2 == 0 || !reward.judgesUnfinished();
    }
    double[] scores = reward.rewards(texts, finished);
    for (int i = 0; i < finished.length; i++) {
      assertThat(scores[i]).isBetween(0.0, reward.upperBound());
      assertThat(again.reward(texts.get(i), finished[i])).isEqualTo(scores[i]);
      assertThat(reward.reward(texts.get(i), finished[i])).isEqualTo(scores[i]);
      assertThat(reward.hints(texts.get(i)))
          .isEqualTo(again.hints(texts.get(i)))
          .doesNotContainNull();
      assertThat(reward.parts(texts.get(i)).values()).allMatch(part -> part >= 0 && part <= 1);
    }
  }

  @Property(tries = 1000)
  void goingOnNeverRaisesWhatOnlyFalls(
      @ForAll("falling") Rule rule, @ForAll("pieces") String text, @ForAll("pieces") String more) {
    RowReward reward = rule.ofRow();
    double before = reward.reward(text, false);
    assertThat(reward.reward(text + more, false)).isLessThanOrEqualTo(before);
    assertThat(reward.reward(text + more, true)).isLessThanOrEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("all")
  void longTextsTakeLinearTimeAndLittleStack(Rule rule) {
    RowReward reward = rule.ofRow();
    for (String piece :
        List.of(
            "a", "a'", "dog ", ". ", ".", "(", ".(", ". -", ".\u2026", "A. b", "{\"a\":", "[",
            "\"\\", "\uD83D", "\n", "don't s", "?!\" ")) {
      String text = piece.repeat(200_000 / piece.length());
      assertTimeoutPreemptively(
          Duration.ofSeconds(20),
          () -> {
            assertThat(reward.reward(text, true)).isBetween(0.0, 1.0);
            reward.hints(text);
          },
          piece);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void sentencesOfABegunTextStay(boolean capitals) {
    Sentences sentences = new Sentences();
    String text = "It is. (\"Is it?\") E.g. 3.5 m; it... 'Yes!' She\u2019s 5. he said\n\nBye";
    String judged = capitals ? text.toUpperCase(Locale.ROOT) : text;
    int[] counts = new int[judged.length()];
    for (int i = 1; i < counts.length; i++) {
      counts[i] = sentences.count(judged.substring(0, i));
    }
    int[] sorted = counts.clone();
    Arrays.sort(sorted);
    assertThat(counts).isEqualTo(sorted);
  }

  @Provide
  Arbitrary<Rule> rules() {
    return Arbitraries.of(all());
  }

  @Provide
  Arbitrary<Rule> falling() {
    return Arbitraries.of(FALLING);
  }

  @Provide
  Arbitrary<List<String>> texts() {
    return Arbitraries.oneOf(pieces(), Arbitraries.strings().all().ofMaxLength(300))
        .list()
        .ofMaxSize(4);
  }

  @Provide
  Arbitrary<String> pieces() {
    return Arbitraries.oneOf(
            Arbitraries.of(
                "dog",
                "dogs",
                "don't",
                "a",
                " ",
                "'",
                "\u2019",
                "s",
                ". ",
                "!",
                "\n",
                "Ice cream",
                "{",
                "}",
                "[1",
                "]",
                "\"",
                ":",
                ",",
                "7",
                "B",
                "(",
                "\u0301",
                "\uD83D\uDE00"),
            Arbitraries.strings().all().ofMaxLength(3))
        .list()
        .ofMaxSize(12)
        .map(pieces -> String.join("", pieces));
  }
}
