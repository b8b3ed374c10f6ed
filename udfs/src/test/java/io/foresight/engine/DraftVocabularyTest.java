package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.model.LinearModel;
import io.foresight.model.text.ModelException;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A draft whose ids are other tokens than the target's is refused, by whichever way it comes. */
class DraftVocabularyTest {

  private static final Path TARGET = Path.of("../examples/target");
  private static final int VOCABULARY = 4096;

  @TempDir Path folder;

  @AfterAll
  static void free() {
    ModelCache.closeIdle();
  }

  private RowDecoder decoder(Path draft) {
    return new RowDecoder(
        GenerationSettings.of(TARGET.toString(), draft.toString())
            .with(EngineSettings.DEVICE, DeviceChoice.CPU)
            .with(Settings.defaults().with(STRATEGY, "speculative")));
  }

  @ParameterizedTest
  @ValueSource(ints = {VOCABULARY - 1, VOCABULARY + 1})
  void aDraftWithOtherIdsIsRefused(int vocabulary) throws IOException {
    LinearModel.write(folder, vocabulary, id -> id == vocabulary - 1 ? 2 : 1);
    assertThatThrownBy(() -> decoder(folder))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("Cannot draft with " + folder)
        .hasMessageContaining("it has %d token ids".formatted(vocabulary))
        .hasMessageContaining("has 4096. Use a draft with the target's tokenizer.");
  }

  @Test
  void aDraftWithOtherTokensIsRefused() throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> 1);
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode json = (ObjectNode) mapper.readTree(TARGET.resolve("tokenizer.json").toFile());
    ObjectNode ids = (ObjectNode) json.path("model").path("vocab");
    int dog = ids.path("Ġdog").intValue();
    ids.set("Ġdog", ids.path("Ġpark"));
    ids.put("Ġpark", dog);
    mapper.writeValue(folder.resolve("tokenizer.json").toFile(), json);
    assertThatThrownBy(() -> decoder(folder))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("Cannot draft with " + folder)
        .hasMessageContaining("its tokenizer is not the target's");
  }

  /** A draft needs no tokenizer, since the target's makes the ids. */
  @Test
  void aDraftWithoutATokenizerIsTaken() throws IOException {
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Path.of("../examples/draft").resolve(file), folder.resolve(file));
    }
    try (RowDecoder decoder = decoder(folder)) {
      Map<String, Object> values = Map.of("id", "r", "concepts", List.of("dog", "run"));
      RowResult result = decoder.decode(new InputRow("r", values));
      assertThat(result.error()).isNull();
      assertThat(result.counters().accepted()).isPositive();
    }
  }
}
