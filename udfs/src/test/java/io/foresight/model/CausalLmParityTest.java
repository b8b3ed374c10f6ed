package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import ai.djl.Device;
import ai.djl.pytorch.jni.JniUtils;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.Precision;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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
    List<Path> folders = folders(root());
    return folders.stream().map(folder -> dynamicTest(folder.toString(), () -> compare(folder)));
  }

  /**
   * That every family computes in the other precisions too, through a tree as well: near what fp32
   * gives, since these small models with large random weights round worse than trained ones. The
   * engine's optimizer takes longer than a forward here, and is at work in the other tests.
   */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "INT8"})
  void everyFamilyComputesInOtherPrecisions(Precision precision) throws IOException {
    JniUtils.setGraphExecutorOptimize(false);
    try {
      for (Path folder : folders(Path.of("src/test/resources/parity"))) {
        computes(folder, precision);
      }
    } finally {
      JniUtils.setGraphExecutorOptimize(true);
    }
  }

  private static void computes(Path folder, Precision precision) throws IOException {
    Golden golden = golden(folder);
    int[] ids = golden.inputs().get(1);
    int half = ids.length / 2;
    int[] rest = Arrays.copyOfRange(ids, half, ids.length);
    int[] chain = new int[rest.length];
    Arrays.setAll(chain, k -> k - 1);
    double difference = 0;
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision);
        ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      fill(session, sequence, Arrays.copyOf(ids, half));
      float[][] rows =
          session.extend(ForwardRequest.tree(sequence, rest, chain, LogitsRequest.rows(0))).rows();
      for (int i = 0; i < rows.length; i++) {
        float[] wanted = golden.logProbs().get(1)[half + i];
        for (int id = 0; id < wanted.length; id++) {
          difference += Math.abs(rows[i][id] - wanted[id]);
        }
      }
      difference /= rows.length * session.vocabularySize();
    }
    assertThat(difference).as("mean difference of %s", folder).isLessThan(0.05);
  }

  /** What the comparison does to rows, it does to short ones too. */
  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "3, 2", "4, 3", "5, 4"})
  void rowsMayBeOfAnyLength(int first, int second) throws IOException {
    Path folder = Path.of("src/test/resources/parity/bloom-heads");
    Golden whole = golden(folder);
    Golden cut = new Golden(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int length : new int[] {first, second}) {
      int row = cut.inputs().size();
      float[][] logProbs = Arrays.copyOf(whole.logProbs().get(row), length);
      cut.inputs().add(Arrays.copyOf(whole.inputs().get(row), length));
      cut.logProbs().add(logProbs);
      cut.greedy().add(new int[] {argmax(logProbs[length - 1])});
    }
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32)) {
      compare(model, cut);
    }
  }

  private static int argmax(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    return best;
  }

  /** Of a head of its own with a bias, of one of its own, and of one that is the embedding. */
  @ParameterizedTest
  @CsvSource({"phi, 60", "llama, 100", "gemma2, 64"})
  void rowsBeyondTheTokenizersIdsAreNotScored(String family, int ids, @TempDir Path folder)
      throws IOException {
    Path fixture = Path.of("src/test/resources/parity", family);
    for (String file : List.of("config.json", "model.safetensors", "golden.json")) {
      Files.copy(fixture.resolve(file), folder.resolve(file));
    }
    Files.writeString(
        folder.resolve("tokenizer.json"),
        "{\"model\": {\"vocab\": {\"a\": 0}}, \"added_tokens\": [{\"id\": %d, \"content\": \"b\"}]}"
            .formatted(ids - 1));
    Golden golden = golden(folder);
    int[] row = golden.inputs().get(0);
    int length = 0;
    while (length < row.length && row[length] < ids) {
      length++;
    }
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      assertThat(session.vocabularySize()).isEqualTo(ids);
      assertThat(model.checkpoint().embeddingRows()).isGreaterThan(ids);
      ForwardRequest extension =
          ForwardRequest.of(sequence, Arrays.copyOf(row, length), LogitsRequest.rows(0));
      assertSame("padded", session.extend(extension).rows(), golden, 0, 0);
    }
  }

  /** Base models are saved without the prefix that causal language models give their names. */
  @ParameterizedTest
  @CsvSource({
    "llama, model., ''",
    "llama, model., wrapper.model.",
    "gpt2, transformer., ''",
    "gpt-neox, gpt_neox., ''",
    "bloom, transformer., ''",
    "opt, model.decoder., decoder."
  })
  void namesMayHaveAnotherPrefix(String family, String prefix, String other, @TempDir Path folder)
      throws IOException {
    Path fixture = Path.of("src/test/resources/parity", family);
    byte[] file = Files.readAllBytes(fixture.resolve("model.safetensors"));
    int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] header =
        new String(file, 8, length, StandardCharsets.UTF_8)
            .replace("\"" + prefix, "\"" + other)
            .getBytes(StandardCharsets.UTF_8);
    int padded = (header.length + 7) / 8 * 8;
    ByteBuffer renamed =
        ByteBuffer.allocate(file.length + padded - length).order(ByteOrder.LITTLE_ENDIAN);
    renamed.putLong(padded).put(header);
    while (renamed.position() < 8 + padded) {
      renamed.put((byte) ' ');
    }
    renamed.put(file, 8 + length, file.length - 8 - length);
    Files.write(folder.resolve("model.safetensors"), renamed.array());
    Files.copy(fixture.resolve("config.json"), folder.resolve("config.json"));
    Golden golden = golden(fixture);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession()) {
      greedily(session, golden, 0);
    }
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
      // Those without are ClassifierParityTest's.
      if (new ObjectMapper().readTree(golden.toFile()).has("greedy")) {
        folders.add(golden.getParent());
      }
    }
    return folders;
  }

  private static Path root() {
    String given = System.getProperty("parity.dir");
    return given == null
        ? Path.of("src/test/resources/parity")
        : Path.of(System.getProperty("foresight.called-from", "")).resolve(given).normalize();
  }

  private static void compare(Path folder) throws IOException {
    Golden golden = golden(folder);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32)) {
      compare(model, golden);
    }
  }

  private static void compare(CausalLm model, Golden golden) {
    try (ModelSession session = model.newSession()) {
      for (int row = 0; row < golden.inputs().size(); row++) {
        alone(session, golden, row);
        greedily(session, golden, row);
        withRollback(session, golden, row);
        throughFork(session, golden, row);
        throughTree(session, golden, row);
        throughBranchesBeforeTheEnd(session, golden, row);
        throughForksOfForks(session, golden, row);
      }
      raggedTogether(session, golden);
    }
    try (ModelSession fresh = model.newSession()) {
      ofVeryDifferentWidths(fresh, golden);
      afterTheCacheGrew(fresh, golden);
    }
  }

  private static void alone(ModelSession session, Golden golden, int row) {
    try (Sequence sequence = session.open()) {
      Scores scores =
          session.extend(
              ForwardRequest.of(sequence, golden.inputs().get(row), LogitsRequest.rows(0)));
      assertSame("alone", scores.rows(), golden, row, 0);
    }
  }

  private static void greedily(ModelSession session, Golden golden, int row) {
    int[] wanted = golden.greedy().get(row);
    int[] ids = new int[wanted.length];
    try (Sequence sequence = session.open()) {
      int[] next = golden.inputs().get(row);
      for (int i = 0; i < ids.length; i++) {
        Scores scores =
            session.extend(
                ForwardRequest.of(sequence, next, LogitsRequest.argmax(next.length - 1)));
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
        Scores scores =
            session.extend(ForwardRequest.of(sequence, new int[] {ids[i]}, LogitsRequest.rows(0)));
        assertSame("with rollback", scores.rows(), golden, row, i);
        session.extend(
            ForwardRequest.of(
                sequence,
                new int[] {(ids[i] + 1) % session.vocabularySize(), 0},
                LogitsRequest.NOTHING));
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
        session.extend(ForwardRequest.of(first, new int[] {0, 1}, LogitsRequest.NOTHING));
        int[] rest = Arrays.copyOfRange(ids, half, ids.length);
        List<Scores> scores =
            session.extend(
                List.of(
                    ForwardRequest.of(second, rest, LogitsRequest.rows(0)),
                    ForwardRequest.of(trunk, rest, LogitsRequest.rows(0))));
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
          session
              .extend(ForwardRequest.tree(sequence, tokens, parents, LogitsRequest.rows(0)))
              .rows();
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
          session.extend(ForwardRequest.of(sequence, last, LogitsRequest.rows(0))).rows(),
          golden,
          row,
          ids.length - 1);
    }
  }

  /** Branches of a tree leave the sequence at its end, one and four tokens before it, and at 0. */
  private static void throughBranchesBeforeTheEnd(ModelSession session, Golden golden, int row) {
    int[] ids = golden.inputs().get(row);
    int n = ids.length;
    int[] branch = new int[Math.min(4, n)];
    int[] start = new int[Math.min(2, n)];
    int left = n - branch.length;
    int[] held = Arrays.copyOf(ids, n);
    for (int i = left; i < n; i++) {
      held[i] = (ids[i] + 1) % session.vocabularySize();
    }
    int wrong = (ids[0] + 2) % session.vocabularySize();
    List<Integer> tokens = new ArrayList<>(List.of(wrong, ids[left], ids[0]));
    List<Integer> parents = new ArrayList<>(List.of(-1, -1 - branch.length, -1 - n));
    branch[0] = 1;
    start[0] = 2;
    for (int k = 1; k < 4; k++) {
      if (k < branch.length) {
        branch[k] = node(tokens, parents, ids[left + k], branch[k - 1]);
      }
      if (k == 1) {
        node(tokens, parents, wrong, -2);
      }
      if (k < start.length) {
        start[k] = node(tokens, parents, ids[k], start[k - 1]);
      }
      if (k == 2) {
        node(tokens, parents, 3, 0);
      }
    }
    for (int kept = 0; kept <= branch.length + start.length; kept++) {
      try (Sequence sequence = session.open()) {
        fill(session, sequence, held);
        float[][] rows =
            session
                .extend(
                    ForwardRequest.tree(
                        sequence, ints(tokens), ints(parents), LogitsRequest.rows(0)))
                .rows();
        assertSame("branch", pick(rows, branch), golden, row, left);
        assertSame("branch from the start", pick(rows, start), golden, row, 0);
        if (kept == 0) {
          sequence.keep();
          assertThat(sequence.length()).isEqualTo(n);
          sequence.truncate(left);
        } else if (kept <= branch.length) {
          sequence.keep(Arrays.copyOf(branch, kept));
          assertThat(sequence.length()).isEqualTo(left + kept);
        } else {
          sequence.keep(Arrays.copyOf(start, kept - branch.length));
          assertThat(sequence.length()).isEqualTo(kept - branch.length);
        }
        int at = Math.min(sequence.length(), n - 1);
        sequence.truncate(at);
        int[] rest = Arrays.copyOfRange(ids, at, n);
        assertSame(
            "after a branch",
            session.extend(ForwardRequest.of(sequence, rest, LogitsRequest.rows(0))).rows(),
            golden,
            row,
            at);
      }
    }
  }

  /** Adds a node to a tree; its index. */
  private static int node(List<Integer> tokens, List<Integer> parents, int token, int parent) {
    tokens.add(token);
    parents.add(parent);
    return tokens.size() - 1;
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  private static float[][] pick(float[][] rows, int... at) {
    return Arrays.stream(at).mapToObj(i -> rows[i]).toArray(float[][]::new);
  }

  /** Forks before any forward has filled what they fork, some closed and their places taken. */
  private static void throughForksOfForks(ModelSession session, Golden golden, int row) {
    int[] ids = golden.inputs().get(row);
    int half = ids.length / 2;
    int[] rest = Arrays.copyOfRange(ids, half, ids.length);
    Sequence trunk = session.open();
    fill(session, trunk, Arrays.copyOf(ids, half));
    Sequence child = trunk.fork();
    Sequence grandchild = child.fork();
    child.close();
    Sequence empty = session.open();
    Sequence forgotten = trunk.fork();
    forgotten.close();
    Sequence other = grandchild.fork();
    int kept = Math.min(1, half);
    trunk.truncate(kept);
    Sequence shorter = trunk.fork();
    List<Scores> scores =
        session.extend(
            List.of(
                ForwardRequest.of(other, rest, LogitsRequest.rows(0)),
                ForwardRequest.of(
                    trunk, Arrays.copyOfRange(ids, kept, ids.length), LogitsRequest.rows(0)),
                ForwardRequest.of(grandchild, rest, LogitsRequest.rows(0)),
                ForwardRequest.of(empty, ids, LogitsRequest.rows(0))));
    assertSame("fork of a fork of a fork", scores.get(0).rows(), golden, row, half);
    assertSame("rolled back after a fork", scores.get(1).rows(), golden, row, kept);
    assertSame("fork of a fork", scores.get(2).rows(), golden, row, half);
    assertSame("in a fork's place", scores.get(3).rows(), golden, row, 0);
    int[] more = Arrays.copyOfRange(ids, kept, ids.length);
    assertSame(
        "fork of what was rolled back",
        session.extend(ForwardRequest.of(shorter, more, LogitsRequest.rows(0))).rows(),
        golden,
        row,
        kept);
    List.of(trunk, grandchild, empty, other, shorter).forEach(Sequence::close);
  }

  /**
   * One forward of prompts, last tokens and a tree, so that several attention groups form; between
   * their slots lie idle ones, so that some groups read a range and others pick their slots.
   */
  private static void ofVeryDifferentWidths(ModelSession session, Golden golden) {
    Random random = new Random(3);
    for (int round = 0; round < 12; round++) {
      List<Sequence> open = new ArrayList<>();
      List<ForwardRequest> batch = new ArrayList<>();
      List<Integer> rows = new ArrayList<>();
      List<Integer> starts = new ArrayList<>();
      double idle = round % 3 * 0.4;
      for (int i = 0; i < 24; i++) {
        int row = i % golden.inputs().size();
        int[] ids = golden.inputs().get(row);
        Sequence sequence = session.open();
        open.add(sequence);
        boolean wide = random.nextInt(4) == 0;
        int last = ids.length - 1;
        int offset = random.nextInt(2);
        int start = wide ? Math.min(offset, last) : Math.max(last - offset, 0);
        fill(session, sequence, Arrays.copyOf(ids, start));
        if (random.nextDouble() < idle) {
          continue;
        }
        int[] rest = Arrays.copyOfRange(ids, start, ids.length);
        int[] chain = new int[rest.length];
        Arrays.setAll(chain, k -> k - 1);
        batch.add(
            i % 5 == 0
                ? ForwardRequest.tree(sequence, rest, chain, LogitsRequest.rows(0))
                : ForwardRequest.of(sequence, rest, LogitsRequest.rows(0)));
        rows.add(row);
        starts.add(start);
      }
      Collections.rotate(batch, round);
      Collections.rotate(rows, round);
      Collections.rotate(starts, round);
      List<Scores> scores = session.extend(batch);
      for (int i = 0; i < batch.size(); i++) {
        assertSame("of its width", scores.get(i).rows(), golden, rows.get(i), starts.get(i));
      }
      open.forEach(Sequence::close);
    }
  }

  /** Halves of rows in more slots than a new cache has, then a sequence longer than it has. */
  private static void afterTheCacheGrew(ModelSession session, Golden golden) {
    List<Sequence> sequences = new ArrayList<>();
    List<ForwardRequest> batch = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int[] ids = golden.inputs().get(i % golden.inputs().size());
      sequences.add(session.open());
      fill(session, sequences.get(i), Arrays.copyOf(ids, ids.length / 2));
      batch.add(
          ForwardRequest.of(
              sequences.get(i),
              Arrays.copyOfRange(ids, ids.length / 2, ids.length),
              LogitsRequest.rows(0)));
    }
    long bytes = session.cacheBytes();
    try (Sequence filler = session.open()) {
      fill(session, filler, new int[session.contextLength()]);
    }
    assertThat(session.cacheBytes()).isGreaterThan(bytes);
    List<Scores> scores = session.extend(batch);
    for (int i = 0; i < batch.size(); i++) {
      int row = i % golden.inputs().size();
      assertSame(
          "after the cache grew",
          scores.get(i).rows(),
          golden,
          row,
          golden.inputs().get(row).length / 2);
    }
    sequences.forEach(Sequence::close);
  }

  /** A row of one token has no first half. */
  private static void fill(ModelSession session, Sequence sequence, int[] ids) {
    if (ids.length > 0) {
      session.extend(ForwardRequest.of(sequence, ids, LogitsRequest.NOTHING));
    }
  }

  /** All rows grow together, each by its own number of tokens per forward. */
  private static void raggedTogether(ModelSession session, Golden golden) {
    List<Sequence> sequences = golden.inputs().stream().map(r -> session.open()).toList();
    int round = 0;
    while (true) {
      List<ForwardRequest> batch = new ArrayList<>();
      List<Integer> rows = new ArrayList<>();
      List<Integer> starts = new ArrayList<>();
      for (int row = 0; row < sequences.size(); row++) {
        int[] ids = golden.inputs().get(row);
        int start = sequences.get(row).length();
        int count = Math.min(ids.length - start, 1 + (row * 3 + round * 2) % 5);
        if (count > 0) {
          batch.add(
              ForwardRequest.of(
                  sequences.get(row),
                  Arrays.copyOfRange(ids, start, start + count),
                  LogitsRequest.rows(0)));
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
    // Of a padded vocabulary those that the tokenizer has.
    int scored = Checkpoint.inspect(folder).vocabularySize();
    List<int[]> inputs = new ArrayList<>();
    List<float[][]> logProbs = new ArrayList<>();
    List<int[]> greedy = new ArrayList<>();
    json.get("input_ids").forEach(row -> inputs.add(ints(row)));
    json.get("greedy").forEach(row -> greedy.add(ints(row)));
    for (JsonNode row : json.get("logits")) {
      float[][] positions = new float[row.size()][];
      for (int i = 0; i < positions.length; i++) {
        positions[i] = logSoftmax(row.get(i), scored);
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

  private static float[] logSoftmax(JsonNode logits, int scored) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < scored; i++) {
      max = Math.max(max, logits.get(i).doubleValue());
    }
    double sum = 0;
    for (int i = 0; i < scored; i++) {
      sum += Math.exp(logits.get(i).doubleValue() - max);
    }
    float[] result = new float[scored];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) (logits.get(i).doubleValue() - max - Math.log(sum));
    }
    return result;
  }
}
