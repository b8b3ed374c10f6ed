package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.Strategies;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import scala.collection.JavaConverters;

/**
 * The example pair with a draft whose context holds less than most texts, and than some prompts.
 */
class DraftContextTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final int CONTEXT = 12;
  private static final List<List<String>> CONCEPTS =
      List.of(
          List.of("dog", "grass", "sleep"),
          List.of("train", "valley", "enter"),
          List.of("farmer", "barn", "rest"),
          List.of("man", "dog", "park", "bench", "tree", "ball", "child", "road", "sun", "shoe"));
  private static final StructType SCHEMA =
      new StructType().add("concepts", DataTypes.createArrayType(DataTypes.StringType));

  @TempDir static Path draft;

  @BeforeAll
  static void shorten() throws IOException {
    try (Stream<Path> files = Files.list(EXAMPLES.resolve("draft"))) {
      for (Path file : files.toList()) {
        Files.copy(file, draft.resolve(file.getFileName()));
      }
    }
    ObjectMapper json = new ObjectMapper();
    Path config = draft.resolve("config.json");
    ObjectNode changed = (ObjectNode) json.readTree(config.toFile());
    json.writeValue(config.toFile(), changed.put("max_position_embeddings", CONTEXT));
  }

  @AfterAll
  static void free() {
    ModelCache.closeIdle();
  }

  static Stream<String> drafting() {
    return Strategies.names().stream().filter(name -> Strategies.of(settings(name)).usesDraft());
  }

  private static Settings settings(String strategy) {
    return Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, 20);
  }

  private static List<RowResult> decode(Settings decoding) {
    GenerationSettings settings =
        GenerationSettings.of(EXAMPLES.resolve("target").toString(), draft.toString())
            .with(EngineSettings.DEVICE, DeviceChoice.CPU)
            .with(decoding);
    try (RowDecoder decoder = new RowDecoder(settings)) {
      return CONCEPTS.stream()
          .map(concepts -> decoder.decode(Rows.input(concepts.toString(), row(concepts))))
          .toList();
    }
  }

  private static Row row(List<String> concepts) {
    Object[] values = {JavaConverters.asScalaBuffer(concepts).toSeq()};
    return new GenericRowWithSchema(values, SCHEMA);
  }

  @ParameterizedTest
  @MethodSource("drafting")
  void noStrategysRowsAreLimitedByTheDraft(String strategy) {
    List<RowResult> results = decode(settings(strategy));
    assertThat(results).extracting(RowResult::error).containsOnlyNulls();
    assertThat(results)
        .extracting(result -> result.counters().beyondDraftContext())
        .anyMatch(beyond -> beyond > 0);
    if (strategy.equals("speculative")) {
      assertThat(results)
          .extracting(RowResult::output)
          .isEqualTo(decode(settings("greedy")).stream().map(RowResult::output).toList());
    }
  }
}
