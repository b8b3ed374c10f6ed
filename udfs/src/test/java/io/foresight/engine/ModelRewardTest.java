package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.RowFault;
import io.foresight.model.CacheBudget;
import io.foresight.model.classifier.SequenceClassifier;
import io.foresight.reward.Combination;
import io.foresight.reward.InvalidRewardsException;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.collection.JavaConverters;

/** Rewards by models, small random ones, that the rows in flight share. */
class ModelRewardTest {

  private static final Path CLASSIFIERS = Path.of("src/test/resources/parity-classifiers");
  private static final Path EXAMPLES = Path.of("../examples");
  private static final StructType SCHEMA =
      new StructType()
          .add("concepts", DataTypes.createArrayType(DataTypes.StringType))
          .add("topic", DataTypes.StringType);
  private static final List<String> WORDS = List.of("dog", "cat", "boat", "child", "field", "snow");

  @AfterAll
  static void free() {
    ModelCache.closeIdle();
  }

  private static RewardSpec.Named concepts() {
    return RewardSpec.keywordCoverage().rewards().get(0);
  }

  private static RewardSpec.Named of(String name, Object... settings) {
    Map<String, Object> map = new java.util.HashMap<>();
    for (int i = 0; i < settings.length; i += 2) {
      map.put((String) settings[i], settings[i + 1]);
    }
    return new RewardSpec.Named(name, map);
  }

  private static RewardSpec.Named kind() {
    return of(
        "kind",
        "type",
        "classifier",
        "model",
        CLASSIFIERS.resolve("bert-two").toString(),
        "not-label",
        label());
  }

  private static RewardSpec.Named good() {
    return of(
        "good",
        "type",
        "reward-model",
        "model",
        CLASSIFIERS.resolve("llama-reward").toString(),
        "text",
        "{topic}: {output}",
        "center",
        0.5,
        "scale",
        2);
  }

  private static String label() {
    try (SequenceClassifier classifier = classifier("bert-two")) {
      return classifier.labels().get(1);
    }
  }

  private static SequenceClassifier classifier(String name) {
    return SequenceClassifier.load(CLASSIFIERS.resolve(name), Device.cpu());
  }

  private static List<RowResult> decode(RewardSpec rewards, String strategy, int batch) {
    GenerationSettings settings =
        GenerationSettings.of(
                EXAMPLES.resolve("target").toString(), EXAMPLES.resolve("draft").toString())
            .with(EngineSettings.DEVICE, DeviceChoice.CPU)
            .with(EngineSettings.BATCH, batch)
            .withRewards(rewards)
            .with(Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, 12));
    List<InputRow> rows = new ArrayList<>();
    for (String word : WORDS) {
      // Rows without a topic are not judged by what reads it.
      Object[] values = {
        JavaConverters.asScalaBuffer(List.of(word)).toSeq(), word.equals("cat") ? null : word
      };
      Row row = new GenericRowWithSchema(values, SCHEMA);
      rows.add(Rows.input(word, row));
    }
    List<RowResult> results = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(settings)) {
      Iterator<RowDecoder.Decoded> decoded = decoder.decode(rows.iterator());
      decoded.forEachRemaining(one -> results.add(one.result()));
      assertThat(decoder.spent().scorerNanos()).isPositive();
      assertThat(decoder.spent().rewardNanos()).isNotNegative();
    }
    return results;
  }

  @ParameterizedTest
  @ValueSource(strings = {"greedy", "cdlh", "cdsl", "cdsl-tree"})
  void scoresAreTheModelsWhateverSharesTheirForward(String strategy) {
    RewardSpec spec = new RewardSpec(Combination.WEIGHTED_SUM, List.of(concepts(), kind(), good()));
    List<RowResult> alone = decode(spec, strategy, 1);
    List<RowResult> together = decode(spec, strategy, 4);
    try (SequenceClassifier kind = classifier("bert-two");
        SequenceClassifier good = classifier("llama-reward")) {
      for (int i = 0; i < WORDS.size(); i++) {
        RowResult one = alone.get(i);
        assertThat(one.error()).isNull();
        assertThat(together.get(i).output()).isEqualTo(one.output());
        float[] classes = kind.problem().scores(kind.logits(List.of(kind.encode(one.output())))[0]);
        double kindness = 1 - classes[1];
        List<Double> wanted = new ArrayList<>(List.of(one.scores().get("concepts"), kindness));
        String topic = WORDS.get(i);
        if (topic.equals("cat")) {
          assertThat(one.scores()).doesNotContainKey("good");
        } else {
          String read = topic + ": " + one.output();
          double raw = good.logits(List.of(good.encode(read)))[0][0];
          wanted.add(1 / (1 + Math.exp(-(raw - 0.5) / 2)));
          assertThat(one.scores().get("good")).isEqualTo(wanted.get(2), within(1e-5));
        }
        assertThat(one.scores().get("kind")).isEqualTo(kindness, within(1e-5));
        double mean = wanted.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        assertThat(one.reward()).isEqualTo(mean, within(1e-5));
        assertThat(together.get(i).reward()).isEqualTo(one.reward(), within(1e-5));
        assertThat(one.satisfied())
            .isEqualTo(
                wanted.get(0) == 1
                    && wanted.subList(1, wanted.size()).stream().allMatch(s -> s >= 0.5));
      }
    }
  }

  @Test
  void guidedTextsScoreHigherThanGreedyOnes() {
    RewardSpec spec = new RewardSpec(Combination.WEIGHTED_SUM, List.of(kind()));
    double greedy = mean(decode(spec, "greedy", 4));
    assertThat(mean(decode(spec, "cdlh", 4))).isGreaterThan(greedy);
  }

  private static double mean(List<RowResult> results) {
    return results.stream().mapToDouble(RowResult::reward).average().orElseThrow();
  }

  @Test
  void aTextThatLeavesNothingToReadScoresNothingAlone() {
    RewardSpec spec =
        new RewardSpec(
            Combination.MINIMUM,
            List.of(of("good", "type", "reward-model", "model", model("gpt2-reward"))));
    LongAdder nanos = new LongAdder();
    try (Scorers scorers = new Scorers(Device.cpu(), new CacheBudget(1 << 20), 1 << 20, nanos);
        Rewards rewards = Rewards.open(spec, scorers)) {
      RowRewards row = rewards.forRow(Map.of());
      assertThat(row.outcome("").reward()).isZero();
      boolean[] finished = {true, true, true, false};
      List<Judgement> judged = row.judge(List.of("a dog", "", "a cat", ""), finished);
      assertThat(judged.get(1).reward()).isZero();
      assertThat(judged.get(3).reward()).isEqualTo(1);
      assertThat(judged.get(0).reward()).isEqualTo(row.outcome("a dog").reward());
      assertThat(judged.get(2).reward()).isEqualTo(row.outcome("a cat").reward());
    }
  }

  private static RewardSpec reward(String model) {
    return RewardSpec.of("good", Map.of("type", "reward-model", "model", model(model)));
  }

  @Test
  void modelsWithACacheTakeTheirShareOfTheTasks() {
    for (String model : List.of("llama-reward", "xlm-roberta-reward")) {
      boolean cached = model.startsWith("llama");
      CacheBudget budget = new CacheBudget(1000);
      try (Scorers scorers = new Scorers(Device.cpu(), budget, 250, new LongAdder());
          Rewards rewards = Rewards.open(reward(model), scorers)) {
        assertThat(rewards.columns()).isEmpty();
        assertThat(scorers.cacheBytes()).isEqualTo(cached ? 250 : 0);
        assertThat(budget.left()).isEqualTo(cached ? 750 : 1000);
      }
    }
  }

  @Test
  void aTextThatHasNoRoomIsItsRowsFault() {
    long each;
    try (SequenceClassifier good = classifier("llama-reward")) {
      each = good.cacheBytes(40);
    }
    List<String> texts = List.of("a dog", "a cat and a dog", "a boat");
    for (long bytes : new long[] {each - 1, each, 3 * each}) {
      ScoringSettings defaults = ScoringSettings.of("text", reward("llama-reward"));
      ScoringSettings settings =
          new ScoringSettings(
              Settings.defaults()
                  .with(EngineSettings.DEVICE, DeviceChoice.CPU)
                  .with(EngineSettings.CACHE_MEMORY, bytes),
              "text",
              defaults.rewards());
      Iterator<InputRow> rows =
          texts.stream().map(text -> new InputRow(text, Map.of("text", text))).iterator();
      List<RowFault> faults = new ArrayList<>();
      try (RowScorer scorer = new RowScorer(settings, () -> {})) {
        scorer.score(rows).forEachRemaining(scored -> faults.add(scored.fault()));
      }
      if (bytes < each) {
        assertThat(faults)
            .hasSize(3)
            .allSatisfy(
                fault -> {
                  assertThat(fault.kind()).isEqualTo(RowFault.Kind.MEMORY);
                  assertThat(fault)
                      .hasMessageStartingWith(
                          "Cannot score with reward good: Cannot score a text of ")
                      .hasMessageEndingWith("Raise models.cache-memory.");
                });
      } else {
        assertThat(faults).hasSize(3).containsOnlyNulls();
      }
    }
  }

  @Test
  void whatTheModelLacksIsToldWithWhatItHas() {
    RewardSpec spec =
        new RewardSpec(
            Combination.MINIMUM,
            List.of(
                of("a", "type", "classifier", "model", model("bert-two"), "label", "none such"),
                of("b", "type", "classifier", "model", model("llama-reward"), "label", "x"),
                of("c", "type", "reward-model", "model", model("bert-two")),
                of("d", "type", "classifier", "model", model("bert-two"), "text", "{output"),
                of("e", "type", "reward-model", "model", model("llama-reward"), "text", "{topic}"),
                of("f", "type", "classifier", "model", "/no/such/model", "label", "x")));
    assertThatThrownBy(() -> decode(spec, "greedy", 1))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("rewards.a.label = none such: the model has no such class. It has ")
        .hasMessageContaining("rewards.b.model = " + model("llama-reward") + ": it has a single")
        .hasMessageContaining("rewards.c.model = " + model("bert-two") + ": it has the classes")
        .hasMessageContaining("rewards.d.label = nothing: one of label and not-label is needed")
        .hasMessageContaining("rewards.d.text = {output: Cannot read template")
        .hasMessageContaining("rewards.e.text = {topic}: it leaves out the generated text")
        .hasMessageContaining("rewards.f.type = classifier: it cannot be made: Cannot load");
  }

  private static String model(String name) {
    return CLASSIFIERS.resolve(name).toString();
  }
}
