package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Sequence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Items are numbers; one of n takes n forwards of the model. */
@Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
class ForwardSchedulerTest {

  /** A machine that is busy with something else may split a forward in two. */
  private static final double SLACK = 1.5;

  @AfterEach
  void noRowIsLeft() throws InterruptedException {
    for (Thread thread : rowThreads()) {
      // Its pool has let go of it, and it may be about to end.
      thread.join(1000);
      assertThat(thread.isAlive()).isFalse();
    }
  }

  private static List<Thread> rowThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("foresight-row") && thread.isAlive())
        .toList();
  }

  private static int countDown(LanguageModel model, int from) {
    int forwards = 0;
    try (Sequence sequence = model.open()) {
      int id = from;
      while (id > 0) {
        id = extend(model, sequence, id);
        forwards++;
      }
    }
    return forwards;
  }

  private static int extend(LanguageModel model, Sequence sequence, int id) {
    return model.extend(ForwardRequest.of(sequence, new int[] {id}, LogitsRequest.argmax(0)))
        .argmax()[0];
  }

  private static ForwardScheduler<Integer, Integer> scheduler(
      List<Integer> items, int rows, LanguageModel model) {
    return new ForwardScheduler<>(
        items.iterator(), rows, any -> rows, model, null, (n, p, q) -> countDown(p, n));
  }

  private static <R> List<R> all(Iterator<R> results) {
    List<R> all = new ArrayList<>();
    results.forEachRemaining(all::add);
    return all;
  }

  /** Forwards that rows take if each finished row's place is taken at once. */
  private static int makespan(List<Integer> items, int rows) {
    PriorityQueue<Integer> ends = new PriorityQueue<>(Collections.nCopies(rows, 0));
    int last = 0;
    for (int item : items) {
      int end = ends.remove() + item;
      ends.add(end);
      last = Math.max(last, end);
    }
    return last;
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new CancellationException();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, 50})
  void resultsComeInTheItemsOrder(int rows) {
    List<Integer> items = IntStream.range(0, 40).mapToObj(i -> i * 17 % 23).toList();
    CountdownModel model = new CountdownModel();
    try (ForwardScheduler<Integer, Integer> scheduler = scheduler(items, rows, model)) {
      assertThat(all(scheduler)).isEqualTo(items);
    }
    assertThat(model.forwards.stream().mapToInt(n -> n)).allMatch(n -> n <= rows);
    assertThat(model.forwards.stream().mapToInt(n -> n).sum())
        .isEqualTo(items.stream().mapToInt(n -> n).sum());
  }

  @Test
  void noMoreThanSoManyRowsAreInFlight() {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Integer> items = IntStream.range(0, 60).mapToObj(i -> i % 7).toList();
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            items.iterator(),
            4,
            any -> 4,
            new CountdownModel(),
            null,
            (n, p, q) -> {
              most.accumulateAndGet(now.incrementAndGet(), Math::max);
              int forwards = countDown(p, n);
              now.decrementAndGet();
              return forwards;
            })) {
      assertThat(all(scheduler)).isEqualTo(items);
    }
    assertThat(most).hasValue(4);
  }

  @Test
  void aFinishedRowsPlaceIsTakenAtOnce() {
    List<Integer> items =
        IntStream.range(0, 64).mapToObj(i -> i % 4 == 0 ? 60 : 1 + i % 3).toList();
    CountdownModel model = new CountdownModel();
    try (ForwardScheduler<Integer, Integer> scheduler = scheduler(items, 4, model)) {
      all(scheduler);
    }
    int optimum = makespan(items, 4);
    // In fixed groups of four, each would take as long as its longest row.
    assertThat(optimum * SLACK).isLessThan(16 * 60);
    assertThat(model.forwards.size()).isBetween(optimum, (int) (optimum * SLACK));
  }

  @Test
  void equalRowsShareEachForward() {
    CountdownModel model = new CountdownModel();
    try (ForwardScheduler<Integer, Integer> scheduler =
        scheduler(Collections.nCopies(8, 100), 8, model)) {
      all(scheduler);
    }
    assertThat(model.forwards.size()).isBetween(100, (int) (100 * SLACK));
    assertThat(model.forwards.stream().filter(n -> n == 8).count()).isGreaterThan(50);
  }

  @Test
  void onlyTheCallingThreadRunsModelsAndPullsItems() {
    Set<Thread> pullers = ConcurrentHashMap.newKeySet();
    Set<Thread> decoders = ConcurrentHashMap.newKeySet();
    Iterator<Integer> numbers = Collections.nCopies(30, 5).iterator();
    Iterator<Integer> items =
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            pullers.add(Thread.currentThread());
            return numbers.hasNext();
          }

          @Override
          public Integer next() {
            pullers.add(Thread.currentThread());
            return numbers.next();
          }
        };
    CountdownModel target = new CountdownModel();
    CountdownModel draft = new CountdownModel();
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            items,
            4,
            any -> 4,
            target,
            draft,
            (n, p, q) -> {
              decoders.add(Thread.currentThread());
              assertThat(p.vocabularySize()).isEqualTo(1000);
              assertThat(p.contextLength()).isEqualTo(1000);
              assertThat(p.isEos(0)).isTrue();
              return countDown(p, n) + countDown(q, n);
            })) {
      assertThat(all(scheduler)).hasSize(30).containsOnly(10);
      assertThat(scheduler.waitingNanos()).isPositive();
    }
    assertThat(pullers).containsExactly(Thread.currentThread());
    assertThat(target.callers).containsExactly(Thread.currentThread());
    assertThat(draft.callers).containsExactly(Thread.currentThread());
    assertThat(decoders).doesNotContain(Thread.currentThread());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void theModelThatMostRowsWaitForGoesFirst(int forTarget) {
    int others = 5;
    CountDownLatch begun = new CountDownLatch(1);
    Set<Thread> asking = ConcurrentHashMap.newKeySet();
    List<String> order = new ArrayList<>();
    // The first forward lasts until all the others wait for one of the models.
    CountdownModel target =
        new CountdownModel(
            extensions -> {
              order.add("target");
              if (begun.getCount() > 0) {
                begun.countDown();
                while (asking.size() < others
                    || !asking.stream().allMatch(t -> t.getState() == Thread.State.WAITING)) {
                  Thread.onSpinWait();
                }
              }
            });
    CountdownModel draft = new CountdownModel(extensions -> order.add("draft"));
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            IntStream.rangeClosed(0, others).iterator(),
            others + 1,
            any -> others + 1,
            target,
            draft,
            (n, p, q) -> {
              if (n > 0) {
                try {
                  begun.await();
                } catch (InterruptedException e) {
                  throw new CancellationException();
                }
                asking.add(Thread.currentThread());
              }
              return countDown(n <= forTarget ? p : q, 1);
            })) {
      all(scheduler);
    }
    assertThat(order.subList(1, 3))
        .isEqualTo(
            forTarget * 2 > others ? List.of("target", "draft") : List.of("draft", "target"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aRowThatThrowsEndsThemAll(int rows) {
    CountdownModel model = new CountdownModel();
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            IntStream.range(0, 1000).iterator(),
            rows,
            any -> rows,
            model,
            null,
            (n, p, q) -> {
              int forwards = countDown(p, n);
              if (n == 4) {
                throw new StackOverflowError("row 4");
              }
              return forwards;
            })) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> all(scheduler))
            .isInstanceOf(StackOverflowError.class)
            .hasMessage("row 4");
      }
      assertThat(scheduler.unfinished()).contains(4);
      assertThat(model.forwards.size()).isLessThan(100);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void aForwardThatFailsEndsThemAllAndIsNotTriedAgain(int rows) {
    List<Integer> failed = new ArrayList<>();
    CountdownModel model =
        new CountdownModel(
            extensions -> {
              if (extensions.stream().anyMatch(e -> e.tokens()[0] == 13)) {
                failed.add(extensions.size());
                throw new IllegalStateException("a fault of the engine");
              }
            });
    List<Throwable> seen = Collections.synchronizedList(new ArrayList<>());
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            List.of(5, 6, 16, 7, 18, 19, 20, 9).iterator(),
            rows,
            any -> rows,
            model,
            null,
            (n, p, q) -> {
              try {
                return countDown(p, n);
              } catch (RuntimeException e) {
                seen.add(e);
                throw e;
              }
            })) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> all(scheduler)).hasMessage("a fault of the engine");
      }
      assertThat(scheduler.unfinished()).contains(16);
    }
    assertThat(failed).hasSize(1);
    // No row is told but that it is over.
    assertThat(seen).isNotEmpty();
    assertThat(seen).allMatch(e -> rows == 1 || e instanceof ForwardScheduler.TaskEnded);
  }

  private static ForwardScheduler<Integer, Integer> limited(
      List<Integer> items, int rows, ForwardScheduler.Decoder<Integer, Integer> decoder) {
    ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            items.iterator(), rows, any -> rows, new CountdownModel(), null, decoder);
    scheduler.limitTime(Duration.ofMillis(100), n -> -n);
    return scheduler;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aRowThatTakesTooLongGivesItsPlaceAway(int rows) {
    CountDownLatch ended = new CountDownLatch(2);
    List<Integer> items = List.of(1, 70, 2, 80, 3, 4, 5);
    try (ForwardScheduler<Integer, Integer> scheduler =
        limited(
            items,
            rows,
            (n, p, q) -> {
              try {
                while (n == 70) {
                  countDown(p, 5);
                }
                if (n == 80) {
                  sleep(20_000);
                }
                return countDown(p, n);
              } finally {
                if (n >= 70) {
                  ended.countDown();
                }
              }
            })) {
      assertThat(all(scheduler)).containsExactly(1, -70, 2, -80, 3, 4, 5);
      assertThat(ended.await(5, TimeUnit.SECONDS)).as("their threads went no further").isTrue();
      assertThat(scheduler.inFlight()).isZero();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aRowThatHeedsNothingIsLeftBehind() {
    AtomicBoolean spinning = new AtomicBoolean(true);
    AtomicReference<Throwable> asked = new AtomicReference<>();
    try {
      long started = System.nanoTime();
      try (ForwardScheduler<Integer, Integer> scheduler =
          limited(
              List.of(1, 70, 2),
              2,
              (n, p, q) -> {
                while (n == 70 && spinning.get()) {
                  Thread.onSpinWait();
                }
                try {
                  return countDown(p, n);
                } catch (RuntimeException e) {
                  asked.set(e);
                  throw e;
                }
              })) {
        assertThat(all(scheduler)).containsExactly(1, -70, 2);
        assertThat(scheduler.threads()).hasSize(2);
      }
      assertThat(System.nanoTime() - started).isLessThan(10_000_000_000L);
    } finally {
      spinning.set(false);
    }
    rowThreads().forEach(ForwardSchedulerTest::join);
    assertThat(asked.get()).isInstanceOf(ForwardScheduler.TaskEnded.class);
  }

  private static void join(Thread thread) {
    try {
      thread.join(5000);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void whatIsCheckedEndsRowsBetweenForwards(int rows) {
    CountdownModel model = new CountdownModel();
    try (ForwardScheduler<Integer, Integer> scheduler =
        scheduler(List.of(500, 500, 500, 500), rows, model)) {
      scheduler.checkAlways(
          () -> {
            if (model.forwards.size() == 7) {
              throw new IllegalStateException("killed");
            }
          });
      assertThatThrownBy(scheduler::next).hasMessage("killed");
    }
    assertThat(model.forwards).hasSize(7);
  }

  @Test
  void saysWhatRowsWaitFor() throws InterruptedException {
    CountDownLatch inForward = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicReference<String> state = new AtomicReference<>();
    AtomicReference<List<Thread>> threads = new AtomicReference<>();
    CountdownModel draft =
        new CountdownModel(
            extensions -> {
              inForward.countDown();
              try {
                goOn.await();
              } catch (InterruptedException e) {
                throw new CancellationException();
              }
            });
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            List.of(1, 2, 3).iterator(),
            3,
            any -> 3,
            new CountdownModel(),
            draft,
            (n, p, q) -> {
              if (n == 3) {
                sleep(200);
              }
              return countDown(n == 2 ? p : q, 1);
            })) {
      assertThat(scheduler.state()).isEqualTo("0 rows in flight, 0 of them busy");
      Thread looking =
          new Thread(
              () -> {
                try {
                  inForward.await();
                  state.set(scheduler.state());
                  threads.set(scheduler.threads());
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                } finally {
                  goOn.countDown();
                }
              });
      looking.start();
      assertThat(all(scheduler)).hasSize(3);
      looking.join();
    }
    assertThat(state.get())
        .startsWith("3 rows in flight, 1 of them busy, 1 waiting for the target")
        .endsWith("; the draft has been computing for 0 s");
    assertThat(threads.get()).hasSize(4).contains(Thread.currentThread());
  }

  @Test
  void aSlowRowDoesNotStopTheOthers() {
    List<Integer> finished = Collections.synchronizedList(new ArrayList<>());
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            List.of(0, 10, 11, 12).iterator(),
            4,
            any -> 4,
            new CountdownModel(),
            null,
            (n, p, q) -> {
              for (int i = 0; n == 0 && i < 4; i++) {
                sleep(50);
                countDown(p, 1);
              }
              int forwards = countDown(p, n);
              finished.add(n);
              return forwards;
            })) {
      assertThat(all(scheduler)).containsExactly(0, 10, 11, 12);
    }
    assertThat(finished).hasSize(4).endsWith(0);
  }

  /** One row outlasts more rows than results may wait, as it would among rows that all fail. */
  @Test
  void aRowThatOutlastsManyOthersHoldsNothingUp() {
    int rows = 3;
    AtomicInteger pulled = new AtomicInteger();
    List<Integer> items = new ArrayList<>(Collections.nCopies(1000, 1));
    items.set(0, 900);
    Iterator<Integer> pulling =
        IntStream.range(0, items.size())
            .peek(i -> pulled.incrementAndGet())
            .mapToObj(items::get)
            .iterator();
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            pulling, rows, any -> rows, new CountdownModel(), null, (n, p, q) -> countDown(p, n))) {
      assertThat(scheduler.next()).isEqualTo(900);
      // Results that wait take memory, so they are bounded.
      assertThat(pulled.get()).isLessThanOrEqualTo(64 * rows);
      assertThat(all(scheduler)).hasSize(999).containsOnly(1);
    }
  }

  @Test
  void anErrorOfTheModelEndsTheRows() {
    CountdownModel model =
        new CountdownModel(
            extensions -> {
              if (extensions.stream().anyMatch(e -> e.tokens()[0] == 3)) {
                throw new OutOfMemoryError("a test's");
              }
            });
    try (ForwardScheduler<Integer, Integer> scheduler = scheduler(List.of(5, 6, 7), 3, model)) {
      assertThatThrownBy(() -> all(scheduler)).isInstanceOf(OutOfMemoryError.class);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void closingInTheMiddleEndsAllRows(boolean interrupted) {
    AtomicInteger ended = new AtomicInteger();
    ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            IntStream.range(0, 100).iterator(),
            8,
            any -> 8,
            new CountdownModel(),
            null,
            (n, p, q) -> {
              try {
                if (n == 5) {
                  sleep(20_000);
                }
                return countDown(p, n < 3 ? n : 900);
              } finally {
                ended.incrementAndGet();
              }
            });
    assertThat(scheduler.next()).isZero();
    assertThat(scheduler.next()).isEqualTo(1);
    assertThat(rowThreads()).isNotEmpty();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    scheduler.close();
    assertThat(Thread.interrupted()).isEqualTo(interrupted);
    assertThat(ended.get()).isBetween(8, 11);
    // A second time, as a task's end may do it.
    scheduler.close();
  }

  @Test
  void closingBeforeTheFirstResultDoesNothing() {
    scheduler(List.of(1, 2), 4, new CountdownModel()).close();
  }

  @Test
  void interruptionCancels() {
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            List.of(1, 2, 3).iterator(),
            3,
            any -> 3,
            new CountdownModel(),
            null,
            (n, p, q) -> {
              sleep(20_000);
              return n;
            })) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(scheduler::next).isInstanceOf(CancellationException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void interruptionWhileForwardsRunCancels() throws InterruptedException {
    List<Throwable> thrown = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch running = new CountDownLatch(20);
    Thread task =
        new Thread(
            () -> {
              CountdownModel model = new CountdownModel(extensions -> running.countDown());
              try (ForwardScheduler<Integer, Integer> scheduler =
                  new ForwardScheduler<>(
                      List.of(1, 2, 3).iterator(),
                      3,
                      any -> 3,
                      model,
                      null,
                      (n, p, q) -> {
                        while (true) {
                          countDown(p, 5);
                        }
                      })) {
                scheduler.next();
              } catch (CancellationException e) {
                thrown.add(e);
              }
            });
    task.start();
    assertThat(running.await(10, TimeUnit.SECONDS)).isTrue();
    task.interrupt();
    task.join(10_000);
    assertThat(task.isAlive()).isFalse();
    assertThat(thrown).hasSize(1);
  }

  @Test
  void oneRowAtATimeNeedsNoThread() {
    CountdownModel model = new CountdownModel();
    Set<Thread> decoders = ConcurrentHashMap.newKeySet();
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            List.of(3, 4).iterator(),
            1,
            any -> 1,
            model,
            null,
            (n, p, q) -> {
              decoders.add(Thread.currentThread());
              assertThat(q).isNull();
              return countDown(p, n);
            })) {
      assertThat(scheduler.next()).isEqualTo(3);
      assertThat(scheduler.next()).isEqualTo(4);
    }
    assertThat(decoders).containsExactly(Thread.currentThread());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void isAnIterator(int rows) {
    try (ForwardScheduler<Integer, Integer> scheduler =
        scheduler(Arrays.asList(2, 0), rows, new CountdownModel())) {
      for (int wanted : new int[] {2, 0}) {
        assertThat(scheduler.hasNext()).isTrue();
        assertThat(scheduler.hasNext()).isTrue();
        assertThat(scheduler.next()).isEqualTo(wanted);
      }
      assertThat(scheduler.hasNext()).isFalse();
      assertThat(scheduler.hasNext()).isFalse();
      assertThatThrownBy(scheduler::next).isInstanceOf(NoSuchElementException.class);
    }
    try (ForwardScheduler<Integer, Integer> empty =
        scheduler(List.of(), rows, new CountdownModel())) {
      assertThat(empty.hasNext()).isFalse();
      assertThatThrownBy(empty::next).isInstanceOf(NoSuchElementException.class);
    }
  }

  /** What each row asks of shared work between two forwards. */
  private static final class Shared {

    final List<List<Integer>> calls = Collections.synchronizedList(new ArrayList<>());
    final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    List<String> work(List<Integer> asked) {
      threads.add(Thread.currentThread());
      calls.add(List.copyOf(asked));
      if (asked.contains(13)) {
        throw new IllegalArgumentException("unlucky");
      }
      return asked.stream().map(n -> "<" + n + ">").toList();
    }
  }

  private static ForwardScheduler<Integer, String> sharing(
      List<Integer> items, int rows, LanguageModel model, Shared shared) {
    AtomicReference<Function<List<Integer>, List<String>>> ask = new AtomicReference<>();
    ForwardScheduler<Integer, String> scheduler =
        new ForwardScheduler<>(
            items.iterator(),
            rows,
            any -> rows,
            model,
            null,
            (n, p, q) -> {
              countDown(p, 2);
              List<String> answers = ask.get().apply(List.of(n, n + 100));
              countDown(p, 1);
              return String.join("", answers);
            });
    ask.set(scheduler.shared("a test", shared::work));
    return scheduler;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 20})
  void whatRowsAskForTogetherIsOneCallOnTheCallingThread(int rows) {
    List<Integer> items = IntStream.range(20, 60).boxed().toList();
    Shared shared = new Shared();
    try (ForwardScheduler<Integer, String> scheduler =
        sharing(items, rows, new CountdownModel(), shared)) {
      assertThat(all(scheduler))
          .isEqualTo(items.stream().map(n -> "<%d><%d>".formatted(n, n + 100)).toList());
    }
    assertThat(shared.threads).containsExactly(Thread.currentThread());
    // Rows that a busy machine has put out of step ask at other moments.
    assertThat(shared.calls.size()).isBetween(40 / rows, rows == 1 ? 40 : 30);
  }

  @Test
  void sharedWorkThatFailsEndsThemAll() {
    Shared shared = new Shared();
    try (ForwardScheduler<Integer, String> scheduler =
        sharing(List.of(11, 12, 13, 14), 4, new CountdownModel(), shared)) {
      assertThatThrownBy(() -> all(scheduler)).hasMessage("unlucky");
    }
    assertThat(shared.calls).filteredOn(call -> call.contains(13)).hasSize(1);
  }

  @Test
  void closingEndsRowsThatWaitForSharedWork() {
    AtomicReference<Function<List<Integer>, List<Integer>>> ask = new AtomicReference<>();
    AtomicInteger ended = new AtomicInteger();
    ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            List.of(1, 2, 3).iterator(),
            3,
            any -> 3,
            new CountdownModel(),
            null,
            (n, p, q) -> {
              if (n == 1) {
                return n;
              }
              try {
                return ask.get().apply(List.of(n)).get(0);
              } catch (ForwardScheduler.TaskEnded e) {
                ended.incrementAndGet();
                throw e;
              }
            });
    ask.set(
        scheduler.shared(
            "a test",
            asked -> {
              throw new AssertionError("nobody pulls results any more");
            }));
    assertThat(scheduler.next()).isEqualTo(1);
    scheduler.close();
    assertThat(ended).hasValue(2);
  }

  @Test
  void noRowsAtATimeAreRefused() {
    assertThatThrownBy(() -> scheduler(List.of(1), 0, new CountdownModel()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 rows at a time");
  }

  @Test
  void anItemThatAllowsFewerWaitsUntilWhatIsInFlightHasEnded() {
    List<Integer> started = new ArrayList<>();
    AtomicInteger now = new AtomicInteger();
    // The third item allows two at a time, so it starts alone, and the fourth joins it.
    try (ForwardScheduler<Integer, Integer> scheduler =
        new ForwardScheduler<>(
            List.of(9, 9, 8, 7, 6).iterator(),
            4,
            item -> item == 8 ? 2 : 4,
            new CountdownModel(),
            null,
            (n, p, q) -> {
              synchronized (started) {
                started.add(now.incrementAndGet());
              }
              int forwards = countDown(p, n);
              now.decrementAndGet();
              return forwards;
            })) {
      assertThat(all(scheduler)).hasSize(5);
    }
    assertThat(started.get(2)).as("in flight as the third starts, itself included").isEqualTo(1);
    assertThat(started).as("in flight as each starts").allMatch(count -> count <= 2);
  }
}
