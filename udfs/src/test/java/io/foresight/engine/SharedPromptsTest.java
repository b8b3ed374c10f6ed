package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Strategies;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.model.cost.ForwardStats;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import scala.collection.JavaConverters;

/**
 * Rows whose prompts begin with the same examples: what they give does not tell what was shared.
 */
class SharedPromptsTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final int ROWS = 8;
  private static final StructType SCHEMA =
      new StructType().add("concepts", DataTypes.createArrayType(DataTypes.StringType));

  /** About 300 tokens. */
  private static final String SHOTS =
      """
      dog park run = A dog is running in the park.
      boat lake = A man is in a boat on the lake.
      child ball throw = The child throws a ball to a friend.
      horse field = A horse is standing in a field.
      """
          .repeat(6);

  @TempDir private static Path temporary;

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
    // Positions are rotated, so that a longer context is one number.
    for (String model : List.of("target", "draft")) {
      Path folder = Files.createDirectory(temporary.resolve(model));
      for (String file : List.of("model.safetensors", "tokenizer.json")) {
        Files.copy(EXAMPLES.resolve(model).resolve(file), folder.resolve(file));
      }
      Path config = EXAMPLES.resolve(model).resolve("config.json");
      ObjectNode json = (ObjectNode) mapper.readTree(config.toFile());
      json.put("max_position_embeddings", 1024);
      mapper.writeValue(folder.resolve("config.json").toFile(), json);
    }
  }

  @AfterAll
  static void free() {
    ModelCache.closeIdle();
  }

  static List<Settings> variants() {
    List<Settings> variants = new ArrayList<>();
    Strategies.names().forEach(name -> variants.add(Settings.defaults().with(STRATEGY, name)));
    variants.add(
        Settings.defaults().with(STRATEGY, "cdsl").with(VERIFICATION, Verification.COUPLED));
    return variants;
  }

  /** What rows gave, and the tokens that they shared. */
  private record Run(List<RowResult> results, ForwardStats target) {

    long shared() {
      return target.shared();
    }
  }

  private static Run run(Settings decoding, boolean share, int batch) {
    return run(decoding, share, batch, 1024);
  }

  private static Run run(Settings decoding, boolean share, int batch, int mebibytes) {
    GenerationSettings settings =
        GenerationSettings.of(
                temporary.resolve("target").toString(), temporary.resolve("draft").toString())
            .with(EngineSettings.DEVICE, DeviceChoice.CPU)
            .with(EngineSettings.BATCH, batch)
            .with(EngineSettings.SHARE_PROMPTS, share)
            .with(EngineSettings.CACHE_MEMORY, mebibytes * 1024L * 1024)
            .withPrompt(new PromptTemplate(SHOTS + "{concepts} ="))
            .with(decoding.with(MAX_NEW_TOKENS, 12).with(EngineSettings.SHARE_PROMPTS, share));
    List<RowResult> results = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(settings)) {
      decoder.decode(INPUT.iterator()).forEachRemaining(decoded -> results.add(decoded.result()));
      return new Run(results, decoder.spent().target());
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void rowsGiveTheSameWithAndWithout(Settings decoding) {
    Run apart = run(decoding, false, ROWS);
    assertThat(apart.shared()).isZero();
    for (int batch : new int[] {1, 5, ROWS}) {
      Run sharing = run(decoding, true, batch);
      // The first row alone knows of nobody.
      assertThat(sharing.shared()).isGreaterThan((ROWS - 1) * 200L);
      for (int i = 0; i < ROWS; i++) {
        RowResult wanted = apart.results.get(i);
        RowResult result = sharing.results.get(i);
        String what = "row %d of %d at a time".formatted(i, batch);
        assertThat(result.error()).as(what).isNull();
        assertThat(result.output()).as(what).isEqualTo(wanted.output());
        assertThat(result.tokens()).as(what).isEqualTo(wanted.tokens());
        assertThat(result.status()).as(what).isEqualTo(wanted.status());
        assertThat(result.reward()).as(what).isEqualTo(wanted.reward());
        assertThat(result.logProb()).as(what).isCloseTo(wanted.logProb(), within(1e-4));
      }
    }
  }

  /** Memory for one row's whole text is memory for many rows' own parts. */
  @ParameterizedTest
  @ValueSource(strings = {"greedy", "cdsl"})
  void moreRowsFitWhereTheyShare(String strategy) {
    Settings decoding = Settings.defaults().with(STRATEGY, strategy);
    int tight = strategy.equals("greedy") ? 30 : 110;
    Run apart = run(decoding, false, ROWS, tight);
    Run sharing = run(decoding, true, ROWS, tight);
    assertThat(sharing.results.stream().map(RowResult::output))
        .isEqualTo(apart.results.stream().map(RowResult::output).toList());
    assertThat(apart.results).noneMatch(result -> result.status().equals("error"));
    assertThat(sharing.target.forwards()).isLessThan(apart.target.forwards() * 2 / 3);
  }
}
