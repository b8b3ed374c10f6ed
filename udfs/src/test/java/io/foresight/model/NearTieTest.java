package io.foresight.model;

import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.Strategies;
import io.foresight.model.checkpoint.Precision;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model whose ids all have the same embedding, so that every choice is a tie. */
class NearTieTest {

  private static final int VOCABULARY = 7;

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> 1);
  }

  @Test
  void tiesGoToTheLowerIdAndAreCounted() {
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession()) {
      try (Sequence sequence = session.open()) {
        Scores scores =
            session.extend(
                ForwardRequest.of(sequence, new int[] {1, 2, 3}, LogitsRequest.topK(0, 4)));
        assertThat(scores.margin()).containsOnly(0f);
        assertThat(scores.argmax()).containsOnly(0);
        assertThat(scores.topIds()[2]).containsExactly(0, 1, 2, 3);
        assertThat(sequence.length()).isEqualTo(3);
        int[] parents = {-1, -1, 1};
        Scores tree =
            session.extend(
                ForwardRequest.tree(sequence, new int[] {4, 5, 1}, parents, LogitsRequest.rows(0)));
        assertThat(tree.rows()[2]).hasSize(VOCABULARY);
        sequence.keep(1, 2);
        assertThat(sequence.length()).isEqualTo(5);
      }
      Settings greedy = Settings.defaults().with(STRATEGY, "greedy");
      Generation generation =
          Strategies.of(greedy)
              .decode(
                  session,
                  null,
                  new Request(new int[] {1}, 5, (line, finished) -> Judgement.of(0), 0));
      assertThat(generation.tokens()).containsOnly(0).hasSize(5);
      assertThat(generation.counters().nearTies()).isEqualTo(5);
      assertThat(generation.counters().targetForwards()).isEqualTo(5);
    }
  }

  @Test
  void inBf16NothingIsComputedAnew() {
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.BF16)) {
      assertThat(model.hasCanonicalScores()).isFalse();
    }
  }

  /** Invariant 7 where it is hardest: every choice is by less than the rounding of a forward. */
  @Test
  void choicesByAHairDoNotDependOnTheBatch() throws IOException {
    LinearModel.writePairs(folder, 5);
    List<Integer> items = IntStream.range(0, 6).boxed().toList();
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32)) {
      for (String name : List.of("greedy", "cdlh", "speculative", "cdsl-tree")) {
        Settings settings =
            Settings.defaults().with(STRATEGY, name).with(LOOKAHEAD, 3).with(DRAFT_LENGTH, 3);
        List<Generation> alone = decode(model, settings, items, 1);
        assertThat(alone.stream().mapToLong(g -> g.counters().nearTies()).sum()).isGreaterThan(50);
        for (int rows : new int[] {2, 6}) {
          List<Generation> together = decode(model, settings, items, rows);
          for (int i : items) {
            String what = name + ", " + rows + " rows, row " + i;
            assertThat(together.get(i).tokens()).as(what).isEqualTo(alone.get(i).tokens());
            assertThat(together.get(i).logProb())
                .as(what)
                .isCloseTo(alone.get(i).logProb(), within(1e-4));
          }
        }
      }
    }
  }

  /** A score is a function of its path, whatever was scored before, and how long it is kept. */
  @Test
  void aCanonicalScoreIsOfThePathAlone() throws IOException {
    LinearModel.writePairs(folder, 5);
    Random random = new Random(1);
    int[] text = random.ints(64, 7, 1000).toArray();
    List<int[]> paths = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      int[] path = Arrays.copyOf(text, 1 + random.nextInt(text.length));
      if (i % 3 == 0) {
        path[random.nextInt(path.length)] = 6;
      }
      paths.add(path);
    }
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession()) {
      for (int[] path : paths) {
        Scores again = alone(session, path, path.length - 1);
        try (ModelSession fresh = model.newSession()) {
          Scores wanted = alone(fresh, path, path.length - 1);
          assertThat(again.argmax()).isEqualTo(wanted.argmax());
          assertThat(again.rows()).isDeepEqualTo(wanted.rows());
          // Several places at once, across blocks.
          int from = path.length / 3;
          assertThat(alone(session, path, from).rows())
              .isDeepEqualTo(alone(fresh, path, from).rows());
        }
      }
      // Place after place of one text, no block is computed twice.
      try (ModelSession growing = model.newSession()) {
        for (int length = 33; length <= 63; length++) {
          alone(growing, Arrays.copyOf(text, length), length - 1);
        }
        assertThat(growing.stats().positions()).isEqualTo(32 + 31 * 32 / 2);
      }
    }
  }

  /** A temperature spreads scores, and what a forward rounds of them with them. */
  @Test
  void atLowTemperaturesMoreIsClose() throws IOException {
    LinearModel.writePairs(folder, 5);
    double temperature = 0.005;
    double nearTie = Scores.NEAR_TIE / temperature;
    int[] text = new Random(3).ints(60, 7, 1000).toArray();
    int close = 0;
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession()) {
      for (int seed = 0; seed < 10; seed++) {
        Noise noise = new Noise(new Sampler(temperature, 0, 1), seed);
        try (Sequence sequence = session.open()) {
          for (int i = 0; i < text.length; i++) {
            LogitsRequest ask =
                new LogitsRequest(0, true, 3, null, false, noise, new int[] {i + 1}, null);
            int[] next = {text[i]};
            Scores scores = session.extend(ForwardRequest.of(sequence, next, ask));
            if (scores.margin()[0] < nearTie) {
              close += scores.margin()[0] < Scores.NEAR_TIE ? 0 : 1;
              int[] path = Arrays.copyOf(text, i + 1);
              Scores alone = session.extend(ForwardRequest.alone(path, ask.from(i)));
              assertThat(scores.topScores()).isDeepEqualTo(alone.topScores());
            }
          }
        }
      }
    }
    assertThat(close).isGreaterThan(5);
  }

  /** Where caches have little room, near ties are decided by the same scores. */
  @Test
  void aCanonicalScoreNeedsNoMoreRoomThanItsPath() throws IOException {
    LinearModel.writePairs(folder, 5);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32)) {
      CacheBudget budget = new CacheBudget(model.cacheBytes(8, 64) + model.cacheBytes(3, 64));
      try (ModelSession session = model.newSession(budget);
          ModelSession free = model.newSession()) {
        for (int i = 0; i < 20; i++) {
          int[] path = new Random(i).ints(60, 7, 1000).toArray();
          assertThat(alone(session, path, 59).rows()).isDeepEqualTo(alone(free, path, 59).rows());
        }
        assertThat(budget.left()).isNotNegative();
      }
    }
  }

  @Test
  void nearTiesMayBeLeftAsTheyFall() {
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      session.leaveNearTies();
      session.extend(ForwardRequest.of(sequence, new int[] {1, 2, 3}, LogitsRequest.ids(0)));
      assertThat(session.hasCanonicalScores()).isFalse();
      assertThat(session.stats().canonicalForwards()).isZero();
    }
  }

  private static Scores alone(ModelSession session, int[] path, int from) {
    return session.extend(ForwardRequest.alone(path, LogitsRequest.rows(from)));
  }

  private static List<Generation> decode(
      CausalLm model, Settings settings, List<Integer> items, int rows) {
    List<Generation> generations = new ArrayList<>();
    try (ModelSession target = model.newSession();
        ModelSession draft = model.newSession();
        ForwardScheduler<Integer, Generation> scheduler =
            new ForwardScheduler<>(
                items.iterator(),
                rows,
                any -> rows,
                target,
                draft,
                (i, p, q) ->
                    Strategies.of(settings)
                        .decode(
                            p,
                            q,
                            new Request(
                                new Random(i).ints(2 + i % 5, 7, 1000).toArray(),
                                12,
                                (line, finished) ->
                                    Judgement.of(line[line.length - 1] % 3 == 0 ? 1 : 0),
                                i)))) {
      scheduler.forEachRemaining(generations::add);
    }
    return generations;
  }
}
