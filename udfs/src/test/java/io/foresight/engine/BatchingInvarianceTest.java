package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.SPECULATE_LOOKAHEAD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.Counters;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Strategies;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import scala.collection.JavaConverters;

/**
 * Invariant 7 on the models that the project ships: a row's result does not depend on how many rows
 * are decoded at a time, in which order, and beside which. More rows by {@code
 * -Dforesight.invariant-rows}.
 */
class BatchingInvarianceTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final int ROWS = Integer.getInteger("foresight.invariant-rows", 10);
  private static final StructType SCHEMA =
      new StructType().add("concepts", DataTypes.createArrayType(DataTypes.StringType));

  private static final List<InputRow> INPUT = new ArrayList<>();

  @BeforeAll
  static void read() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<String> lines = Files.readAllLines(EXAMPLES.resolve("prompts.jsonl"));
    for (int i = 0; i < ROWS; i++) {
      JsonNode json = mapper.readTree(lines.get(i * lines.size() / ROWS));
      List<String> concepts = new ArrayList<>();
      json.get("concepts").forEach(concept -> concepts.add(concept.asText()));
      Object[] values = {JavaConverters.asScalaBuffer(concepts).toSeq()};
      Row row = new GenericRowWithSchema(values, SCHEMA);
      INPUT.add(Rows.input(json.get("id").asText(), row));
    }
  }

  @AfterAll
  static void free() {
    ModelCache.closeIdle();
  }

  private static Settings settings(String strategy) {
    return Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, 16);
  }

  /** Every strategy, and settings that lead through other code. */
  static List<Settings> variants() {
    List<Settings> variants = new ArrayList<>();
    Strategies.names().forEach(name -> variants.add(settings(name)));
    variants.add(settings("speculative").with(VERIFICATION, Verification.SAMPLING));
    for (String name : List.of("speculative", "cdsl", "cdsl-tree")) {
      variants.add(settings(name).with(VERIFICATION, Verification.COUPLED));
    }
    variants.add(settings("sample").with(TEMPERATURE, 0.8).with(TOP_K, 20).with(TOP_P, 0.9));
    variants.add(
        settings("cdsl")
            .with(REWARD_MODE, RewardMode.GAIN)
            .with(S3_LOOKAHEAD, Roller.TARGET)
            .with(SPECULATE_LOOKAHEAD, false));
    variants.add(settings("cdsl-tree").with(REWARD_MODE, RewardMode.GAIN).with(CANDIDATES, 20));
    return variants;
  }

  private static Map<String, RowResult> decode(Settings decoding, int batch, List<InputRow> rows) {
    GenerationSettings settings =
        GenerationSettings.of(
                EXAMPLES.resolve("target").toString(), EXAMPLES.resolve("draft").toString())
            .with(EngineSettings.DEVICE, DeviceChoice.CPU)
            .with(EngineSettings.BATCH, batch)
            .with(decoding);
    Map<String, RowResult> results = new LinkedHashMap<>();
    try (RowDecoder decoder = new RowDecoder(settings)) {
      Iterator<RowDecoder.Decoded> decoded = decoder.decode(rows.iterator());
      for (InputRow named : rows) {
        RowDecoder.Decoded next = decoded.next();
        assertThat(next.row()).isSameAs(named);
        results.put(named.id(), next.result());
      }
      assertThat(decoded.hasNext()).isFalse();
    }
    return results;
  }

  private static void assertSame(
      String how, Map<String, RowResult> results, Map<String, RowResult> wanted) {
    assertThat(results).hasSameSizeAs(wanted);
    wanted.forEach(
        (id, one) -> {
          RowResult other = results.get(id);
          String what = "row " + id + " " + how;
          assertThat(other.error()).as(what).isNull();
          assertThat(other.output()).as(what).isEqualTo(one.output());
          assertThat(other.tokens()).as(what).isEqualTo(one.tokens());
          assertThat(other.status()).as(what).isEqualTo(one.status());
          assertThat(other.satisfied()).as(what).isEqualTo(one.satisfied());
          assertThat(other.reward()).as(what).isEqualTo(one.reward());
          assertThat(other.scores()).as(what).isEqualTo(one.scores());
          assertThat(other.logProb()).as(what).isCloseTo(one.logProb(), within(1e-4));
        });
  }

  private static Map<String, Object> counters(Counters counters) {
    Map<String, Object> values = new HashMap<>();
    for (RecordComponent component : Counters.class.getRecordComponents()) {
      try {
        values.put(component.getName(), component.getAccessor().invoke(counters));
      } catch (ReflectiveOperationException e) {
        throw new LinkageError(e.getMessage(), e);
      }
    }
    return values;
  }

  @ParameterizedTest
  @MethodSource("variants")
  void aRowsResultDependsOnTheRowAlone(Settings decoding) {
    Map<String, RowResult> alone = decode(decoding, 1, INPUT);
    assertThat(alone.values())
        .allSatisfy(
            result -> {
              assertThat(result.error()).isNull();
              assertThat(result.counters().committed()).isEqualTo((long) result.tokens());
            });
    Map<String, RowResult> all = decode(decoding, ROWS, INPUT);
    assertSame("of all", all, alone);
    List<InputRow> shuffled = new ArrayList<>(INPUT);
    Collections.shuffle(shuffled, new Random(1));
    assertSame("of 5, shuffled", decode(decoding, 5, shuffled), alone);
    List<InputRow> few = INPUT.subList(3, 6);
    Map<String, RowResult> wanted = new HashMap<>(alone);
    wanted.keySet().retainAll(few.stream().map(InputRow::id).toList());
    Map<String, RowResult> some = decode(decoding, ROWS, few);
    assertSame("of few", some, wanted);
    // How far a draft goes is by what rows share a forward, but not by which they are.
    some.forEach(
        (id, result) ->
            assertThat(counters(result.counters())).isEqualTo(counters(all.get(id).counters())));
  }
}
