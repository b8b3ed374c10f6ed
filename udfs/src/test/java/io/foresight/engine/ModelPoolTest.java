package io.foresight.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.engine.ModelPool.Use;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What stays warm, and what leaves. */
class ModelPoolTest {

  private static final Duration GRACE = Duration.ofMinutes(5);

  private static final class Model implements AutoCloseable {

    private boolean closed;

    @Override
    public void close() {
      assertThat(closed).as("closed twice").isFalse();
      closed = true;
    }
  }

  private final List<Runnable> scheduled = new ArrayList<>();
  private long now = Long.MAX_VALUE - 1;
  private final ModelPool<String> pool =
      new ModelPool<>(
          GRACE,
          (work, after) -> {
            assertThat(after).isEqualTo(GRACE);
            scheduled.add(work);
          },
          () -> now);

  private Use<Model> use(String name) {
    return pool.use(name, Model.class, Model::new);
  }

  /** Time passes, and the timer does what is due by then or before. */
  private void pass(Duration time) {
    // It overflows, as a clock of nanoseconds may.
    now += time.toNanos();
    List.copyOf(scheduled).forEach(Runnable::run);
  }

  @Test
  void theNextTaskFindsItsModelsWarm() {
    Use<Model> target = use("target");
    Use<Model> draft = use("draft");
    target.close();
    draft.close();
    assertThat(use("target").model()).isSameAs(target.model());
    assertThat(use("draft").model()).isSameAs(draft.model());
    assertThat(target.model().closed).isFalse();
  }

  @Test
  void anotherPairTakesThePlaceOfOneThatNobodyUses() {
    Use<Model> target = use("target");
    Use<Model> draft = use("draft");
    target.close();
    Use<Model> other = use("other target");
    assertThat(target.model().closed).isTrue();
    assertThat(draft.model().closed).as("in use").isFalse();
    draft.close();
    use("other draft");
    assertThat(draft.model().closed).isTrue();
    assertThat(other.model().closed).isFalse();
    assertThat(pool.keys()).containsExactlyInAnyOrder("other target", "other draft");
    assertThat(use("target").model()).isNotSameAs(target.model());
  }

  @Test
  void whatNobodyUsesLeavesAfterItsGrace() {
    Use<Model> model = use("model");
    pass(GRACE.multipliedBy(10));
    model.close();
    model.close();
    pass(GRACE.minusSeconds(1));
    assertThat(model.model().closed).isFalse();
    Use<Model> again = use("model");
    pass(GRACE);
    assertThat(model.model().closed).as("in use").isFalse();
    again.close();
    pass(GRACE.minusSeconds(1));
    assertThat(model.model().closed).as("used since").isFalse();
    pass(Duration.ofSeconds(1));
    assertThat(model.model().closed).isTrue();
    assertThat(pool.keys()).isEmpty();
  }

  @Test
  void ofSeveralUsersTheLastOneCounts() {
    Use<Model> one = use("model");
    Use<Model> other = use("model");
    one.close();
    use("something else");
    pass(GRACE);
    assertThat(one.model().closed).isFalse();
    other.close();
    pool.closeIdle();
    assertThat(one.model().closed).isTrue();
  }

  @Test
  void whatCannotBeLoadedIsTriedAgain() {
    assertThatThrownBy(
            () ->
                pool.use(
                    "model",
                    Model.class,
                    () -> {
                      throw new IllegalStateException("no such file");
                    }))
        .hasMessage("no such file");
    assertThat(pool.keys()).isEmpty();
    assertThat(use("model").model()).isNotNull();
  }

  @Test
  void thoseWhoWantTheSameShareIt() throws Exception {
    AtomicInteger loaded = new AtomicInteger();
    CountDownLatch all = new CountDownLatch(4);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Future<Use<Model>>> uses = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        uses.add(
            threads.submit(
                () -> {
                  all.countDown();
                  all.await();
                  return pool.use(
                      "model",
                      Model.class,
                      () -> {
                        loaded.incrementAndGet();
                        return new Model();
                      });
                }));
      }
      for (Future<Use<Model>> use : uses) {
        assertThat(use.get().model()).isSameAs(uses.get(0).get().model());
      }
      assertThat(loaded).hasValue(1);
    } finally {
      threads.shutdownNow();
    }
  }
}
