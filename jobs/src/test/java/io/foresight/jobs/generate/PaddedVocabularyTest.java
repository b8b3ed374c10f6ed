package io.foresight.jobs.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.Strategies;
import io.foresight.jobs.JobRun;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A target and a draft with one tokenizer and embeddings that are padded to different sizes. */
class PaddedVocabularyTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path temporary;

  private static Path target;
  private static Path draft;

  @BeforeAll
  static void pad() throws IOException {
    target = padded("target", 130);
    draft = padded("draft", 24);
  }

  /**
   * An example with further rows in its embedding, which is its head too. They are the rows of
   * tokens, four times as long: wherever such a token scores well, its row scores better.
   */
  private static Path padded(String name, int rows) throws IOException {
    Path from = EXAMPLES.resolve(name);
    Path folder = Files.createDirectory(temporary.resolve(name));
    Files.copy(from.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    ObjectNode config = (ObjectNode) JSON.readTree(from.resolve("config.json").toFile());
    config.put("vocab_size", config.get("vocab_size").intValue() + rows);
    Files.writeString(folder.resolve("config.json"), config.toPrettyString());
    byte[] file = Files.readAllBytes(from.resolve("model.safetensors"));
    int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    ObjectNode header = (ObjectNode) JSON.readTree(Arrays.copyOfRange(file, 8, 8 + length));
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (String tensor : tensors(header)) {
      ObjectNode entry = (ObjectNode) header.get(tensor);
      JsonNode offsets = entry.get("data_offsets");
      byte[] bytes =
          Arrays.copyOfRange(
              file, 8 + length + offsets.get(0).intValue(), 8 + length + offsets.get(1).intValue());
      int start = data.size();
      data.write(bytes);
      if (tensor.equals("model.embed_tokens.weight")) {
        assertThat(entry.get("dtype").asText()).isEqualTo("BF16");
        int stored = entry.get("shape").get(0).intValue();
        entry.putArray("shape").add(stored + rows).add(config.get("hidden_size").intValue());
        data.write(fourfold(bytes, bytes.length / stored * rows));
      }
      entry.putArray("data_offsets").add(start).add(data.size());
    }
    String text = header.toString();
    byte[] written =
        (text + " ".repeat((8 - text.length() % 8) % 8)).getBytes(StandardCharsets.UTF_8);
    Files.write(
        folder.resolve("model.safetensors"),
        ByteBuffer.allocate(8 + written.length + data.size())
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(written.length)
            .put(written)
            .put(data.toByteArray())
            .array());
    return folder;
  }

  private static List<String> tensors(ObjectNode header) {
    List<String> names = new ArrayList<>();
    header.fieldNames().forEachRemaining(names::add);
    names.remove("__metadata__");
    return names;
  }

  /** The last bytes, as bf16 times 4: its exponent begins at bit 7. */
  private static byte[] fourfold(byte[] bytes, int count) {
    byte[] last = Arrays.copyOfRange(bytes, bytes.length - count, bytes.length);
    for (int i = 1; i < count; i += 2) {
      if ((last[i] & 0x7f) != 0) {
        last[i]++;
      }
    }
    return last;
  }

  private static JsonNode benchmark(Path ofTarget, Path ofDraft) throws IOException {
    Path json = Files.createTempFile(temporary, "figures", ".json");
    JobRun.of(
            "benchmark",
            "--set",
            "models.target=" + ofTarget,
            "--set",
            "models.draft=" + ofDraft,
            "--set",
            "decoding.max-new-tokens=12",
            "--input",
            EXAMPLES.resolve("prompts.jsonl").toString(),
            "--rows",
            "4",
            "--batch",
            "2",
            "--rounds",
            "1",
            "--json",
            json.toString())
        .succeeded();
    return JSON.readTree(json.toFile());
  }

  @Test
  void everyStrategySaysWhatItSaysWithoutPadding() throws IOException {
    JsonNode padded = benchmark(target, draft);
    JsonNode plain = benchmark(EXAMPLES.resolve("target"), EXAMPLES.resolve("draft"));
    assertThat(plain.findValuesAsText("strategy")).isEqualTo(List.copyOf(Strategies.names()));
    assertThat(padded.findValuesAsText("output_digest"))
        .isEqualTo(plain.findValuesAsText("output_digest"));
    assertThat(padded.findValuesAsText("acceptance_rate"))
        .isEqualTo(plain.findValuesAsText("acceptance_rate"));
  }

  @Test
  void inspectSaysHowManyRowsArePadding() {
    JobRun run = JobRun.of("inspect", draft.toString(), "--draft-for", target.toString());
    assertThat(run.succeeded().out())
        .contains("Vocabulary  4,096 ids, padded to 4,120 rows; a text ends with [2]")
        .contains("It can draft for " + target);
  }
}
