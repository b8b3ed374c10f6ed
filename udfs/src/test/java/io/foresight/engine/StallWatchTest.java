package io.foresight.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.model.ForwardScheduler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rows that wait for something, as rows do whose model or reward hangs. */
@Timeout(30)
class StallWatchTest {

  private static final Duration INTERVAL = Duration.ofMillis(200);

  @Test
  void saysAgainAndAgainWhatATaskWaitsFor() throws InterruptedException {
    BlockingQueue<String> log = new LinkedBlockingQueue<>();
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicReference<Function<List<Integer>, List<Integer>>> ask = new AtomicReference<>();
    try (StallWatch watch = new StallWatch(INTERVAL, log::add);
        ForwardScheduler<Integer, Integer> scheduler =
            new ForwardScheduler<>(
                List.of(1, 2, 3).iterator(),
                3,
                any -> 3,
                null,
                null,
                (n, p, q) -> n == 1 ? waited(goOn) : ask.get().apply(List.of(n)).get(0))) {
      ask.set(
          scheduler.shared(
              "a hanging model",
              asked -> {
                waited(goOn);
                return asked;
              }));
      watch.over(scheduler);
      Thread task = new Thread(scheduler::next, "the-task");
      task.start();
      String first = log.take();
      assertThat(first)
          .startsWith("No token and no row has come for 0 s: 3 rows in flight, ")
          .contains("a hanging model has been computing for 0 s", "\"the-task\" WAITING")
          .contains("\"foresight-row\" WAITING", "StallWatchTest.waited");
      assertThat(log.take()).startsWith("No token and no row has come for");
      goOn.countDown();
      task.join();
    }
  }

  @Test
  void isSilentWhileSomethingComesAndWhereNothingIsInFlight() throws InterruptedException {
    BlockingQueue<String> log = new LinkedBlockingQueue<>();
    CountDownLatch goOn = new CountDownLatch(1);
    try (StallWatch watch = new StallWatch(INTERVAL, log::add);
        ForwardScheduler<Integer, Integer> scheduler =
            new ForwardScheduler<>(
                List.of(1, 2).iterator(), 2, any -> 2, null, null, (n, p, q) -> waited(goOn))) {
      watch.over(scheduler);
      assertThat(log.poll(500, TimeUnit.MILLISECONDS)).isNull();
      Thread task = new Thread(scheduler::next, "the-task");
      task.start();
      for (int i = 0; i < 20; i++) {
        Thread.sleep(30);
        watch.progress();
      }
      assertThat(log).isEmpty();
      goOn.countDown();
      task.join();
    }
  }

  private static int waited(CountDownLatch until) {
    try {
      until.await();
      return 0;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
