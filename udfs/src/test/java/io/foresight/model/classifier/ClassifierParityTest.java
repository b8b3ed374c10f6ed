package io.foresight.model.classifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.model.CacheBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Compares classifiers with what transformers computes, as {@code golden.json} beside each records:
 * {@code input_ids} [texts][n] and {@code logits} [texts][labels], and where it has them {@code
 * texts} with their {@code text_ids}. Walks the folder of {@code -Dparity.dir}, relative to where
 * Maven was called; {@code CausalLmParityTest} takes the causal language models there.
 */
class ClassifierParityTest {

  private static final float TOLERANCE = 1e-4f;

  /** How far the neighbours in a forward may move a logit. */
  private static final float NEIGHBOURS = 1e-5f;

  private record Golden(List<int[]> inputs, List<float[]> logits, JsonNode json) {}

  @TestFactory
  Stream<DynamicTest> everyClassifierEqualsTransformers() throws IOException {
    List<Path> folders = folders(root());
    return folders.stream().map(folder -> dynamicTest(folder.toString(), () -> compare(folder)));
  }

  private static Path root() {
    String given = System.getProperty("parity.dir");
    return given == null
        ? Path.of("src/test/resources/parity-classifiers")
        : Path.of(System.getProperty("foresight.called-from", "")).resolve(given).normalize();
  }

  private static List<Path> folders(Path root) throws IOException {
    assertThat(root).isDirectory();
    List<Path> goldens;
    try (Stream<Path> files = Files.walk(root)) {
      goldens = files.filter(file -> file.endsWith("golden.json")).sorted().toList();
    }
    assertThat(goldens).as("golden.json below %s", root.toAbsolutePath()).isNotEmpty();
    List<Path> folders = new ArrayList<>();
    for (Path golden : goldens) {
      if (!new ObjectMapper().readTree(golden.toFile()).has("greedy")) {
        folders.add(golden.getParent());
      }
    }
    return folders;
  }

  private static void compare(Path folder) throws IOException {
    Golden golden = golden(folder);
    try (SequenceClassifier classifier = SequenceClassifier.load(folder, Device.cpu())) {
      float[][] alone = new float[golden.inputs().size()][];
      for (int i = 0; i < alone.length; i++) {
        alone[i] = classifier.logits(List.of(golden.inputs().get(i)))[0];
        assertClose("alone", alone[i], golden.logits().get(i), i, TOLERANCE);
      }
      together(classifier, golden, alone);
      inOneForward(classifier, golden, alone);
      encoded(classifier, golden);
    }
  }

  /** In any order, some several times and some not at all, so that all kinds of batches form. */
  private static void together(SequenceClassifier classifier, Golden golden, float[][] alone) {
    Random random = new Random(1);
    for (int round = 0; round < 6; round++) {
      List<Integer> rows = new ArrayList<>();
      IntStream.range(0, 1 + random.nextInt(60))
          .forEach(i -> rows.add(random.nextInt(golden.inputs().size())));
      float[][] logits = classifier.logits(rows.stream().map(golden.inputs()::get).toList());
      for (int i = 0; i < logits.length; i++) {
        int row = rows.get(i);
        assertClose("together", logits[i], golden.logits().get(row), row, TOLERANCE);
        assertClose("with neighbours", logits[i], alone[row], row, NEIGHBOURS);
      }
    }
  }

  /** The shortest padded to the longest, which batches of similar length avoid. */
  private static void inOneForward(SequenceClassifier classifier, Golden golden, float[][] alone) {
    List<Integer> rows =
        new ArrayList<>(IntStream.range(0, golden.inputs().size()).boxed().toList());
    Collections.shuffle(rows, new Random(2));
    float[][] logits =
        classifier
            .network()
            .logits(
                rows.stream().map(golden.inputs()::get).toList(), new CacheBudget(Long.MAX_VALUE));
    for (int i = 0; i < logits.length; i++) {
      assertClose("padded", logits[i], alone[rows.get(i)], rows.get(i), NEIGHBOURS);
    }
  }

  private static void encoded(SequenceClassifier classifier, Golden golden) {
    JsonNode texts = golden.json().path("texts");
    for (int i = 0; i < texts.size(); i++) {
      String text = texts.get(i).textValue();
      assertThat(classifier.encode(text))
          .as("ids of \"%s\"", text)
          .isEqualTo(ints(golden.json().get("text_ids").get(i)));
    }
  }

  private static void assertClose(
      String how, float[] logits, float[] wanted, int row, float tolerance) {
    assertThat(logits).as("%s: labels of row %d", how, row).hasSameSizeAs(wanted);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(Math.abs(logits[i] - wanted[i]))
          .as("%s: row %d, label %d: %f for %f", how, row, i, logits[i], wanted[i])
          .isLessThan(tolerance);
    }
  }

  private static Golden golden(Path folder) throws IOException {
    JsonNode json = new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
    List<int[]> inputs = new ArrayList<>();
    List<float[]> logits = new ArrayList<>();
    json.get("input_ids").forEach(row -> inputs.add(ints(row)));
    for (JsonNode row : json.get("logits")) {
      float[] values = new float[row.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = row.get(i).floatValue();
      }
      logits.add(values);
    }
    return new Golden(inputs, logits, json);
  }

  private static int[] ints(JsonNode array) {
    return IntStream.range(0, array.size()).map(i -> array.get(i).intValue()).toArray();
  }
}
