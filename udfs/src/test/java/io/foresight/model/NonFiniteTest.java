package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.checkpoint.WeightFiles;
import io.foresight.model.classifier.SequenceClassifier;
import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Weights that are NaN or infinite are refused, however they are stored and loaded. */
class NonFiniteTest {

  private static final Path LLAMA = Path.of("src/test/resources/parity/llama");
  private static final Path BERT = Path.of("src/test/resources/parity-classifiers/bert");

  @TempDir Path folder;

  /** Copies a model with all its weights in a dtype, each one half. */
  private void copy(Path model, String dtype) throws IOException {
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    ObjectNode header =
        (ObjectNode)
            WeightFiles.JSON.readTree(
                WeightFiles.header(Files.readAllBytes(model.resolve("model.safetensors"))));
    header.remove("__metadata__");
    int size = dtype.equals("F32") ? 4 : 2;
    int end = 0;
    for (JsonNode tensor : header) {
      int bytes = size;
      for (JsonNode dimension : tensor.path("shape")) {
        bytes *= dimension.asInt();
      }
      ((ObjectNode) tensor).put("dtype", dtype).putArray("data_offsets").add(end).add(end + bytes);
      end += bytes;
    }
    ByteBuffer data = ByteBuffer.allocate(end).order(ByteOrder.LITTLE_ENDIAN);
    while (data.hasRemaining()) {
      if (size == 4) {
        data.putFloat(0.5f);
      } else {
        data.putShort((short) (dtype.equals("F16") ? 0x3800 : 0x3f00));
      }
    }
    write(header, data.array());
  }

  private void write(JsonNode header, byte[] data) throws IOException {
    String json = header.toString();
    Files.write(
        folder.resolve("model.safetensors"),
        WeightFiles.file(json + " ".repeat((8 - json.length() % 8) % 8), data));
  }

  /** Sets one element of a tensor to bits of its dtype. */
  private void set(String name, int index, long bits) throws IOException {
    byte[] file = Files.readAllBytes(folder.resolve("model.safetensors"));
    JsonNode header = WeightFiles.JSON.readTree(WeightFiles.header(file));
    JsonNode tensor = header.path(name);
    int size = tensor.path("dtype").asText().equals("F32") ? 4 : 2;
    byte[] data = WeightFiles.data(file);
    ByteBuffer buffer = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    int at = tensor.path("data_offsets").get(0).asInt() + size * index;
    if (size == 4) {
      buffer.putInt(at, (int) bits);
    } else {
      buffer.putShort(at, (short) bits);
    }
    write(header, data);
  }

  private String tensor(String ending) throws IOException {
    JsonNode header =
        WeightFiles.JSON.readTree(
            WeightFiles.header(Files.readAllBytes(folder.resolve("model.safetensors"))));
    return Stream.of(header.fieldNames())
        .flatMap(
            names -> {
              Stream.Builder<String> all = Stream.builder();
              names.forEachRemaining(all::add);
              return all.build();
            })
        .filter(name -> name.endsWith(ending))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({
    "F32, FP32, 0x7fc00000",
    "F32, FP32, 0x7f800000",
    "F32, FP32, 0xff800000",
    "F32, BF16, 0x7fc00001",
    "F32, INT8, 0xff800000",
    "F16, FP32, 0x7e00",
    "F16, BF16, 0xfc00",
    "BF16, FP32, 0x7fc0",
    "BF16, BF16, 0x7f80",
    "BF16, INT8, 0xff80"
  })
  void aLanguageModelNamesTheTensorTheCountAndTheFirst(
      String stored, Precision precision, String bits) throws IOException {
    copy(LLAMA, stored);
    CausalLm.load(folder, Device.cpu(), precision).close();
    for (String ending : new String[] {"embed_tokens.weight", "norm.weight", "down_proj.weight"}) {
      String name = tensor(ending);
      byte[] healthy = Files.readAllBytes(folder.resolve("model.safetensors"));
      set(name, 7, Long.decode(bits));
      set(name, 23, Long.decode(bits));
      assertThatThrownBy(() -> CausalLm.load(folder, Device.cpu(), precision))
          .isInstanceOf(ModelException.class)
          .hasMessageStartingWith("Cannot load model " + folder + ": tensor " + name + " of model")
          .hasMessageContaining("has 2 of ")
          .hasMessageContaining("values that are NaN or infinite, the first at index 7.");
      Files.write(folder.resolve("model.safetensors"), healthy);
    }
  }

  @Test
  void soDoesAClassifier() throws IOException {
    copy(BERT, "F32");
    SequenceClassifier.load(folder, Device.cpu()).close();
    String name = tensor("output.dense.weight");
    set(name, 5, 0x7fc00000L);
    assertThatThrownBy(() -> SequenceClassifier.load(folder, Device.cpu()))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("tensor " + name + " of model.safetensors has 1 of ")
        .hasMessageContaining("the first at index 5.");
  }

  @Test
  void whatAPrecisionCannotHoldIsTold() throws IOException {
    copy(LLAMA, "F32");
    set(tensor("down_proj.weight"), 3, Float.floatToIntBits(Float.MAX_VALUE));
    CausalLm.load(folder, Device.cpu(), Precision.FP32).close();
    assertThatThrownBy(() -> CausalLm.load(folder, Device.cpu(), Precision.BF16))
        .hasMessageContaining("has values too large for bf16");
  }

  @Test
  void largeFiniteWeightsAreTaken() throws IOException {
    copy(LLAMA, "F32");
    set(tensor("down_proj.weight"), 3, Float.floatToIntBits(Float.MAX_VALUE));
    set(tensor("down_proj.weight"), 4, Float.floatToIntBits(-Float.MAX_VALUE));
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32)) {
      assertThat(model.checkpoint().folder()).isEqualTo(folder);
    }
  }
}
