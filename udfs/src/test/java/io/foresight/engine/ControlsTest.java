package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.BANNED_TOKENS;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.MIN_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.NO_REPEAT_NGRAM;
import static io.foresight.decoding.DecodingSettings.OUTPUTS;
import static io.foresight.decoding.DecodingSettings.REPETITION_PENALTY;
import static io.foresight.decoding.DecodingSettings.SAMPLES;
import static io.foresight.decoding.DecodingSettings.STOP;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOKEN_BIAS;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.DecodingSettings.Outputs;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Strategies;
import io.foresight.model.text.Tokenizer;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What users of batch generation ask for besides a strategy, under every one of them. */
class ControlsTest {

  private static final Path EXAMPLES = Path.of("../examples");

  private static final List<List<String>> CONCEPTS =
      List.of(
          List.of("dog", "run", "beach"),
          List.of("cook", "pan", "egg"),
          List.of("boy", "kite", "hill", "wind"));

  private static GenerationSettings with(Settings settings) {
    return GenerationSettings.of(
            EXAMPLES.resolve("target").toString(), EXAMPLES.resolve("draft").toString())
        .with(EngineSettings.DEVICE, DeviceChoice.CPU)
        .with(EngineSettings.BATCH, 3)
        .with(settings);
  }

  private static List<RowResult> decode(Settings settings) {
    return decode(settings, List.of());
  }

  private static List<RowResult> decode(Settings settings, List<? extends Map<String, ?>> more) {
    List<InputRow> rows = new ArrayList<>();
    for (int i = 0; i < CONCEPTS.size(); i++) {
      Map<String, Object> values = new HashMap<>();
      values.put("id", "r" + i);
      values.put("concepts", CONCEPTS.get(i));
      if (i < more.size()) {
        values.putAll(more.get(i));
      }
      rows.add(new InputRow("r" + i, values));
    }
    List<RowResult> results = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(with(settings))) {
      decoder.decode(rows.iterator()).forEachRemaining(one -> results.add(one.result()));
    }
    return results;
  }

  private static Settings named(String strategy) {
    return Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, 20);
  }

  private static List<String> texts(Settings settings) {
    return decode(settings).stream().map(RowResult::output).toList();
  }

  static List<String> strategies() {
    return Strategies.names();
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void aStopStringEndsARowAndIsCut(String strategy) {
    List<RowResult> plain = decode(named(strategy));
    // Two letters in the middle of a word, so that it begins and ends within tokens.
    String word = plain.get(0).output().split(" ")[2];
    String stop = word.substring(0, Math.min(2, word.length()));
    List<RowResult> stopped = decode(named(strategy).with(STOP, List.of(stop, "no such text")));
    for (RowResult result : stopped) {
      assertThat(result.output()).doesNotContain(stop);
    }
    RowResult first = stopped.get(0);
    assertThat(first.status()).isNotIn("truncated", "error");
    assertThat(first.counters().committed()).isEqualTo((long) first.tokens());
    if (List.of("greedy", "speculative", "sample").contains(strategy)) {
      assertThat(first.tokens()).isLessThanOrEqualTo(plain.get(0).tokens());
      String output = plain.get(0).output();
      assertThat(first.output()).isEqualTo(output.substring(0, output.indexOf(stop)));
    }
  }

  /** Settings of each control, and of all of them. */
  private static Settings controlled(Settings settings) {
    return settings
        .with(MIN_NEW_TOKENS, 16)
        .with(REPETITION_PENALTY, 1.2)
        .with(NO_REPEAT_NGRAM, 2)
        .with(BANNED_TOKENS, List.of(" in", " on"))
        .with(TOKEN_BIAS, Map.of(" a", -2.0, "300", 0.5))
        .with(STOP, List.of("."));
  }

  @Test
  void whatEqualsGreedyOrCdlhDoesSoUnderControls() {
    List<String> greedy = texts(controlled(named("greedy")));
    assertThat(greedy).isNotEqualTo(texts(named("greedy")));
    assertThat(texts(controlled(named("speculative")))).isEqualTo(greedy);
    assertThat(texts(controlled(named("cdlh-speculative"))))
        .isEqualTo(texts(controlled(named("cdlh"))));
    Settings coupled = Settings.defaults().with(VERIFICATION, Verification.COUPLED);
    assertThat(texts(controlled(named("speculative").with(coupled))))
        .isEqualTo(texts(controlled(named("sample").with(coupled))));
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void controlsHoldUnderEveryStrategy(String strategy) {
    Settings settings = named(strategy).with(MIN_NEW_TOKENS, 12).with(NO_REPEAT_NGRAM, 2);
    try (Tokenizer tokenizer = Tokenizer.load(EXAMPLES.resolve("target"))) {
      for (RowResult result :
          decode(settings.with(BANNED_TOKENS, List.of(" a", " the", "A", "The")))) {
        assertThat(result.tokens()).as(result.output()).isGreaterThanOrEqualTo(12);
        assertThat(result.output().split("[ .]+")).doesNotContain("a", "the", "A", "The");
        int[] ids = tokenizer.encodeWritten(result.output());
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < ids.length; i++) {
          pairs.add(ids[i] + " " + ids[i + 1]);
        }
        assertThat(pairs).as(result.output()).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void aRowMayHaveSettingsOfItsOwn() {
    Settings columns =
        named("greedy")
            .with(RowSettings.MAX_NEW_TOKENS, "n")
            .with(RowSettings.STOP, "until")
            .with(RowSettings.TEMPERATURE, "t");
    Map<String, Object> none = new HashMap<>();
    none.put("n", null);
    none.put("until", null);
    List<RowResult> plain = decode(named("greedy"));
    List<RowResult> own =
        decode(columns, List.of(Map.of("n", 3L), none, Map.of("until", List.of(" "))));
    assertThat(own.get(0).tokens()).isEqualTo(3);
    assertThat(own.get(0).status()).isEqualTo("truncated");
    assertThat(own.get(1).output()).isEqualTo(plain.get(1).output());
    assertThat(own.get(2).output()).doesNotContain(" ").isNotEmpty();
    List<RowResult> wrong =
        decode(columns, List.of(Map.of("n", 0), Map.of("n", "many"), Map.of("until", 7)));
    assertThat(wrong).allMatch(result -> result.status().equals("error"));
    assertThat(wrong).allMatch(result -> result.errorKind().equals("input"));
    assertThat(wrong.get(0).error()).contains("column n with 0");
    assertThat(wrong.get(1).error()).contains("column n with many: it must be a number");
    assertThat(wrong.get(2).error()).contains("column until with 7");
  }

  @Test
  void aRowsOwnTemperatureChangesThatRowAlone() {
    Settings columns = named("sample").with(RowSettings.TEMPERATURE, "t");
    List<RowResult> plain = decode(named("sample"));
    List<RowResult> own = decode(columns, List.of(Map.of("t", 0.01), Map.of("t", "1.0")));
    List<RowResult> cold = decode(named("sample").with(TEMPERATURE, 0.01));
    assertThat(own.get(0).output()).isEqualTo(cold.get(0).output());
    assertThat(own.get(1).output()).isEqualTo(plain.get(1).output());
    assertThat(own.get(2).output()).isEqualTo(plain.get(2).output());
    // A value that is the setting's default is a value, too.
    Map<String, Object> one = Map.of("t", 1.0);
    List<RowResult> back = decode(columns.with(TEMPERATURE, 0.01), List.of(one, one, one));
    assertThat(back.stream().map(RowResult::output))
        .containsExactlyElementsOf(plain.stream().map(RowResult::output).toList())
        .isNotEqualTo(cold.stream().map(RowResult::output).toList());
  }

  /** By which its logits would be infinite, and those of its forward with them no numbers. */
  @Test
  void aTemperatureNearNoneIsThatRowsFaultAlone() {
    Settings columns = named("sample").with(RowSettings.TEMPERATURE, "t");
    List<RowResult> plain = decode(named("sample"));
    List<RowResult> own = decode(columns, List.of(Map.of(), Map.of("t", 1e-40)));
    assertThat(own.get(1).errorKind()).isEqualTo("input");
    assertThat(own.get(1).error()).contains("column t with 1.0E-40", "at least 0.001");
    assertThat(own.get(0).output()).isEqualTo(plain.get(0).output());
    assertThat(own.get(2).output()).isEqualTo(plain.get(2).output());
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-50, 0, 1e39, Double.NaN})
  void aPenaltyByWhichLogitsOverflowIsRefused(double penalty) {
    assertThatThrownBy(() -> Settings.defaults().with(REPETITION_PENALTY, penalty))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("decoding.repetition-penalty");
  }

  /** The least and the most that penalties and temperatures may be. */
  @Test
  void noLimitOfASettingIsAFault() {
    for (double penalty : new double[] {0.001, 1000}) {
      Settings settings = named("sample").with(REPETITION_PENALTY, penalty);
      assertThat(decode(settings.with(TEMPERATURE, 0.001))).noneMatch(r -> r.output() == null);
      assertThat(decode(settings.with(TEMPERATURE, 1e300))).noneMatch(r -> r.output() == null);
    }
  }

  @Test
  void aStopMayBeABlank() {
    List<RowResult> plain = decode(named("greedy"));
    List<RowResult> stopped = decode(named("greedy").with(STOP, List.of(" ")));
    for (int i = 0; i < plain.size(); i++) {
      String output = plain.get(i).output();
      assertThat(stopped.get(i).output()).isEqualTo(output.substring(0, output.indexOf(' ')));
      assertThat(stopped.get(i).status()).isNotEqualTo("truncated");
    }
  }

  @Test
  void noLimitOfARowIsNoError() {
    Settings columns = named("greedy").with(RowSettings.MAX_NEW_TOKENS, "n");
    List<RowResult> own = decode(columns, List.of(Map.of("n", Integer.MAX_VALUE)));
    assertThat(own.get(0).status()).as(own.get(0).error()).isIn("ok", "unsatisfied");
  }

  @ParameterizedTest
  @ValueSource(strings = {"no token at all", "99999"})
  void whatIsNoTokenIsRefused(String token) {
    assertThatThrownBy(() -> decode(named("greedy").with(BANNED_TOKENS, List.of(token))))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("decoding.banned-tokens")
        .hasMessageContaining(token.equals("99999") ? "ids are below" : "is not one token");
    assertThatThrownBy(() -> decode(named("greedy").with(TOKEN_BIAS, Map.of("300", "much"))))
        .hasMessageContaining("300 has no number");
  }

  @Test
  void theRewardJudgesWhatIsWritten() {
    // The last of the words follows the stop, so that a text which is cut does not have it.
    Settings settings = named("greedy");
    String output = texts(settings).get(0);
    String last = output.replaceAll("[^A-Za-z ]", "").split(" ")[output.split(" ").length - 1];
    RewardSpec spec =
        RewardSpec.of("has", Map.of("type", "regex", "pattern", "\\b" + last + "\\b"));
    Map<String, Object> values = Map.of("id", "r0", "concepts", CONCEPTS.get(0));
    GenerationSettings stopping = with(settings.with(STOP, List.of(last))).withRewards(spec);
    try (RowDecoder decoder = new RowDecoder(stopping)) {
      RowResult result = decoder.decode(new InputRow("r0", values));
      assertThat(result.output()).doesNotContain(last);
      assertThat(result.satisfied()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"best-of-n", "sample"})
  void allTextsOfARowAreKept(String strategy) {
    Settings one = named(strategy).with(SAMPLES, 4).with(STOP, List.of("."));
    List<RowResult> plain = decode(one);
    List<RowResult> all = decode(one.with(OUTPUTS, Outputs.ALL));
    for (int i = 0; i < all.size(); i++) {
      RowResult result = all.get(i);
      assertThat(plain.get(i).outputs()).isNull();
      assertThat(result.output()).isEqualTo(plain.get(i).output());
      assertThat(result.outputs()).hasSize(4);
      assertThat(result.outputs()).extracting(RowResult.Output::text).contains(result.output());
      assertThat(result.outputs().stream().distinct().count()).isGreaterThan(1);
      for (RowResult.Output output : result.outputs()) {
        assertThat(output.text()).doesNotContain(".");
        assertThat(output.reward()).isLessThanOrEqualTo(1);
        if (strategy.equals("best-of-n")) {
          assertThat(output.reward()).isLessThanOrEqualTo(result.reward());
        }
      }
      RowResult.Output chosen =
          result.outputs().stream()
              .filter(output -> output.text().equals(result.output()))
              .findFirst()
              .orElseThrow();
      assertThat(chosen.reward()).isEqualTo(result.reward());
      assertThat(chosen.tokens()).isEqualTo(result.tokens());
      assertThat(chosen.logProb()).isCloseTo(result.logProb(), within(1e-4));
    }
  }
}
