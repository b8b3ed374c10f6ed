package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.Ask;
import io.foresight.decoding.Extension;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Compares checkpoints with what transformers computes, as {@code golden.json} beside each records:
 * {@code input_ids} [rows][n], {@code logits} [rows][n][vocabulary] and {@code greedy} [rows][any
 * number of] ids. Walks the folder of {@code -Dparity.dir}, relative to where Maven was called.
 */
class CausalLmParityTest {

  private static final float TOLERANCE = 1e-4f;

  private record Golden(List<int[]> inputs, List<float[][]> logProbs, List<int[]> greedy) {}

  @TestFactory
  Stream<DynamicTest> everyCheckpointEqualsTransformers() throws IOException {
    Path root = root();
    assertThat(root).isDirectory();
    List<Path> folders;
    try (Stream<Path> files = Files.walk(root)) {
      folders = files.filter(f -> f.endsWith("golden.json")).map(Path::getParent).sorted().toList();
    }
    assertThat(folders).as("folders with golden.json below %s", root.toAbsolutePath()).isNotEmpty();
    return folders.stream().map(folder -> dynamicTest(folder.toString(), () -> compare(folder)));
  }

  private static Path root() {
    String given = System.getProperty("parity.dir");
    return given == null
        ? Path.of("src/test/resources/parity")
        : Path.of(System.getProperty("foresight.called-from", "")).resolve(given).normalize();
  }

  private static void compare(Path folder) throws IOException {
    Golden golden = golden(folder);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession()) {
      for (int row = 0; row < golden.inputs().size(); row++) {
        alone(session, golden, row);
        greedily(session, golden, row);
        withRollback(session, golden, row);
        throughFork(session, golden, row);
        throughTree(session, golden, row);
      }
      raggedTogether(session, golden);
    }
  }

  private static void alone(ModelSession session, Golden golden, int row) {
    try (Sequence sequence = session.open()) {
      Scores scores = session.extend(Extension.of(sequence, golden.inputs().get(row), Ask.rows(0)));
      assertSame("alone", scores.rows(), golden, row, 0);
    }
  }

  private static void greedily(ModelSession session, Golden golden, int row) {
    int[] wanted = golden.greedy().get(row);
    int[] ids = new int[wanted.length];
    try (Sequence sequence = session.open()) {
      int[] next = golden.inputs().get(row);
      for (int i = 0; i < ids.length; i++) {
        Scores scores = session.extend(Extension.of(sequence, next, Ask.argmax(next.length - 1)));
        ids[i] = scores.argmax()[0];
        next = new int[] {ids[i]};
      }
    }
    assertThat(ids).as("greedy ids of row %d", row).isEqualTo(wanted);
  }

  /** Every prefix is followed by wrong tokens, which are rolled back. */
  private static void withRollback(ModelSession session, Golden golden, int row) {
    int[] ids = golden.inputs().get(row);
    try (Sequence sequence = session.open()) {
      for (int i = 0; i < ids.length; i++) {
        Scores scores = session.extend(Extension.of(sequence, new int[] {ids[i]}, Ask.rows(0)));
        assertSame("with rollback", scores.rows(), golden, row, i);
        session.extend(
            Extension.of(
                sequence, new int[] {(ids[i] + 1) % session.vocabularySize(), 0}, Ask.NOTHING));
        sequence.truncate(i + 1);
      }
    }
  }

  private static void throughFork(ModelSession session, Golden golden, int row) {
    int[] ids = golden.inputs().get(row);
    int half = ids.length / 2;
    try (Sequence trunk = session.open()) {
      fill(session, trunk, Arrays.copyOf(ids, half));
      try (Sequence first = trunk.fork();
          Sequence second = trunk.fork()) {
        session.extend(Extension.of(first, new int[] {0, 1}, Ask.NOTHING));
        int[] rest = Arrays.copyOfRange(ids, half, ids.length);
        List<Scores> scores =
            session.extend(
                List.of(
                    Extension.of(second, rest, Ask.rows(0)),
                    Extension.of(trunk, rest, Ask.rows(0))));
        assertSame("fork", scores.get(0).rows(), golden, row, half);
        assertSame("trunk", scores.get(1).rows(), golden, row, half);
      }
    }
  }

  /**
   * The row's second half hangs in a tree, interleaved with wrong siblings; then its path is kept
   * but for the last token.
   */
  private static void throughTree(ModelSession session, Golden golden, int row) {
    int[] ids = golden.inputs().get(row);
    int half = ids.length / 2;
    int rest = ids.length - half;
    int[] tokens = new int[2 * rest];
    int[] parents = new int[2 * rest];
    int[] path = new int[rest];
    for (int i = 0; i < rest; i++) {
      tokens[2 * i] = (ids[half + i] + 1) % session.vocabularySize();
      tokens[2 * i + 1] = ids[half + i];
      parents[2 * i] = 2 * i - 1;
      parents[2 * i + 1] = 2 * i - 1;
      path[i] = 2 * i + 1;
    }
    try (Sequence sequence = session.open()) {
      fill(session, sequence, Arrays.copyOf(ids, half));
      float[][] rows =
          session.extend(Extension.tree(sequence, tokens, parents, Ask.rows(0))).rows();
      assertSame(
          "tree",
          Arrays.stream(path).mapToObj(i -> rows[i]).toArray(float[][]::new),
          golden,
          row,
          half);
      sequence.keep(Arrays.copyOf(path, rest - 1));
      assertThat(sequence.length()).isEqualTo(ids.length - 1);
      int[] last = {ids[ids.length - 1]};
      assertSame(
          "kept path",
          session.extend(Extension.of(sequence, last, Ask.rows(0))).rows(),
          golden,
          row,
          ids.length - 1);
    }
  }

  /** A row of one token has no first half. */
  private static void fill(ModelSession session, Sequence sequence, int[] ids) {
    if (ids.length > 0) {
      session.extend(Extension.of(sequence, ids, Ask.NOTHING));
    }
  }

  /** All rows grow together, each by its own number of tokens per forward. */
  private static void raggedTogether(ModelSession session, Golden golden) {
    List<Sequence> sequences = golden.inputs().stream().map(r -> session.open()).toList();
    int round = 0;
    while (true) {
      List<Extension> batch = new ArrayList<>();
      List<Integer> rows = new ArrayList<>();
      List<Integer> starts = new ArrayList<>();
      for (int row = 0; row < sequences.size(); row++) {
        int[] ids = golden.inputs().get(row);
        int start = sequences.get(row).length();
        int count = Math.min(ids.length - start, 1 + (row * 3 + round * 2) % 5);
        if (count > 0) {
          batch.add(
              Extension.of(
                  sequences.get(row), Arrays.copyOfRange(ids, start, start + count), Ask.rows(0)));
          rows.add(row);
          starts.add(start);
        }
      }
      if (batch.isEmpty()) {
        break;
      }
      List<Scores> scores = session.extend(batch);
      for (int i = 0; i < batch.size(); i++) {
        assertSame("ragged", scores.get(i).rows(), golden, rows.get(i), starts.get(i));
      }
      round++;
    }
    sequences.forEach(Sequence::close);
  }

  private static void assertSame(String how, float[][] rows, Golden golden, int row, int from) {
    for (int i = 0; i < rows.length; i++) {
      float[] wanted = golden.logProbs().get(row)[from + i];
      assertThat(rows[i]).hasSameSizeAs(wanted);
      float worst = 0;
      for (int v = 0; v < wanted.length; v++) {
        worst = Math.max(worst, Math.abs(rows[i][v] - wanted[v]));
      }
      assertThat(worst).as("%s: row %d, position %d", how, row, from + i).isLessThan(TOLERANCE);
    }
  }

  private static Golden golden(Path folder) throws IOException {
    JsonNode json = new ObjectMapper().readTree(folder.resolve("golden.json").toFile());
    List<int[]> inputs = new ArrayList<>();
    List<float[][]> logProbs = new ArrayList<>();
    List<int[]> greedy = new ArrayList<>();
    json.get("input_ids").forEach(row -> inputs.add(ints(row)));
    json.get("greedy").forEach(row -> greedy.add(ints(row)));
    for (JsonNode row : json.get("logits")) {
      float[][] positions = new float[row.size()][];
      for (int i = 0; i < positions.length; i++) {
        positions[i] = logSoftmax(row.get(i));
      }
      logProbs.add(positions);
    }
    return new Golden(inputs, logProbs, greedy);
  }

  private static int[] ints(JsonNode array) {
    int[] ints = new int[array.size()];
    for (int i = 0; i < ints.length; i++) {
      ints[i] = array.get(i).intValue();
    }
    return ints;
  }

  private static float[] logSoftmax(JsonNode logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (JsonNode logit : logits) {
      max = Math.max(max, logit.doubleValue());
    }
    double sum = 0;
    for (JsonNode logit : logits) {
      sum += Math.exp(logit.doubleValue() - max);
    }
    float[] result = new float[logits.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) (logits.get(i).doubleValue() - max - Math.log(sum));
    }
    return result;
  }
}
