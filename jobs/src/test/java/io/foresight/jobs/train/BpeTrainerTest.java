package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.model.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTrainerTest {

  @Test
  void mostFrequentPairMergesFirstAndLowerIdsBreakTies() throws IOException {
    JsonNode model =
        new ObjectMapper().readTree(BpeTrainer.train(List.of("ab ab ab b"), 259 + 2)).get("model");
    assertThat(model.get("merges").toString())
        .isEqualTo("[[\"\u0120\",\"a\"],[\"\u0120a\",\"b\"]]");
    assertThat(model.get("vocab").get("\u0120ab").intValue()).isEqualTo(260);
  }

  @Test
  void anyTextComesBack(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("tokenizer.json"), BpeTrainer.train(List.of("the cat sat on the mat"), 300));
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      for (String text : List.of("the cat", "Zebra, caf\u00e9 \u4f60\u597d 12!", "don't")) {
        int[] ids = tokenizer.encode(text);
        assertThat(ids[0]).as("BOS").isEqualTo(1);
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
      }
      assertThat(tokenizer.encode("the")).hasSize(2);
    }
  }
}
