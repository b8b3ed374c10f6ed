package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.Strategies;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import scala.collection.JavaConverters;

/** Rows that the caches' memory has room for are decoded, however tight it is. */
class CacheMemoryTest {

  private static final StructType SCHEMA =
      new StructType()
          .add("id", DataTypes.StringType)
          .add("prompt", DataTypes.StringType)
          .add("concepts", DataTypes.createArrayType(DataTypes.StringType));

  private static InputRow row(int id, int words) {
    Object concepts = JavaConverters.asScalaBuffer(List.<Object>of("dog", "park")).toSeq();
    String prompt = "dog park ".repeat(words / 2) + "=";
    Row row = new GenericRowWithSchema(new Object[] {String.valueOf(id), prompt, concepts}, SCHEMA);
    return Rows.input(String.valueOf(id), row);
  }

  private static List<String> statuses(String strategy, long cacheBytes, List<InputRow> rows) {
    return run(strategy, cacheBytes, rows).statuses();
  }

  /** What became of the rows, and p's forwards. */
  private record Run(List<String> statuses, long forwards) {}

  private static Run run(String strategy, long cacheBytes, List<InputRow> rows) {
    return run(strategy, cacheBytes, rows, 8);
  }

  private static Run run(String strategy, long cacheBytes, List<InputRow> rows, int maxNewTokens) {
    GenerationSettings settings =
        GenerationSettings.of("../examples/target", "../examples/draft")
            .with(EngineSettings.BATCH, 8)
            .with(EngineSettings.CACHE_MEMORY, cacheBytes)
            .withPrompt(PromptTemplate.column("prompt"))
            .with(Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, maxNewTokens));
    List<String> statuses = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(settings)) {
      decoder
          .decode(rows.iterator())
          .forEachRemaining(
              decoded ->
                  statuses.add(
                      decoded.result().status().equals("error")
                          ? decoded.result().error()
                          : "decoded"));
      return new Run(statuses, decoder.spent().target().forwards());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"greedy", "cdlh", "cdsl", "cdlh-speculative", "cdsl-tree"})
  void aTightCacheMeansFewerRowsAtATimeAndNoError(String strategy) {
    assertThat(Strategies.names()).contains(strategy);
    List<InputRow> rows =
        IntStream.range(0, 10).mapToObj(i -> row(i, i == 6 ? 120 : i % 4 == 3 ? 60 : 8)).toList();
    long tokenBytes = 8 * 2 * 256 * 4;
    // From hardly room for the longest row alone to room for several.
    for (long sequences : new long[] {60, 200}) {
      assertThat(statuses(strategy, 2 * sequences * 192 * tokenBytes, rows))
          .as("%d sequences", sequences)
          .containsOnly("decoded");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cdlh", "cdsl"})
  void aRowThatDoesNotFitAloneFailsAloneAndSaysWhy(String strategy) {
    List<InputRow> rows = List.of(row(1, 8), row(2, 150), row(3, 8));
    long tokenBytes = 8 * 2 * 256 * 4;
    List<String> statuses = statuses(strategy, 2 * 8 * 128 * tokenBytes, rows);
    assertThat(statuses.get(0)).isEqualTo("decoded");
    assertThat(statuses.get(1))
        .startsWith("Cannot decode a prompt of ")
        .endsWith("Raise models.cache-memory.");
    assertThat(statuses.get(2)).isEqualTo("decoded");
  }

  @ParameterizedTest
  @ValueSource(ints = {150, 500})
  void aRowThatFailsForItsLengthDoesNotKeepTheOthersApart(int words) {
    // Room for four short rows, but not for one of 150 words; 500 are beyond the context.
    long bytes = 2 * (5 * 64 + 1) * (8L * 2 * 256 * 4);
    List<InputRow> short16 = IntStream.range(0, 16).mapToObj(i -> row(i, 8)).toList();
    List<InputRow> withLong = new ArrayList<>(short16);
    withLong.add(0, row(99, words));
    Run without = run("greedy", bytes, short16);
    Run with = run("greedy", bytes, withLong);
    assertThat(with.statuses().get(0)).startsWith("Cannot decode a prompt of ");
    assertThat(with.statuses().subList(1, 17)).containsOnly("decoded");
    // One by one it would be nearly four times as many.
    assertThat(with.forwards()).isLessThan(2 * without.forwards());
  }

  /** A limit that no row comes to for want of context is no reason to plan for it. */
  @Test
  void whatTheContextDoesNotHoldTakesNoMemory() {
    List<InputRow> rows = List.of(row(1, 8), row(2, 8));
    long tokenBytes = 8 * 2 * 256 * 4;
    assertThat(run("cdsl-tree", 2 * 200 * 192 * tokenBytes, rows, 1_000_000).statuses())
        .containsOnly("decoded");
  }
}
