package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.cost.ForwardStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts that begin alike: what they share is computed once, and no score tells. */
class PromptSharingTest {

  private static final double CLOSE = 1e-5;

  @TempDir private static Path temporary;

  private static CausalLm model;

  @BeforeAll
  static void load() throws IOException {
    model = longer("llama", Precision.FP32);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /** A parity fixture whose context holds prompts that are long enough; its layers see all. */
  private static CausalLm longer(String family, Precision precision) throws IOException {
    Path folder = temporary.resolve(family);
    if (!Files.exists(folder)) {
      Path fixture = Path.of("src/test/resources/parity", family);
      Files.createDirectories(folder);
      Files.copy(fixture.resolve("model.safetensors"), folder.resolve("model.safetensors"));
      ObjectMapper mapper = new ObjectMapper();
      ObjectNode config = (ObjectNode) mapper.readTree(fixture.resolve("config.json").toFile());
      config.put("max_position_embeddings", 1024);
      if (config.path("layer_types").isArray() && !family.endsWith("-window")) {
        ArrayNode types = (ArrayNode) config.get("layer_types");
        for (int i = 0; i < types.size(); i++) {
          types.set(i, "full_attention");
        }
      }
      mapper.writeValue(folder.resolve("config.json").toFile(), config);
    }
    return CausalLm.load(folder, Device.cpu(), precision);
  }

  private static int[] ids(int count, long seed) {
    return new Random(seed).ints(count, 3, 100).toArray();
  }

  private static int[] concat(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }

  private static ForwardRequest asking(Sequence sequence, int[] tokens, int from) {
    return ForwardRequest.of(sequence, tokens, LogitsRequest.rows(from));
  }

  private static void fill(ModelSession session, Sequence sequence, int[] tokens) {
    session.extend(ForwardRequest.of(sequence, tokens, LogitsRequest.NOTHING));
  }

  /** Compares scores with those of a forward over all that precedes, with nothing shared. */
  private static final class Reference {

    private final CausalLm model;

    private Reference(CausalLm model) {
      this.model = model;
    }

    void assertRow(float[] row, int[]... path) {
      int[] tokens = concat(path);
      try (ModelSession session = model.newSession();
          Sequence sequence = session.open()) {
        session.sharePrompts(false);
        float[] wanted = session.extend(asking(sequence, tokens, tokens.length - 1)).rows()[0];
        assertThat(session.stats().shared()).isZero();
        for (int id = 0; id < wanted.length; id++) {
          double scale = Math.max(1, Math.abs(wanted[id]));
          assertThat((double) row[id])
              .as("id %d after %d tokens", id, tokens.length)
              .isCloseTo(wanted[id], within(CLOSE * scale));
        }
      }
    }

    /** Of the last {@code rows.length} tokens of the path. */
    void assertRows(float[][] rows, int[]... path) {
      int[] tokens = concat(path);
      for (int i = 0; i < rows.length; i++) {
        assertRow(rows[i], Arrays.copyOf(tokens, tokens.length - rows.length + 1 + i));
      }
    }
  }

  /** As rows do that are decoded together, most of the time. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen3", "gemma2", "glm", "phi", "granite", "falcon-groups"})
  void rowsOfOneBeginningGoOnByATokenEach(String family) throws IOException {
    int[] beginning = ids(150, 1);
    try (CausalLm lm = longer(family, Precision.FP32);
        ModelSession session = lm.newSession()) {
      Reference reference = new Reference(lm);
      List<Sequence> rows = new ArrayList<>();
      List<ForwardRequest> prompts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        rows.add(session.open());
        prompts.add(asking(rows.get(i), concat(beginning, ids(5, i)), 154));
      }
      session.extend(prompts);
      assertThat(session.stats().shared()).isEqualTo(3 * 128);
      int[] on = {};
      for (int id : new int[] {7, 9}) {
        on = concat(on, new int[] {id});
        List<Scores> scores =
            session.extend(rows.stream().map(row -> asking(row, new int[] {id}, 0)).toList());
        for (int i = 0; i < 3; i++) {
          reference.assertRows(scores.get(i).rows(), beginning, ids(5, i), on);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama",
        "llama-odd",
        "qwen3",
        "qwen3-moe",
        "gemma",
        "gemma2",
        "gpt-neox",
        "glm",
        "phi",
        "granite",
        "cohere",
        "olmo2",
        "falcon-groups"
      })
  void scoresAreThoseOfFreshForwards(String family) throws IOException {
    int[] beginning = ids(150, 1);
    List<int[]> tails = List.of(ids(9, 2), ids(3, 3), ids(30, 4));
    try (CausalLm lm = longer(family, Precision.FP32);
        ModelSession session = lm.newSession()) {
      Reference reference = new Reference(lm);
      List<Sequence> rows = new ArrayList<>();
      List<ForwardRequest> prompts = new ArrayList<>();
      for (int[] tail : tails) {
        rows.add(session.open());
        prompts.add(asking(rows.get(rows.size() - 1), concat(beginning, tail), 149));
      }
      List<Scores> scores = session.extend(prompts);
      assertThat(session.stats().shared()).isEqualTo(3 * 128);
      for (int i = 0; i < 3; i++) {
        assertThat(rows.get(i).length()).isEqualTo(150 + tails.get(i).length);
        reference.assertRows(scores.get(i).rows(), beginning, tails.get(i));
      }

      // One that comes later, beside rows that go on, forks of both kinds and a row of its own.
      int[] later = ids(12, 5);
      int[] other = ids(140, 6);
      int[] on = ids(4, 7);
      try (Sequence late = session.open();
          Sequence unlike = session.open();
          Sequence fork = rows.get(0).fork()) {
        scores =
            session.extend(
                List.of(
                    asking(late, concat(beginning, later), 161),
                    asking(unlike, other, 138),
                    asking(fork, on, 0),
                    asking(rows.get(1), new int[] {7}, 0)));
        assertThat(session.stats().shared()).isEqualTo(4 * 128);
        reference.assertRows(scores.get(0).rows(), beginning, later);
        reference.assertRows(scores.get(1).rows(), other);
        reference.assertRows(scores.get(2).rows(), beginning, tails.get(0), on);
        reference.assertRows(scores.get(3).rows(), beginning, tails.get(1), new int[] {7});

        // Back to where the beginning ends, and into it; the other rows stay as they are.
        late.truncate(128);
        fork.truncate(77);
        scores = session.extend(List.of(asking(late, on, 0), asking(fork, on, 0)));
        reference.assertRows(scores.get(0).rows(), Arrays.copyOf(beginning, 128), on);
        reference.assertRows(scores.get(1).rows(), Arrays.copyOf(beginning, 77), on);
        try (Sequence branch = fork.fork()) {
          fork.truncate(0);
          scores =
              session.extend(
                  List.of(
                      asking(branch, on, 0),
                      asking(fork, on, 0),
                      asking(rows.get(0), new int[] {9}, 0)));
          reference.assertRows(scores.get(0).rows(), Arrays.copyOf(beginning, 77), on, on);
          reference.assertRows(scores.get(1).rows(), on);
          reference.assertRows(scores.get(2).rows(), beginning, tails.get(0), new int[] {9});
        }
      }

      // The cache grows, in slots and in positions.
      int[] much = ids(200, 8);
      scores =
          session.extend(
              List.of(asking(rows.get(2), much, 199), asking(rows.get(1), new int[] {11}, 0)));
      reference.assertRows(scores.get(0).rows(), beginning, tails.get(2), much);
      reference.assertRows(
          scores.get(1).rows(), beginning, tails.get(1), new int[] {7}, new int[] {11});
      rows.forEach(Sequence::close);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-odd", "gemma2", "gpt-neox"})
  void treesMayBranchOffAnywhere(String family) throws IOException {
    int[] beginning = ids(150, 1);
    int[] nodes = {5, 6, 7, 8, 9, 10, 11};
    // After all 153 tokens; after 151; after 100, which lie in the shared part; and what follows.
    int[] parents = {-1, 0, -3, -54, 3, 2, 4};
    int[][] paths = {{0}, {0, 1}, {2}, {3}, {3, 4}, {2, 5}, {3, 4, 6}};
    int[] seen = {153, 153, 151, 100, 100, 151, 100};
    try (CausalLm lm = longer(family, Precision.FP32);
        ModelSession session = lm.newSession();
        Sequence first = session.open();
        Sequence second = session.open()) {
      Reference reference = new Reference(lm);
      int[] prompt = concat(beginning, ids(3, 2));
      int[] neighbour = concat(beginning, ids(5, 3));
      session.extend(
          List.of(
              ForwardRequest.of(first, prompt, LogitsRequest.NOTHING),
              ForwardRequest.of(second, neighbour, LogitsRequest.NOTHING)));
      assertThat(session.stats().shared()).isEqualTo(256);
      for (int kept = 0; kept < paths.length; kept++) {
        try (Sequence tree = first.fork()) {
          List<Scores> scores =
              session.extend(
                  List.of(
                      ForwardRequest.tree(tree, nodes, parents, LogitsRequest.rows(0)),
                      asking(second, new int[] {3}, 0)));
          reference.assertRows(scores.get(1).rows(), neighbour, new int[] {3});
          second.truncate(neighbour.length);
          for (int i = 0; i < nodes.length; i++) {
            reference.assertRow(
                scores.get(0).rows()[i], Arrays.copyOf(prompt, seen[i]), picked(nodes, paths[i]));
          }
          tree.keep(paths[kept]);
          int[] path = concat(Arrays.copyOf(prompt, seen[kept]), picked(nodes, paths[kept]));
          assertThat(tree.length()).isEqualTo(path.length);
          float[][] rows = session.extend(asking(tree, new int[] {4, 12}, 0)).rows();
          reference.assertRows(rows, path, new int[] {4, 12});
        }
      }
      float[][] rows = session.extend(asking(first, new int[] {4}, 0)).rows();
      reference.assertRows(rows, prompt, new int[] {4});
    }
  }

  private static int[] picked(int[] nodes, int[] path) {
    return Arrays.stream(path).map(i -> nodes[i]).toArray();
  }

  @Test
  void onlyWhatIsAlikeAndAskedForNothingIsShared() {
    try (ModelSession session = model.newSession()) {
      int[] beginning = ids(200, 1);
      // All of its scores are wanted.
      session.extend(asking(session.open(), concat(beginning, ids(4, 2)), 0));
      session.extend(asking(session.open(), concat(beginning, ids(4, 3)), 120));
      // Too short, and alike for too short a part.
      fill(session, session.open(), Arrays.copyOf(beginning, 128));
      fill(session, session.open(), concat(Arrays.copyOf(beginning, 120), ids(80, 4)));
      assertThat(session.stats().shared()).isZero();
      fill(session, session.open(), Arrays.copyOf(beginning, 129));
      assertThat(session.stats().shared()).as("with one that shares nothing itself").isZero();
      fill(session, session.open(), Arrays.copyOf(beginning, 190));
      assertThat(session.stats().shared()).isEqualTo(128);
      session.sharePrompts(false);
      fill(session, session.open(), Arrays.copyOf(beginning, 190));
      assertThat(session.stats().shared()).isEqualTo(128);
    }
  }

  /** The rows compute their own tokens, and somebody once what they share. */
  @Test
  void theBeginningIsComputedOnceAndHeldOnce() {
    int[] beginning = ids(700, 1);
    try (ModelSession session = model.newSession()) {
      List<ForwardRequest> prompts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        prompts.add(
            ForwardRequest.of(
                session.open(), concat(beginning, ids(5, 2 + i)), LogitsRequest.NOTHING));
      }
      session.extend(prompts);
      ForwardStats stats = session.stats();
      assertThat(stats.shared()).isEqualTo(8 * 640);
      assertThat(stats.positions()).isEqualTo(640 + 8 * 65);
      assertThat(stats.forwards()).as("640 tokens in two").isEqualTo(3);
      assertThat(Arrays.stream(stats.sizes().positions()).sum()).isEqualTo(stats.positions());
      assertThat(session.cacheBytes())
          .isEqualTo(model.cacheBytes(1, 640) + model.cacheBytes(8, 128));
      for (int i = 0; i < 24; i++) {
        prompts.get(i % 8).sequence().fork();
      }
      fill(session, prompts.get(0).sequence(), new int[] {3});
      assertThat(session.stats().since(stats).copiedBytes())
          .as("forks copy their own part")
          .isEqualTo(24 * model.cacheBytes(1, 65));
      assertThat(session.cacheBytes())
          .isEqualTo(model.cacheBytes(1, 640) + model.cacheBytes(32, 128));
    }
  }

  /** One that is longer by far goes on from what is there. */
  @Test
  void aLongerBeginningIsMadeWhereItPays() {
    int[] beginning = ids(600, 1);
    try (ModelSession session = model.newSession()) {
      Reference reference = new Reference(model);
      for (int length : new int[] {128, 128, 500, 500, 590, 590}) {
        int[] prompt = concat(Arrays.copyOf(beginning, length), ids(6, length));
        Scores scores = session.extend(asking(session.open(), prompt, prompt.length - 1));
        reference.assertRows(scores.rows(), prompt);
      }
      // 128 by the second and the third; 448 from the fourth on, which will do for more.
      assertThat(session.stats().shared()).isEqualTo(128 + 128 + 448 + 448 + 576);
    }
  }

  @Test
  void whatNobodyRefersToGoesWhereMemoryIsShort() {
    long each = model.cacheBytes(1, 192);
    CacheBudget budget =
        new CacheBudget(9 * each + model.cacheBytes(8, 64) + model.cacheBytes(8, 128));
    try (ModelSession session = model.newSession(budget)) {
      long most = 0;
      Sequence held = null;
      int[] heldPrompt = null;
      for (int seed = 0; seed < 12; seed++) {
        int[] beginning = ids(192, 100 + seed);
        Sequence first = session.open();
        Sequence second = session.open();
        long before = session.stats().shared();
        session.extend(
            List.of(
                ForwardRequest.of(first, concat(beginning, ids(4, 1)), LogitsRequest.NOTHING),
                ForwardRequest.of(second, concat(beginning, ids(4, 2)), LogitsRequest.NOTHING)));
        assertThat(session.stats().shared() - before).isEqualTo(2 * 192);
        most = Math.max(most, session.cacheBytes());
        first.close();
        if (seed == 0) {
          held = second;
          heldPrompt = concat(beginning, ids(4, 2));
        } else {
          second.close();
        }
      }
      assertThat(most).isEqualTo(session.cacheBytes()).isLessThan(budget.bytes());
      new Reference(model)
          .assertRows(
              session.extend(asking(held, new int[] {8}, 0)).rows(), heldPrompt, new int[] {8});
      // What was used last is there, what was used first is not.
      long positions = session.stats().positions();
      fill(session, session.open(), concat(ids(192, 111), ids(4, 3)));
      assertThat(session.stats().positions() - positions).isEqualTo(4);
    }
    assertThat(budget.left()).isEqualTo(budget.bytes());
  }

  @Test
  void aBeginningGivesWayToRows() {
    // Room for a beginning of 128 tokens and rows of 64, or without it for rows of 128.
    CacheBudget budget =
        new CacheBudget(model.cacheBytes(8, 64 + 128) + model.cacheBytes(1, 128) - 1);
    try (ModelSession session = model.newSession(budget)) {
      int[] beginning = ids(128, 1);
      List<Sequence> rows = IntStream.range(0, 8).mapToObj(i -> session.open()).toList();
      for (int i = 0; i < 2; i++) {
        fill(session, rows.get(i), new int[] {5});
        rows.get(i).truncate(0);
      }
      session.extend(
          List.of(
              ForwardRequest.of(rows.get(0), concat(beginning, ids(4, 1)), LogitsRequest.NOTHING),
              ForwardRequest.of(rows.get(1), concat(beginning, ids(4, 2)), LogitsRequest.NOTHING)));
      assertThat(session.cacheBytes())
          .isEqualTo(model.cacheBytes(8, 64) + model.cacheBytes(1, 128));
      rows.forEach(row -> row.truncate(0));
      fill(session, rows.get(0), ids(100, 3));
      assertThat(session.cacheBytes()).isEqualTo(model.cacheBytes(8, 128));
      new Reference(model)
          .assertRows(
              session.extend(asking(rows.get(0), new int[] {8}, 0)).rows(),
              ids(100, 3),
              new int[] {8});
    }
    assertThat(budget.left()).isEqualTo(budget.bytes());
  }

  @Test
  void aBeginningThatIsInUseDoesNotGiveWay() {
    CacheBudget budget =
        new CacheBudget(model.cacheBytes(8, 64 + 128) + model.cacheBytes(1, 128) - 1);
    try (ModelSession session = model.newSession(budget)) {
      int[] beginning = ids(128, 1);
      List<ForwardRequest> prompts =
          List.of(
              ForwardRequest.of(
                  session.open(), concat(beginning, ids(4, 1)), LogitsRequest.NOTHING),
              ForwardRequest.of(
                  session.open(), concat(beginning, ids(4, 2)), LogitsRequest.NOTHING));
      session.extend(prompts);
      prompts.get(0).sequence().close();
      List<Sequence> rows = IntStream.range(0, 7).mapToObj(i -> session.open()).toList();
      assertThatThrownBy(() -> fill(session, rows.get(0), ids(100, 3)))
          .isInstanceOf(CacheMemoryException.class);
    }
    assertThat(budget.left()).isEqualTo(budget.bytes());
  }

  @ParameterizedTest
  @ValueSource(strings = {"mistral-window", "qwen3-window"})
  void layersThatSeeAWindowShareNothing(String family) throws IOException {
    int[] beginning = ids(200, 1);
    try (CausalLm lm = longer(family, Precision.FP32);
        ModelSession session = lm.newSession()) {
      for (int i = 0; i < 2; i++) {
        int[] prompt = concat(beginning, ids(4, i));
        Scores scores = session.extend(asking(session.open(), prompt, 203));
        new Reference(lm).assertRows(scores.rows(), prompt);
      }
      assertThat(session.stats().shared()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "INT8"})
  void otherPrecisionsShareToo(Precision precision) throws IOException {
    int[] beginning = ids(200, 1);
    try (CausalLm lm = longer("llama", precision);
        ModelSession session = lm.newSession();
        ModelSession plain = lm.newSession()) {
      plain.sharePrompts(false);
      double difference = 0;
      for (int i = 0; i < 3; i++) {
        int[] prompt = concat(beginning, ids(4, i));
        float[] row = session.extend(asking(session.open(), prompt, 203)).rows()[0];
        float[] wanted = plain.extend(asking(plain.open(), prompt, 203)).rows()[0];
        for (int id = 0; id < row.length; id++) {
          difference += Math.abs(row[id] - wanted[id]) / row.length / 3;
        }
      }
      assertThat(session.stats().shared()).isEqualTo(2 * 192);
      assertThat(difference).isLessThan(0.02);
    }
  }

  /** What a query may see is said per position: of all of a long prompt at once it is too much. */
  @Test
  void longPromptsAreComputedInParts() {
    try (ModelSession session = model.newSession();
        ModelSession steps = model.newSession()) {
      List<ForwardRequest> prompts = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        prompts.add(asking(session.open(), ids(900 + 10 * i, i), 890));
      }
      List<Scores> scores = session.extend(prompts);
      assertThat(session.stats().forwards()).isEqualTo(4);
      assertThat(session.stats().positions()).isEqualTo(900 + 910 + 920);
      for (int i = 0; i < 3; i++) {
        int[] prompt = ids(900 + 10 * i, i);
        try (Sequence sequence = steps.open()) {
          for (int at = 0; at < 890; at += 89) {
            fill(steps, sequence, Arrays.copyOfRange(prompt, at, at + 89));
          }
          int[] rest = Arrays.copyOfRange(prompt, 890, prompt.length);
          float[][] wanted = steps.extend(asking(sequence, rest, 0)).rows();
          for (int at = 0; at < wanted.length; at++) {
            for (int id = 0; id < wanted[at].length; id++) {
              assertThat((double) scores.get(i).rows()[at][id])
                  .isCloseTo(wanted[at][id], within(CLOSE * Math.max(1, Math.abs(wanted[at][id]))));
            }
          }
        }
      }
    }
  }

  /** Target and draft take their caches from one budget. */
  @Test
  void aBeginningThatNobodyRefersToGivesWayToAnotherSession() {
    long token = model.cacheBytes(1, 1);
    CacheBudget budget = new CacheBudget(token * (512 + 512 + 128 + 1024 - 1));
    try (ModelSession p = model.newSession(budget);
        ModelSession q = model.newSession(budget)) {
      int[] beginning = ids(130, 1);
      List<ForwardRequest> prompts = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        prompts.add(asking(p.open(), concat(beginning, ids(5, i)), 134));
      }
      p.extend(prompts);
      assertThat(p.stats().shared()).isEqualTo(2 * 128);
      prompts.forEach(prompt -> prompt.sequence().close());
      List<ForwardRequest> others = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        others.add(asking(q.open(), ids(100, 10 + i), 99));
      }
      q.extend(others);
      assertThat(budget.left()).isEqualTo(token * (128 + 1024 - 1 - 512));
    }
    assertThat(budget.left()).isEqualTo(budget.bytes());
  }
}
