package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.cost.ForwardStats;
import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a session does beside scoring: counting, its limit, what was asked for and no more. */
class ModelSessionTest {

  private static CausalLm model;

  @BeforeAll
  static void load() {
    model = CausalLm.load(Path.of("..", "examples", "draft"), Device.cpu(), Precision.FP32);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static int[] tokens(int count, long seed) {
    return new Random(seed).ints(count, 3, model.checkpoint().vocabularySize()).toArray();
  }

  private static void fill(ModelSession session, Sequence sequence, int... tokens) {
    session.extend(ForwardRequest.of(sequence, tokens, LogitsRequest.NOTHING));
  }

  private static float[] next(ModelSession session, Sequence sequence, int token) {
    return session.extend(ForwardRequest.of(sequence, new int[] {token}, LogitsRequest.rows(0)))
        .rows()[0];
  }

  /** Scores after {@code tokens} in a session of their own. */
  private static float[] fresh(int... tokens) {
    try (ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      return session.extend(
              ForwardRequest.of(sequence, tokens, LogitsRequest.rows(tokens.length - 1)))
          .rows()[0];
    }
  }

  private static int[] concat(int[] head, int... tail) {
    int[] all = Arrays.copyOf(head, head.length + tail.length);
    System.arraycopy(tail, 0, all, head.length, tail.length);
    return all;
  }

  @Test
  void statisticsAddUp() {
    try (ModelSession session = model.newSession();
        Sequence first = session.open();
        Sequence second = session.open()) {
      assertThat(session.stats()).isEqualTo(ForwardStats.ZERO);
      session.extend(
          List.of(
              ForwardRequest.of(first, tokens(7, 1), LogitsRequest.NOTHING),
              ForwardRequest.of(second, tokens(5, 2), LogitsRequest.rows(3))));
      ForwardStats one = session.stats();
      assertThat(one.forwards()).isEqualTo(1 + one.canonicalForwards());
      assertThat(one.sequences()).isEqualTo(2 + one.canonicalForwards());
      assertThat(one.copiedBytes()).isZero();
      assertThat(one.nanos()).isPositive();
      if (one.canonicalForwards() == 0) {
        assertThat(one.positions()).isEqualTo(12);
        assertThat(one.scored()).isEqualTo(2);
      }
      try (Sequence fork = first.fork()) {
        assertThat(session.stats()).as("a fork is no forward").isEqualTo(one);
        fill(session, fork, 9);
        ForwardStats two = session.stats().since(one);
        assertThat(two.forwards()).isEqualTo(1);
        assertThat(two.sequences()).isEqualTo(1);
        assertThat(two.positions()).isEqualTo(1);
        assertThat(two.scored()).isZero();
        assertThat(two.copiedBytes()).isEqualTo(7 * model.cacheBytes(1, 1));
        assertThat(two.canonicalForwards()).isZero();
        assertThat(two.canonicalNanos()).isZero();
        assertThat(two.nanos()).isPositive();
      }
    }
  }

  @Test
  void aSequenceThatOutgrowsTheCachesLimitEndsTheSession() {
    // Old and new cache together, while one grows into the other.
    CacheBudget budget = new CacheBudget(model.cacheBytes(8, 100));
    try (ModelSession session = model.newSession(budget);
        Sequence sequence = session.open();
        Sequence other = session.open()) {
      int[] held = tokens(20, 4);
      fill(session, other, held);
      try (Sequence fork = other.fork()) {
        assertThatThrownBy(() -> fill(session, sequence, tokens(140, 1)))
            .isInstanceOf(ModelException.class)
            .hasMessageContaining("Cannot grow the cache of model")
            .hasMessageContaining("192 tokens")
            .hasMessageContaining("decoding.batch");
        // The copy that the fork had noted went with that forward.
        assertThatThrownBy(() -> next(session, fork, 8))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("a forward of it has failed. Open another one.");
      }
      assertThatThrownBy(() -> session.logits(List.of(new int[] {1})))
          .isInstanceOf(IllegalStateException.class);
    }
    try (ModelSession session = model.newSession(budget);
        Sequence sequence = session.open()) {
      assertThat(next(session, sequence, 6)).containsExactly(fresh(6), within(1e-4f));
    }
  }

  /** As one is that a task renews in vain and then closes. */
  @Test
  void aSessionThatIsClosedTwiceGivesItsMemoryBackOnce() {
    CacheBudget budget = new CacheBudget(model.cacheBytes(20, 64));
    ModelSession session = model.newSession(budget);
    session.close();
    session.close();
    assertThat(budget.left()).isEqualTo(budget.bytes());
  }

  @Test
  void aCacheThatCannotBeMadeTakesNothing() {
    CacheBudget budget = new CacheBudget(Long.MAX_VALUE);
    assertThatThrownBy(() -> model.newSession(budget, 1 << 25, 1 << 25))
        .isNotInstanceOf(CacheMemoryException.class);
    assertThat(budget.left()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void whatIsWronglyAskedEndsNothing() {
    try (ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      assertThatThrownBy(() -> fill(session, sequence, -1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(next(session, sequence, 6)).containsExactly(fresh(6), within(1e-4f));
    }
  }

  @Test
  void whatAClosedSessionHeldIsThereForAnother() {
    CacheBudget budget = new CacheBudget(model.cacheBytes(8, 64) + model.cacheBytes(1, 64));
    for (int i = 0; i < 3; i++) {
      try (ModelSession session = model.newSession(budget);
          Sequence sequence = session.open()) {
        fill(session, sequence, tokens(20, i));
        // Only as far as the budget goes: a second cache beside the first does not fit.
        assertThat(budget.holds(model.cacheBytes(1, 64))).isTrue();
        assertThat(budget.holds(model.cacheBytes(2, 64))).isFalse();
      }
      assertThat(budget.holds(model.cacheBytes(9, 64))).isTrue();
    }
  }

  @Test
  void aCacheThatGrewTakesWhatItIsNotWhatItWas() {
    // Old and new fit together at each step, but not the sum of all there ever were.
    long bytes = model.cacheBytes(8, 64 + 128 + 192);
    CacheBudget budget = new CacheBudget(bytes);
    try (ModelSession session = model.newSession(budget);
        Sequence sequence = session.open()) {
      int[] held = tokens(60, 1);
      fill(session, sequence, held);
      int[] more = tokens(60, 2);
      fill(session, sequence, more);
      assertThat(session.cacheBytes()).isEqualTo(model.cacheBytes(8, 128));
      assertThat(budget.holds(bytes - session.cacheBytes())).isTrue();
      int[] rest = tokens(60, 3);
      fill(session, sequence, rest);
      assertThat(session.cacheBytes()).isGreaterThanOrEqualTo(model.cacheBytes(1, 180));
      assertThat(next(session, sequence, 5))
          .containsExactly(fresh(concat(concat(concat(held, more), rest), 5)), within(1e-4f));
    }
  }

  @Test
  void aMarginIsThatOfOnesOwnChoices() {
    try (ModelSession session = model.newSession();
        Sequence one = session.open();
        Sequence other = session.open();
        Sequence alone = session.open()) {
      int[] line = tokens(12, 3);
      for (int k : new int[] {0, 1, 3}) {
        float[] wanted =
            session
                .extend(ForwardRequest.of(alone, line, new LogitsRequest(0, true, k, null, false)))
                .margin();
        // Another number of top ids has another margin.
        Scores beside =
            session
                .extend(
                    List.of(
                        ForwardRequest.of(one, line, new LogitsRequest(0, true, k, null, false)),
                        ForwardRequest.of(other, tokens(12, 4), LogitsRequest.topK(0, 8))))
                .get(0);
        assertThat(beside.margin()).as("top %d", k).containsExactly(wanted, within(1e-4f));
        for (Sequence sequence : List.of(one, other, alone)) {
          sequence.truncate(0);
        }
      }
    }
  }

  @Test
  void whatCannotBeScoredIsRefusedBeforeAnythingRuns() {
    try (ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      int vocabulary = session.vocabularySize();
      for (LogitsRequest ask :
          List.of(
              LogitsRequest.topK(0, vocabulary + 1),
              LogitsRequest.gather(0, new int[][] {{1}}),
              LogitsRequest.gather(0, new int[][] {{1}, {vocabulary}}))) {
        assertThatThrownBy(() -> session.extend(ForwardRequest.of(sequence, new int[] {3, 4}, ask)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageStartingWith("Cannot score 2 positions");
      }
      assertThat(sequence.length()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void moreSequencesThanTheCachesLimitFail(boolean forked) {
    long limit = model.cacheBytes(10, 64);
    try (ModelSession session = model.newSession(new CacheBudget(limit));
        Sequence sequence = session.open()) {
      int[] held = tokens(10, 4);
      fill(session, sequence, held);
      List<Sequence> many = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        many.add(forked ? sequence.fork() : session.open());
      }
      assertThatThrownBy(() -> fill(session, sequence, 7))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("21 sequences");
      many.forEach(Sequence::close);
    }
  }

  /** A place for the forward alone that decides a tie may be just what is missing. */
  @Test
  void aTieThatCannotBeDecidedForWantOfMemoryFails(@TempDir Path folder) throws IOException {
    LinearModel.write(folder, 7, id -> 1);
    try (CausalLm ties = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = ties.newSession(new CacheBudget(ties.cacheBytes(8, 64)))) {
      List<ForwardRequest> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        // Only the last one's score is asked for, and it is a tie.
        all.add(
            ForwardRequest.of(
                session.open(),
                new int[] {1, 2},
                i < 7 ? LogitsRequest.NOTHING : LogitsRequest.argmax(1)));
      }
      assertThatThrownBy(() -> session.extend(all)).isInstanceOf(ModelException.class);
    }
  }

  @Test
  void branchesBeforeTheEndMayReachTheContextsEnd() {
    try (ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      int context = session.contextLength();
      int[] held = tokens(context - 1, 5);
      fill(session, sequence, held);
      // Two of four tokens that leave it five before the end, and one at the end.
      int[] tokens = tokens(9, 6);
      int[] parents = {-6, 0, 1, 2, -6, 4, 5, 6, -1};
      float[][] rows =
          session
              .extend(ForwardRequest.tree(sequence, tokens, parents, LogitsRequest.rows(0)))
              .rows();
      int[] path = Arrays.copyOf(held, context - 6);
      assertThat(rows[3])
          .containsExactly(fresh(concat(path, Arrays.copyOf(tokens, 4))), within(1e-3f));
      sequence.keep(4, 5, 6, 7);
      assertThat(sequence.length()).isEqualTo(context - 2);
      float[] wanted = fresh(concat(concat(path, Arrays.copyOfRange(tokens, 4, 8)), 9));
      assertThat(next(session, sequence, 9)).containsExactly(wanted, within(1e-3f));
      assertThatThrownBy(
              () ->
                  session.extend(
                      ForwardRequest.tree(
                          sequence,
                          new int[] {1, 2, 3},
                          new int[] {-2, 0, 1},
                          LogitsRequest.NOTHING)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the context holds");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 5, 8, 15, 20})
  void topIdsAreTheHighestOfTheRow(int k) {
    try (ModelSession session = model.newSession();
        Sequence sequence = session.open();
        Sequence plain = session.open()) {
      Scores scores =
          session
              .extend(
                  List.of(
                      ForwardRequest.of(
                          sequence, tokens(40, k), new LogitsRequest(0, true, k, null, true)),
                      // A neighbour that asks for less does not matter.
                      ForwardRequest.of(plain, tokens(3, k), LogitsRequest.ids(0))))
              .get(0);
      for (int i = 0; i < 40; i++) {
        float[] row = scores.rows()[i];
        float[] sorted = row.clone();
        Arrays.sort(sorted);
        int last = sorted.length - 1;
        assertThat(scores.argmaxLogProb()[i]).isEqualTo(sorted[last]);
        assertThat(row[scores.argmax()[i]]).isEqualTo(sorted[last]);
        double margin = sorted[last] - sorted[last - 1];
        for (int c = 1; c < k; c++) {
          margin = Math.min(margin, sorted[last - c] - sorted[last - c - 1]);
        }
        assertThat((double) scores.margin()[i]).isCloseTo(margin, within(1e-4));
        if (k == 0) {
          assertThat(scores.topIds()).isNull();
          continue;
        }
        assertThat(scores.topIds()[i]).hasSize(k).doesNotHaveDuplicates();
        assertThat(scores.topIds()[i][0]).isEqualTo(scores.argmax()[i]);
        for (int c = 0; c < k; c++) {
          assertThat(scores.topLogProbs()[i][c]).isEqualTo(sorted[last - c]);
          assertThat(row[scores.topIds()[i][c]]).isEqualTo(sorted[last - c]);
        }
      }
    }
  }

  /**
   * Vocabularies and numbers of ids on both sides of where the highest are looked for by columns.
   */
  @ParameterizedTest
  @ValueSource(ints = {7, 300, 2048, 2050})
  void equalScoresGoToTheLowerId(int vocabulary, @TempDir Path folder) throws IOException {
    // Few different weights, each of many ids all over the vocabulary.
    LinearModel.write(folder, vocabulary, id -> 1 + id * 37 % 11 / 2.0);
    int[] ranked =
        IntStream.range(0, vocabulary)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingInt(id -> -(id * 37 % 11)).thenComparingInt(id -> id))
            .mapToInt(Integer::intValue)
            .toArray();
    try (CausalLm ties = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = ties.newSession()) {
      for (int k : new int[] {1, 2, 5, 7, 8, 20, vocabulary}) {
        if (k > vocabulary || k > 64 * 4) {
          continue;
        }
        try (Sequence sequence = session.open()) {
          Scores scores =
              session.extend(
                  ForwardRequest.of(sequence, new int[] {1, 2, 3}, LogitsRequest.topK(0, k)));
          for (int i = 0; i < 3; i++) {
            assertThat(scores.argmax()[i]).isEqualTo(ranked[0]);
            assertThat(scores.topIds()[i]).isEqualTo(Arrays.copyOf(ranked, k));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2048, 4096})
  void whereAllScoresAreEqualTheLowestIdsAreFirst(int vocabulary, @TempDir Path folder)
      throws IOException {
    LinearModel.write(folder, vocabulary, id -> 1);
    try (CausalLm ties = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = ties.newSession();
        Sequence sequence = session.open()) {
      Scores scores =
          session.extend(ForwardRequest.of(sequence, new int[] {1, 2}, LogitsRequest.topK(0, 5)));
      assertThat(scores.margin()).containsOnly(0f);
      assertThat(scores.topIds()[1]).containsExactly(0, 1, 2, 3, 4);
      assertThat(
              session
                  .extend(ForwardRequest.of(sequence, new int[] {1}, LogitsRequest.ids(0)))
                  .argmax())
          .containsExactly(0);
    }
  }

  /** bf16 has so few digits that the best two scores of some positions are equal. */
  @Test
  void wherePositionsOfOneForwardTieEachGoesToTheLowerId() {
    try (CausalLm coarse =
            CausalLm.load(Path.of("..", "examples", "draft"), Device.cpu(), Precision.BF16);
        ModelSession session = coarse.newSession();
        Sequence sequence = session.open()) {
      Scores scores =
          session.extend(ForwardRequest.of(sequence, tokens(60, 5), LogitsRequest.rows(0)));
      long tied = IntStream.range(0, 60).filter(i -> scores.margin()[i] == 0).count();
      assertThat(tied).isBetween(1L, 59L);
      for (int i = 0; i < 60; i++) {
        float[] row = scores.rows()[i];
        int best = IntStream.range(0, row.length).reduce(0, (a, b) -> row[b] > row[a] ? b : a);
        assertThat(scores.argmax()[i]).isEqualTo(best);
      }
    }
  }

  @Test
  void onlyWhatWasAskedForComes() {
    try (ModelSession session = model.newSession()) {
      List<Sequence> open = IntStream.range(0, 5).mapToObj(i -> session.open()).toList();
      int[] ids = tokens(4, 9);
      List<Scores> scores =
          session.extend(
              List.of(
                  ForwardRequest.of(open.get(0), ids, LogitsRequest.ids(1)),
                  ForwardRequest.of(open.get(1), ids, LogitsRequest.argmax(3)),
                  ForwardRequest.of(open.get(2), ids, LogitsRequest.topK(2, 3)),
                  ForwardRequest.of(
                      open.get(3),
                      ids,
                      LogitsRequest.gather(1, new int[][] {{1}, {}, {4095, 0, 2}})),
                  ForwardRequest.of(open.get(4), ids, LogitsRequest.NOTHING)));
      float[] row = fresh(ids);
      assertThat(scores.get(0).argmax()).hasSize(3);
      assertThat(scores.get(0).argmaxLogProb()).hasSize(3).containsOnly(Float.NaN);
      assertThat(scores.get(0).topIds()).isNull();
      assertThat(scores.get(0).gathered()).isNull();
      assertThat(scores.get(0).rows()).isNull();
      assertThat(scores.get(1).argmaxLogProb()[0])
          .isCloseTo(row[scores.get(0).argmax()[2]], within(1e-4f));
      assertThat(scores.get(2).topIds()).hasDimensions(2, 3);
      assertThat(scores.get(2).rows()).isNull();
      assertThat(scores.get(3).gathered()[0]).hasSize(1);
      assertThat(scores.get(3).gathered()[1]).isEmpty();
      assertThat(scores.get(3).gathered()[2])
          .containsExactly(new float[] {row[4095], row[0], row[2]}, within(1e-4f));
      assertThat(scores.get(4).argmax()).isEmpty();
      // Alone, the forward gives nothing but ids.
      open.get(0).truncate(0);
      Scores alone = session.extend(ForwardRequest.of(open.get(0), ids, LogitsRequest.ids(1)));
      assertThat(alone.argmax()).isEqualTo(scores.get(0).argmax());
      assertThat(alone.argmaxLogProb()).containsOnly(Float.NaN);
      open.forEach(Sequence::close);
    }
  }

  /** Rows that are not waited for fork and close while the forward of others is under way. */
  @Test
  void otherThreadsMayOpenForkAndCloseMeanwhile() throws InterruptedException {
    int[] held = tokens(12, 11);
    float[] wanted = fresh(concat(held, 5));
    for (int round = 0; round < 40; round++) {
      try (ModelSession session = model.newSession();
          Sequence trunk = session.open();
          Sequence other = session.open()) {
        fill(session, trunk, held);
        AtomicBoolean going = new AtomicBoolean(true);
        List<Sequence> forks = new ArrayList<>();
        Thread forking =
            new Thread(
                () -> {
                  while (going.get() && forks.size() < 200) {
                    trunk.fork().close();
                    forks.add(trunk.fork());
                    Thread.onSpinWait();
                  }
                });
        forking.start();
        for (int i = 0; i < 10; i++) {
          fill(session, other, 4);
        }
        going.set(false);
        forking.join();
        List<ForwardRequest> all =
            forks.stream()
                .map(f -> ForwardRequest.of(f, new int[] {5}, LogitsRequest.rows(0)))
                .toList();
        for (Scores scores : all.isEmpty() ? List.<Scores>of() : session.extend(all)) {
          assertThat(furthest(scores.rows()[0], wanted)).isLessThan(1e-3f);
        }
      }
    }
  }

  /** The greatest difference; cheap, where there are many rows to compare. */
  private static float furthest(float[] row, float[] wanted) {
    float furthest = 0;
    for (int i = 0; i < wanted.length; i++) {
      furthest = Math.max(furthest, Math.abs(row[i] - wanted[i]));
    }
    return furthest;
  }
}
