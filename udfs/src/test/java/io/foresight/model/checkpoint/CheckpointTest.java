package io.foresight.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointTest {

  private static final Path PARITY = Path.of("src/test/resources/parity");

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "model.pt; model.pt is a TorchScript model or a pickle. Nothing outside such a model can roll its cache back",
        "pytorch_model-00001-of-00002.bin; pytorch_model-00001-of-00002.bin is a pickle, which may run code when it is read.",
        "model.gguf; model.gguf is a GGUF file",
        "readme.txt; it has no config.json."
      })
  void whatOtherProgramsSaveIsRefusedWithTheReason(String file, String reason, @TempDir Path folder)
      throws IOException {
    Files.createFile(folder.resolve(file));
    assertThatThrownBy(() -> Checkpoint.inspect(folder))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("Cannot load model " + folder + ": " + reason);
  }

  @Test
  void aFileIsNoFolder(@TempDir Path folder) throws IOException {
    Path script = Files.createFile(folder.resolve("model.pt"));
    assertThatThrownBy(() -> Checkpoint.inspect(script))
        .hasMessageContaining("model.pt is a TorchScript model");
    Path weights = Files.createFile(folder.resolve("model.safetensors"));
    assertThatThrownBy(() -> Checkpoint.inspect(weights)).hasMessageContaining("it is a file.");
  }

  @Test
  void aTiedModelHasItsEmbeddingTwiceInMemoryAndOnceInItsFile() {
    Checkpoint checkpoint = Checkpoint.inspect(PARITY.resolve("qwen3-bf16"));
    long embedding = 101 * 24;
    long norms = 2 * (24 + 24 + 8 + 8) + 24;
    long matrices = 2 * (24 * (32 + 16 + 16) + 32 * 24 + 3 * 24 * 40);
    long tables = 2 * 4 * 64 * 8;
    assertThat(checkpoint.parameters()).isEqualTo(embedding + norms + matrices);
    assertThat(checkpoint.multipliedWeights()).isEqualTo(embedding + norms + matrices);
    assertThat(checkpoint.weightBytes(Precision.FP32))
        .isEqualTo(4 * (2 * embedding + norms + matrices) + tables);
    assertThat(checkpoint.weightBytes(Precision.INT8))
        .isEqualTo(embedding + matrices + 4 * (embedding + norms) + tables);
    assertThat(checkpoint.cacheBytes(Precision.BF16, 3, 10)).isEqualTo(3 * 10 * 2 * 2 * 2 * 8 * 2);
    assertThat(checkpoint.storedAs()).isEqualTo(Set.of("BF16"));
  }

  @Test
  void anEmbeddingThatIsNoHeadIsNotMultiplied() {
    Checkpoint checkpoint = Checkpoint.inspect(PARITY.resolve("llama"));
    assertThat(checkpoint.parameters() - checkpoint.multipliedWeights()).isEqualTo(256 * 32);
  }

  @Test
  void anExpertThatIsNotChosenIsNotMultiplied() {
    Checkpoint checkpoint = Checkpoint.inspect(PARITY.resolve("mixtral"));
    long idle = 2 * 2 * 3 * 24 * 32;
    assertThat(checkpoint.parameters() - checkpoint.multipliedWeights()).isEqualTo(101 * 32 + idle);
  }

  @Test
  void aNormThatAttentionAndMlpShareCountsOnce() {
    Checkpoint checkpoint = Checkpoint.inspect(PARITY.resolve("cohere"));
    long norms = (2 + 1) * 32;
    long matrices = 2 * (32 * (32 + 16 + 16) + 32 * 32 + 3 * 32 * 40);
    assertThat(checkpoint.parameters()).isEqualTo(101 * 32 + norms + matrices);
  }
}
