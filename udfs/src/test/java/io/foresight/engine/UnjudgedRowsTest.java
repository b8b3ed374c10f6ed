package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.Strategies;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.reward.Combination;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import scala.collection.JavaConverters;

/** Rows that some, or all, rewards have nothing to judge by. */
class UnjudgedRowsTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final StructType SCHEMA =
      new StructType()
          .add("prompt", DataTypes.StringType)
          .add("concepts", DataTypes.createArrayType(DataTypes.StringType))
          .add("text", DataTypes.StringType);

  @AfterAll
  static void free() {
    ModelCache.closeIdle();
  }

  private static Row row(List<String> concepts) {
    Object[] values = {
      "dog park run", concepts == null ? null : JavaConverters.asScalaBuffer(concepts).toSeq(), "x"
    };
    return new GenericRowWithSchema(values, SCHEMA);
  }

  /** Judged, and twice not. */
  private static List<Row> rows() {
    return List.of(row(List.of("dog", "zebra")), row(List.of()), row(null));
  }

  private static List<RowResult> decode(String strategy) {
    GenerationSettings settings =
        GenerationSettings.of(
                EXAMPLES.resolve("target").toString(), EXAMPLES.resolve("draft").toString())
            .with(EngineSettings.DEVICE, DeviceChoice.CPU)
            .with(EngineSettings.BATCH, 3)
            .withPrompt(new PromptTemplate("{prompt} ="))
            .with(Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, 12));
    List<InputRow> named = new ArrayList<>();
    for (Row row : rows()) {
      named.add(Rows.input("id " + named.size(), row));
    }
    List<RowResult> results = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(settings)) {
      decoder.decode(named.iterator()).forEachRemaining(one -> results.add(one.result()));
    }
    return results;
  }

  static Stream<String> strategies() {
    return Strategies.names().stream()
        .filter(name -> !name.equals("sample") && !name.equals("best-of-n"));
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void haveNoRewardAndAreNeitherSatisfiedNorNot(String strategy) {
    List<RowResult> results = decode(strategy);
    assertThat(results.get(0).reward()).isNotNull();
    assertThat(results.get(0).satisfied()).isEqualTo(results.get(0).reward() == 1);
    String plain = decode("greedy").get(0).output();
    for (RowResult result : results.subList(1, 3)) {
      assertThat(result.error()).isNull();
      assertThat(result.reward()).isNull();
      assertThat(result.satisfied()).isNull();
      assertThat(result.scores()).isEmpty();
      assertThat(result.status()).isEqualTo("ok");
      assertThat(result.output()).isEqualTo(plain);
      assertThat(result.counters().committedCandidate()).isZero();
    }
  }

  private static List<RowScorer.Scored> score(RewardSpec spec) {
    List<RowScorer.Scored> scored = new ArrayList<>();
    try (RowScorer scorer = new RowScorer(ScoringSettings.of("text", spec), () -> {})) {
      scorer
          .score(Iterators.mapped(rows().iterator(), row -> Rows.input("1", row)))
          .forEachRemaining(scored::add);
    }
    return scored;
  }

  private static RewardSpec.Named named(String name, Object... settings) {
    Map<String, Object> map = new HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      map.put(settings[i].toString(), settings[i + 1]);
    }
    return new RewardSpec.Named(name, map);
  }

  @Test
  void areScoredByNothingToo() {
    List<RowScorer.Scored> scored = score(RewardSpec.keywordCoverage());
    assertThat(scored.get(0).outcome().reward()).isZero();
    for (RowScorer.Scored one : scored.subList(1, 3)) {
      assertThat(one.fault()).isNull();
      assertThat(one.outcome().reward()).isNull();
      assertThat(one.outcome().satisfied()).isNull();
    }
  }

  @Test
  void anEasySoftRewardDoesNotMakeThemSatisfied() {
    List<RowScorer.Scored> scored =
        score(
            new RewardSpec(
                Combination.WEIGHTED_SUM,
                List.of(
                    named("concepts", "type", "keyword-coverage", "weight", 3),
                    named("short", "type", "length", "at-most", 5, "hard", false))));
    assertThat(scored.get(0).outcome().reward()).isEqualTo(0.25);
    assertThat(scored.get(0).outcome().satisfied()).isFalse();
    // Of the weights only those of rewards that judge the row count.
    assertThat(scored.get(1).outcome().reward()).isEqualTo(1);
    assertThat(scored.get(1).outcome().satisfied()).isNull();
  }

  @Test
  void aRewardWithoutWeightIsNoReward() {
    List<RowScorer.Scored> scored =
        score(
            new RewardSpec(
                Combination.WEIGHTED_SUM,
                List.of(
                    named("concepts", "type", "keyword-coverage"),
                    named("short", "type", "length", "at-most", 5, "weight", 0))));
    assertThat(scored.get(0).outcome().reward()).isZero();
    assertThat(scored.get(1).outcome().reward()).isNull();
    assertThat(scored.get(1).outcome().satisfied()).isTrue();
  }
}
