package io.foresight.reward;

import static io.foresight.reward.OtherRewards.function;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.RowFault;
import io.foresight.reward.RewardFunction.RowReward;
import io.foresight.reward.text.KeywordCoverage;
import java.io.IOException;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rewards of others' jars, that may do anything: none harms more than its own row. */
@Timeout(60)
class OtherRewardsTest {

  private static final Map<String, Object> QUICK = Map.of("timeout", "200ms");
  private static final boolean[] FINISHED = {true};

  @TempDir private Path folder;

  private Rewards open(Map<String, Object> settings, RewardFunction function) throws IOException {
    return OtherRewards.open(folder, settings, read -> function);
  }

  private static double score(Rewards rewards, String text) {
    return rewards.forRow(Map.of()).judge(List.of(text), FINISHED).get(0).reward();
  }

  /** A reward of everything that {@link RowReward} has. */
  private static final class Full implements RowReward {

    private final Supplier<Double> score;

    Full(Supplier<Double> score) {
      this.score = score;
    }

    @Override
    public double reward(String text, boolean finished) {
      return score.get();
    }

    @Override
    public boolean judgesUnfinished() {
      return false;
    }

    @Override
    public double upperBound() {
      return 0.75;
    }

    @Override
    public List<String> hints(String text) {
      return List.of(text + "!");
    }

    @Override
    public Map<String, Double> parts(String text) {
      return Map.of(text, 0.25);
    }
  }

  @Test
  void passesAllOnThatARewardSays() throws IOException {
    AtomicBoolean closed = new AtomicBoolean();
    RewardFunction function =
        new RewardFunction() {
          @Override
          public Optional<RowReward> forRow(Map<String, Object> row) {
            return row.containsKey("judged") ? Optional.of(new Full(() -> 0.5)) : Optional.empty();
          }

          @Override
          public double threshold() {
            return 0.5;
          }

          @Override
          public void close() {
            closed.set(true);
          }
        };
    try (Rewards rewards = open(Map.of(), function)) {
      RowRewards row = rewards.forRow(Map.of("judged", 1));
      assertThat(row.upperBound()).isEqualTo(0.75);
      assertThat(row.hints("a")).containsExactly("a!");
      assertThat(row.judge(List.of("a", "b"), new boolean[] {false, true}))
          .extracting(of -> of.reward())
          .containsExactly(0.75, 0.5);
      assertThat(row.outcome("a").scores())
          .containsOnly(Map.entry("mine", 0.5), Map.entry("mine.a", 0.25));
      assertThat(row.outcome("a").satisfied()).isTrue();
      assertThat(rewards.forRow(Map.of()).criteria()).isEmpty();
      assertThat(closed).isFalse();
    }
    assertThat(closed).isTrue();
  }

  @Test
  void keepsItsThreadsAndTheirClassLoader() throws IOException {
    AtomicInteger ran = new AtomicInteger();
    ThreadLocal<Boolean> known = new ThreadLocal<>();
    CompletableFuture<ClassLoader> loader = new CompletableFuture<>();
    RowReward reward =
        (text, finished) -> {
          loader.complete(Thread.currentThread().getContextClassLoader());
          if (known.get() == null) {
            known.set(true);
            ran.incrementAndGet();
          }
          return 1;
        };
    try (Rewards rewards = open(Map.of(), function(reward))) {
      for (int i = 0; i < 100; i++) {
        score(rewards, "a");
      }
    }
    // A call may come before the thread of the last one waits again, so there may be a few.
    assertThat(ran.get()).isLessThan(10);
    assertThat(((URLClassLoader) loader.join()).getURLs()).containsExactly(folder.toUri().toURL());
  }

  private static RowReward throwing(Throwable e) {
    return (text, finished) -> {
      if (e instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) e;
    };
  }

  @Test
  void failuresAreTheRowsAndNameTheReward() throws IOException {
    for (Throwable e :
        List.of(
            new IllegalStateException("no"),
            new NullPointerException(),
            new CancellationException("no"),
            new StackOverflowError(),
            new AssertionError("no"))) {
      try (Rewards rewards = open(Map.of(), function(throwing(e)))) {
        assertThatThrownBy(() -> score(rewards, "a"))
            .isInstanceOf(RewardException.class)
            .hasMessageStartingWith("Cannot score with reward mine: ")
            .hasRootCause(e);
      }
    }
  }

  private static int endless(int n) {
    return n < 0 ? 0 : endless(n + 1) + 1;
  }

  @Test
  void endlessRecursionIsTheRows() throws IOException {
    try (Rewards rewards = open(Map.of(), function((text, finished) -> endless(0)))) {
      assertThatThrownBy(() -> score(rewards, "a"))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("StackOverflowError");
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, -0.1, 1.1, Double.POSITIVE_INFINITY})
  void scoresOutOfRangeAreRefused(double score) throws IOException {
    try (Rewards rewards = open(Map.of(), function((text, finished) -> score))) {
      assertThatThrownBy(() -> score(rewards, "a"))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("it gave " + score + ", which is not in [0, 1.0]");
    }
  }

  private static RowReward giving(double[] scores, List<String> hints, Map<String, Double> parts) {
    return new RowReward() {
      @Override
      public double reward(String text, boolean finished) {
        return 1;
      }

      @Override
      public double[] rewards(List<String> texts, boolean[] finished) {
        return scores;
      }

      @Override
      public List<String> hints(String text) {
        return hints;
      }

      @Override
      public Map<String, Double> parts(String text) {
        return parts;
      }
    };
  }

  @Test
  void nullAndWrongNumbersOfScoresAreRefused() throws IOException {
    try (Rewards rewards = open(Map.of(), function(giving(null, null, null)))) {
      RowRewards row = rewards.forRow(Map.of());
      assertThatThrownBy(() -> row.judge(List.of("a"), FINISHED))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("mine: it gave nothing");
      assertThatThrownBy(() -> row.hints("a"))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("mine: it gave nothing");
    }
    try (Rewards rewards = open(Map.of(), function(giving(new double[2], List.of(), null)))) {
      assertThatThrownBy(() -> score(rewards, "a"))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("it gave 2 scores for 1 texts");
    }
    try (Rewards rewards = open(Map.of(), row -> null)) {
      assertThatThrownBy(() -> rewards.forRow(Map.of()))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("mine: it gave nothing");
    }
  }

  @Test
  void partsWithoutAScoreAreRefused() throws IOException {
    for (Map<String, Double> parts :
        List.of(
            Collections.<String, Double>singletonMap("a", null),
            Collections.<String, Double>singletonMap(null, 1.0),
            Map.of("a", Double.NaN))) {
      RowReward reward = giving(new double[] {1}, List.of(), parts);
      try (Rewards rewards = open(Map.of(), function(reward))) {
        RowRewards row = rewards.forRow(Map.of());
        assertThatThrownBy(() -> row.outcome("a"))
            .isInstanceOf(RewardException.class)
            .hasMessageContaining("mine: it");
      }
    }
  }

  /** Hints without end. */
  private static final class Endless extends AbstractList<String> {

    @Override
    public String get(int index) {
      return index == 0 ? null : index == 1 ? "" : index == 2 ? "a".repeat(5000) : "h" + index;
    }

    @Override
    public int size() {
      return Integer.MAX_VALUE;
    }
  }

  /** What a reward of others' code says of its steps is heard, under its time limit too. */
  @Test
  void stepsAreThoseOfTheReward() throws IOException {
    RowReward reward =
        new RowReward() {
          @Override
          public double reward(String text, boolean finished) {
            return 1;
          }

          @Override
          public double step() {
            return 0.25;
          }
        };
    try (Rewards rewards = open(Map.of(), function(reward))) {
      assertThat(rewards.forRow(Map.of()).reach(new double[] {0.5}, 1)).isEqualTo(0.75);
    }
  }

  @Test
  void hintsAreBoundedInNumberAndLength() throws IOException {
    RowReward reward = giving(new double[] {1}, new Endless(), Map.of());
    try (Rewards rewards = open(Map.of(), function(reward))) {
      assertThat(rewards.forRow(Map.of()).hints("a"))
          .hasSize(TimeLimited.MOST_HINTS)
          .startsWith("h3", "h4");
    }
  }

  @Test
  void sleepingEndsWithItsRow() throws IOException {
    CountDownLatch interrupted = new CountDownLatch(TimeLimited.MOST_ABANDONED + 1);
    RowReward reward =
        (text, finished) -> {
          if (text.equals("sleep")) {
            try {
              Thread.sleep(60_000);
            } catch (InterruptedException e) {
              interrupted.countDown();
            }
          }
          return 1;
        };
    try (Rewards rewards = open(QUICK, function(reward))) {
      for (int i = 0; i < TimeLimited.MOST_ABANDONED + 1; i++) {
        assertThatThrownBy(() -> score(rewards, "sleep"))
            .isInstanceOf(RewardException.class)
            .hasMessage(
                "Cannot score with reward mine: it did not answer within 200 ms. Make it faster, or raise its timeout.");
      }
      assertThat(score(rewards, "a")).isEqualTo(1);
      assertThat(interrupted.getCount()).isZero();
    }
  }

  @Test
  void spinningForeverIsAskedNoMoreUntilItEnds() throws Exception {
    AtomicBoolean spinning = new AtomicBoolean(true);
    AtomicInteger calls = new AtomicInteger();
    RowReward reward =
        (text, finished) -> {
          calls.incrementAndGet();
          while (spinning.get()) {
            Thread.onSpinWait();
          }
          return 1;
        };
    try (Rewards rewards = open(QUICK, function(reward))) {
      for (int i = 0; i < TimeLimited.MOST_ABANDONED; i++) {
        assertThatThrownBy(() -> score(rewards, "a")).hasMessageContaining("within 200 ms");
      }
      long started = System.nanoTime();
      assertThatThrownBy(() -> score(rewards, "a"))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("reward mine: it is not asked any more, since 4 calls");
      assertThat(System.nanoTime() - started).isLessThan(150_000_000L);
      assertThat(calls).hasValue(TimeLimited.MOST_ABANDONED);
      spinning.set(false);
      while (true) {
        try {
          assertThat(score(rewards, "a")).isEqualTo(1);
          return;
        } catch (RewardException e) {
          Thread.sleep(10);
        }
      }
    }
  }

  /** What hangs, of everything that is asked of a reward. */
  private static RewardFunction hanging(String where) {
    return new RewardFunction() {
      private void at(String here) {
        if (here.equals(where)) {
          try {
            Thread.sleep(60_000);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        }
      }

      @Override
      public Optional<RowReward> forRow(Map<String, Object> row) {
        at("forRow");
        return Optional.of(
            new RowReward() {
              @Override
              public double reward(String text, boolean finished) {
                at("reward");
                return 1;
              }

              @Override
              public double upperBound() {
                at("upperBound");
                return 1;
              }

              @Override
              public boolean judgesUnfinished() {
                at("judgesUnfinished");
                return true;
              }

              @Override
              public List<String> hints(String text) {
                at("hints");
                return List.of();
              }

              @Override
              public Map<String, Double> parts(String text) {
                at("parts");
                return Map.of();
              }
            });
      }

      @Override
      public double threshold() {
        at("threshold");
        return 1;
      }

      @Override
      public void close() {
        at("close");
      }
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"forRow", "reward", "upperBound", "judgesUnfinished", "hints", "parts"})
  void everyCallHasTheLimit(String where) throws IOException {
    try (Rewards rewards = open(QUICK, hanging(where))) {
      assertThatThrownBy(
              () -> {
                RowRewards row = rewards.forRow(Map.of());
                row.hints("a");
                row.outcome("a");
              })
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("reward mine: it did not answer within 200 ms");
    }
  }

  @Test
  void closingAndMakingHaveTheLimitToo() throws IOException {
    open(QUICK, hanging("close")).close();
    assertThatThrownBy(() -> open(QUICK, hanging("threshold")))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("it did not answer within 200 ms");
  }

  @Test
  void interruptionEndsTheWaitAtOnce() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    RowReward reward =
        (text, finished) -> {
          asked.countDown();
          try {
            Thread.sleep(60_000);
          } catch (InterruptedException e) {
            interrupted.countDown();
          }
          return 1;
        };
    ExecutorService rows = Executors.newSingleThreadExecutor();
    try (Rewards rewards = open(Map.of(), function(reward))) {
      CompletableFuture<Boolean> flagged = new CompletableFuture<>();
      Future<?> row =
          rows.submit(
              () -> {
                try {
                  assertThatThrownBy(() -> score(rewards, "a"))
                      .isInstanceOf(CancellationException.class);
                  flagged.complete(Thread.currentThread().isInterrupted());
                } catch (Throwable e) {
                  flagged.completeExceptionally(e);
                }
              });
      asked.await();
      rows.shutdownNow();
      assertThat(flagged.get(10, TimeUnit.SECONDS)).isTrue();
      row.get();
      assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    } finally {
      rows.shutdownNow();
    }
  }

  @Test
  void rowsThatOthersChangeAreNoneOfOurs() throws IOException {
    Map<String, Object> values = new HashMap<>(Map.of("a", 1));
    RewardFunction function =
        row -> {
          row.clear();
          return Optional.empty();
        };
    try (Rewards rewards = open(Map.of(), function)) {
      assertThatThrownBy(() -> rewards.forRow(values)).isInstanceOf(RewardException.class);
      assertThat(values).containsKey("a");
    }
  }

  @Test
  void wrongSettingsAreReportedTogether() {
    assertThatThrownBy(
            () ->
                OtherRewards.open(
                    folder,
                    Map.of("timeout", "0s", "unknown", 1),
                    settings -> {
                      settings.text("needed");
                      return null;
                    }))
        .isInstanceOfSatisfying(
            InvalidRewardsException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(3)
                    .anyMatch(problem -> problem.startsWith("rewards.mine.timeout = 0s: "))
                    .anyMatch(problem -> problem.startsWith("rewards.mine.needed = nothing: "))
                    .anyMatch(problem -> problem.startsWith("rewards.mine.unknown is no setting")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "30", "-1s", "1.5s", "s", "1 day", "1000000h"})
  void timesAreWholeNumbersWithAUnit(String text) {
    RewardSettings settings = new RewardSettings("rewards.mine", Map.of("timeout", text));
    assertThat(settings.duration("timeout", java.time.Duration.ofSeconds(7))).hasSeconds(7);
    assertThat(settings.problems()).hasSize(1);
  }

  @Test
  void timesHaveUnits() {
    for (Map.Entry<String, Long> time :
        Map.of("500ms", 500L, "30s", 30_000L, " 2 m ", 120_000L, "1h", 3_600_000L).entrySet()) {
      RewardSettings settings =
          new RewardSettings("rewards.mine", Map.of("timeout", time.getKey()));
      assertThat(settings.duration("timeout", null)).hasMillis(time.getValue());
      assertThat(settings.problems()).isEmpty();
    }
  }

  @Test
  void factoriesThatMakeNothingUsableAreReported() {
    assertThatThrownBy(() -> open(Map.of(), (RewardFunction) null))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("rewards.mine.type = other: it cannot be made: its factory gave");
    AtomicBoolean closed = new AtomicBoolean();
    RewardFunction function =
        new RewardFunction() {
          @Override
          public Optional<RowReward> forRow(Map<String, Object> row) {
            return Optional.empty();
          }

          @Override
          public double threshold() {
            return 7;
          }

          @Override
          public void close() {
            closed.set(true);
            throw new IllegalStateException("cannot be closed either");
          }
        };
    assertThatThrownBy(() -> open(Map.of(), function))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("its own threshold is 7.0, not in [0, 1]");
    assertThat(closed).isTrue();
  }

  /** Takes the name of one of ours. */
  public static final class Namesake implements RewardFactory {

    @Override
    public String type() {
      return "keyword-coverage";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      return null;
    }
  }

  /** Has no name. */
  public static final class Nameless implements RewardFactory {

    @Override
    public String type() {
      return null;
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      return null;
    }
  }

  /** Does not tell its name. */
  public static final class Silent implements RewardFactory {

    @Override
    public String type() {
      throw new IllegalStateException("no name today");
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      return null;
    }
  }

  @Test
  void aTypeHasAName() {
    for (Class<?> factory : List.of(Nameless.class, Silent.class)) {
      assertThatThrownBy(
              () ->
                  OtherRewards.open(
                      folder, List.of(factory.getName()), RewardSpec.keywordCoverage()))
          .isInstanceOf(InvalidRewardsException.class)
          .hasMessageContaining("Cannot use the reward factory " + factory.getName());
    }
  }

  @Test
  void aTypeIsOnlyOne() {
    assertThatThrownBy(
            () ->
                OtherRewards.open(
                    folder, List.of(Namesake.class.getName()), RewardSpec.keywordCoverage()))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining(KeywordCoverage.Factory.class.getName())
        .hasMessageContaining(Namesake.class.getName());
    assertThatThrownBy(
            () ->
                OtherRewards.open(
                    folder, List.of("org.others.Missing"), RewardSpec.keywordCoverage()))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("org.others.Missing");
  }

  @Test
  void anyErrorOfItsOwnIsItsRows() throws IOException {
    Error own = new ServiceConfigurationError("no such service");
    RewardFunction function =
        function(
            (text, finished) -> {
              throw own;
            });
    try (Rewards rewards = open(Map.of(), function)) {
      assertThatThrownBy(() -> score(rewards, "a"))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("mine")
          .hasMessageContaining("no such service");
    }
    assertThatThrownBy(
            () ->
                OtherRewards.open(
                    folder,
                    Map.of(),
                    settings -> {
                      throw own;
                    }))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("it cannot be made: no such service");
  }

  @Test
  void errorsOfTheJvmAreNoRows() throws IOException {
    for (Error e :
        List.of(
            new InternalError("made"),
            new NoClassDefFoundError("org/others/Missing"),
            new ExceptionInInitializerError("made"))) {
      try (Rewards rewards = open(Map.of(), function(throwing(e)))) {
        assertThatThrownBy(() -> score(rewards, "a")).isSameAs(e);
      }
    }
  }

  @Test
  void wantOfMemoryIsNoRows() throws IOException {
    RewardFunction function = function((text, finished) -> new double[Integer.MAX_VALUE][0].length);
    try (Rewards rewards = open(Map.of(), function)) {
      assertThatThrownBy(() -> score(rewards, "a")).isInstanceOf(OutOfMemoryError.class);
    }
  }

  @Test
  void theKindOfAFaultIsKept() throws IOException {
    RowFault own = new RowFault(RowFault.Kind.INPUT, "no letter");
    try (Rewards rewards = open(Map.of(), function(throwing(own)))) {
      assertThatThrownBy(() -> score(rewards, "a"))
          .isInstanceOfSatisfying(
              RewardException.class, e -> assertThat(e.kind()).isEqualTo(RowFault.Kind.INPUT))
          .hasMessage("Cannot score with reward mine: no letter");
    }
    RuntimeException any = new IllegalStateException("no");
    try (Rewards rewards = open(Map.of(), function(throwing(any)))) {
      assertThatThrownBy(() -> score(rewards, "a"))
          .isInstanceOfSatisfying(
              RewardException.class, e -> assertThat(e.kind()).isEqualTo(RowFault.Kind.REWARD));
    }
  }

  /** A function that says when it is closed, and takes a moment for it. */
  private static RewardFunction slowlyClosed(AtomicBoolean closed, RowReward reward) {
    return new RewardFunction() {
      @Override
      public Optional<RowReward> forRow(Map<String, Object> row) {
        return Optional.of(reward);
      }

      @Override
      public void close() {
        try {
          Thread.sleep(50);
          closed.set(true);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  @Test
  void isClosedByAKilledTaskToo() throws IOException {
    AtomicBoolean closed = new AtomicBoolean();
    Rewards rewards = open(Map.of(), slowlyClosed(closed, (text, finished) -> 1));
    Thread.currentThread().interrupt();
    rewards.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(closed).isTrue();
  }

  @Test
  void isClosedThoughItIsNotAskedAnyMore() throws IOException {
    AtomicBoolean closed = new AtomicBoolean();
    CountDownLatch end = new CountDownLatch(1);
    RowReward deaf =
        (text, finished) -> {
          while (end.getCount() > 0) {
            Thread.onSpinWait();
          }
          return 1;
        };
    try (Rewards rewards = open(QUICK, slowlyClosed(closed, deaf))) {
      for (int i = 0; i < TimeLimited.MOST_ABANDONED; i++) {
        assertThatThrownBy(() -> score(rewards, "a")).hasMessageContaining("did not answer");
      }
      assertThatThrownBy(() -> score(rewards, "a")).hasMessageContaining("not asked any more");
    } finally {
      end.countDown();
    }
    assertThat(closed).isTrue();
  }

  @Test
  void aNullTakesASettingBack() throws IOException {
    Map<String, Object> settings = new HashMap<>();
    settings.put("unheard-of", null);
    try (Rewards rewards = open(settings, function((text, finished) -> 1))) {
      assertThat(score(rewards, "a")).isEqualTo(1);
    }
  }
}
