package io.foresight.reward.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Made;
import io.foresight.reward.RewardFunction.RowReward;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexMatchTest {

  private static final RegexMatch.Factory FACTORY = new RegexMatch.Factory();

  private static RowReward of(String pattern) {
    return Made.of(FACTORY, Map.of("pattern", pattern));
  }

  @Test
  void matchAnywhereCounts() {
    assertThat(of("[0-9]+").reward("It is 7.", true)).isEqualTo(1);
    assertThat(of("[0-9]+").reward("It is seven.", true)).isZero();
    RowReward absence = Made.of(FACTORY, Map.of("pattern", "(?i)sorry", "expect", "absence"));
    assertThat(absence.reward("SORRY", true)).isZero();
    assertThat(absence.reward("Fine", true)).isEqualTo(1);
  }

  @Test
  void wholeTextIsJudgedAtItsEnd() {
    RowReward reward = Made.of(FACTORY, Map.of("pattern", "[0-9]+|a", "whole", true));
    assertThat(reward.reward("42", true)).isEqualTo(1);
    assertThat(reward.reward("42 ", true)).isZero();
    assertThat(reward.judgesUnfinished()).isFalse();
    assertThat(of("a").judgesUnfinished()).isTrue();
  }

  @Test
  void matchThatTouchesTheEndIsProvisional() {
    assertThat(of("cat").reward("cat", false)).isZero();
    assertThat(of("cat").reward("cat ", false)).isEqualTo(1);
    assertThat(of("cat$").reward("cat ", false)).isZero();
    assertThat(of("cat\\b").reward("cats", false)).isZero();
    assertThat(of("a+").reward("baaa", false)).isEqualTo(1);
    assertThat(of("a*").reward("", false)).isZero();
    assertThat(of("\\Qa.\\E").reward("a.b", false)).isEqualTo(1);
    RowReward absence = Made.of(FACTORY, Map.of("pattern", "cat", "expect", "absence"));
    assertThat(absence.reward("cat", false)).isEqualTo(1);
    assertThat(absence.reward("cat\n", false)).isZero();
  }

  @Test
  void rowHasAPatternOfItsOwn() {
    Map<String, Object> settings = Map.of("pattern", "a", "pattern-column", "p");
    assertThat(Made.forRow(FACTORY, settings, Map.of("p", "b")).orElseThrow().reward("b", true))
        .isEqualTo(1);
    assertThat(Made.forRow(FACTORY, settings, Map.of()).orElseThrow().reward("b", true)).isZero();
    assertThat(Made.forRow(FACTORY, Map.of("pattern-column", "p"), Map.of())).isEmpty();
    assertThatThrownBy(() -> Made.forRow(FACTORY, settings, Map.of("p", "(")))
        .isInstanceOf(RowFault.class)
        .hasMessageContaining("Cannot use pattern \"(\" of column p");
  }

  @Test
  void settingsAreCheckedAllAtOnce() {
    assertThat(Made.problems(FACTORY, Map.of()))
        .singleElement()
        .asString()
        .contains("pattern = nothing", "pattern-column");
    assertThat(Made.problems(FACTORY, Map.of("pattern", "a(?=b)", "expect", "maybe", "flags", "i")))
        .satisfiesExactlyInAnyOrder(
            problem -> assertThat(problem).contains("pattern = a(?=b)", "without lookaround"),
            problem -> assertThat(problem).contains("expect = maybe", "match, absence"),
            problem -> assertThat(problem).contains("flags is no setting"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(x{1000}){1000}",
        "(((x{1000}){1000}){1000}){1000}",
        "((x{100,}y){0,100}){100}",
        "[({]{1000}(?:[^]a]{1000}){9}",
        "\\Q)\\E(a{1000}){1000}",
        "(a{1000}\\)){1000}",
        "\\Qabc",
      })
  void patternThatTakesTooMuchIsRefusedAtOnce(String pattern) {
    assertThat(
            Assertions.assertTimeoutPreemptively(
                Duration.ofSeconds(5), () -> Made.problems(FACTORY, Map.of("pattern", pattern))))
        .singleElement()
        .asString()
        .contains(pattern);
  }

  @Test
  void longPatternIsRefused() {
    assertThat(Made.problems(FACTORY, Map.of("pattern", "a".repeat(1001))))
        .singleElement()
        .asString()
        .contains("1001 characters");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a|a)*$b",
        "(a*)*b",
        "(?:a?){1000}b",
        "\\d{3}-\\d{3}-\\d{4}|(a{100}){2}c{50}",
        "((((a?){5}){5}){5}){8}b"
      })
  void noPatternHangsOrExhaustsASmallStack(String pattern) throws InterruptedException {
    Throwable[] thrown = new Throwable[1];
    double[] score = {-1};
    Thread thread =
        new Thread(
            null,
            () -> score[0] = of(pattern).reward("a".repeat(20_000), true),
            "small stack",
            512 * 1024);
    thread.setUncaughtExceptionHandler((of, e) -> thrown[0] = e);
    thread.start();
    thread.join(30_000);
    assertThat(thrown[0]).isNull();
    assertThat(score[0]).isZero();
  }

  /** A pattern, a text in which it is, one in which it is not. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\\bgr\u00fcn\\b | Das ist gr\u00fcn. | Das Gr\u00fcne.",
        "\\bgr\\b | gr\u3002 | gr\u00fcn",
        "\\b\u00e9t\u00e9\\b | en \u00e9t\u00e9, ici | r\u00e9\u00e9t\u00e9",
        "\\b\u043d\u0435\u0442\\b | \u043d\u0435\u0442! | \u043d\u0435\u0442\u0443",
        "^\\w+$ | na\u00efvet\u00e9 | na\u00efve?\u00e9",
        "^\\w{3}$ | \u00e9\u00e9\u00e9 | \u00e9\u00e9",
        "^...$ | \u00e9_\u3002 | \u00e9\u00e9",
        "^\\W$ | \u3002 | \u00e9",
        "\\Bn\\B | \u00e9n\u00e9 | \u00e9 n \u00e9",
        "[^\\w\\s] | \u00e9\u3002 | \u00e9 \u00e9",
        "\\b[a-z_]+\\b | \u00e9 a_b | \u00e9a_b",
        "\\b_\\b | \u00e9 _ | \u00e9_",
        "(?i)\\b\u00c9T\u00c9\\b | un \u00e9t\u00e9 | l\u00e9t\u00e9",
        "\\b\\p{Lu}\\w*\\b | die \u00dcbung | die \u00fcbung",
        "^[\\p{L}]+\\b!$ | \u00e9a! | \u00e91!",
        "^\\w[^\\W_]$ | \u00e9\u00e9 | \u00e9_",
        "(?P<a_b>\\b\u00e9\\b) | \u00e9 | \u00e9\u00e9",
        "\\b\\Q\u00e9.\\E | \u00e9. | a\u00e9.",
        "\\b\\x{e9}\\x61\\141\\b | \u00e9aa | \u00e9aa\u00e9",
        "\\b[[:alpha:]\u00e9]+\\b$ | a\u00e9b | a\u00e9\u00fcb\u3002",
        "(?s)\u00e9\\b.\\bz | \u00e9\u3002z | \u00e9\u00e9z",
      })
  void wordCharactersAreThoseOfAnyScript(String pattern, String with, String without) {
    assertThat(of(pattern).reward(with, true)).as(with).isEqualTo(1);
    assertThat(of(pattern).reward(without, true)).as(without).isZero();
    assertThat(of(pattern).reward(with + "\n", false)).isEqualTo(pattern.contains("$") ? 0 : 1);
  }

  @Property(tries = 500)
  void everySpanByHandGivesTheSame(
      @ForAll @StringLength(max = 8) @Chars({'a', 'b', ' ', '\n', '_', '\u00e9', '\u3002'})
          String text,
      @ForAll("patterns") String pattern) {
    boolean any = false;
    boolean inside = false;
    Matcher matcher =
        Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES)
            .matcher(text);
    for (int from = 0; from <= text.length(); from++) {
      for (int to = from; to <= text.length(); to++) {
        matcher.reset().useAnchoringBounds(false).useTransparentBounds(true).region(from, to);
        if (matcher.matches()) {
          any = true;
          inside |= to < text.length();
        }
      }
    }
    assertThat(of(pattern).reward(text, true)).isEqualTo(any ? 1 : 0);
    assertThat(of(pattern).reward(text, false)).isEqualTo(inside ? 1 : 0);
  }

  @Provide
  Arbitrary<String> patterns() {
    return Arbitraries.of(
        "a",
        "a+",
        "ab|a",
        "a.*b|a",
        "a*",
        "^a",
        "a\\z",
        "(?m)a$",
        "\\ba\\b",
        "a\\b",
        "[^a]",
        "(?s)a.b",
        " a?",
        "\\w",
        "\\w\\b",
        "\\W\\B",
        "\\b\\w+\\b",
        "^\\w*?\\z",
        "\\B",
        "\\b.\\b",
        "[\\wx]b",
        "[^\\wx]b",
        "[\\W_]a",
        "[^\\W_]a",
        "[^a]\\b",
        "[_-b]\\b",
        "[!-z]\\B",
        "(?i)\\bA\u00c9",
        "(?:\\w|\u3002)+\\z",
        "\\b\u00e9",
        "_\\b",
        "[a\u00e9]\\b ",
        "\\w{2}\\W",
        "(?s)\\b.{2}\\b",
        "\\b|x",
        "\\S\\b",
        "[\\S]\\B",
        "[^\\S]\\b",
        "\\D\\w",
        "(a|\\b)\u00e9",
        "[]_]\\b",
        "[^]_]\\b",
        "[a-]\\b");
  }
}
