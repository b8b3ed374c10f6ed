package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.Judgement;
import io.foresight.reward.RewardFunction.RowReward;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RewardsTest {

  private static final Map<String, Object> ROW =
      Map.of("concepts", List.of("dog", "run"), "reference", "A dog runs.", "most", 4);

  /** Made by a factory that is on the class path of these tests' threads only. */
  public static final class Scripted implements RewardFactory {

    private static final AtomicInteger CLOSED = new AtomicInteger();

    /** For the service loader. */
    public Scripted() {}

    @Override
    public String type() {
      return "scripted";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      long seed = settings.integer("seed", 0, 0);
      boolean absent = settings.flag("absent", false);
      boolean unfinished = settings.flag("unfinished", true);
      double bound = settings.number("bound", 1, 0, 1);
      String fault = settings.text("fault", "none");
      if (fault.equals("factory")) {
        throw new IllegalStateException("no factory");
      }
      return new RewardFunction() {
        @Override
        public Optional<RowReward> forRow(Map<String, Object> row) {
          if (fault.equals("row")) {
            throw new IllegalArgumentException("no row");
          }
          RowReward reward = new Random(seed, unfinished, bound, fault);
          return fault.equals("null row") ? null : Optional.of(reward).filter(of -> !absent);
        }

        @Override
        public double threshold() {
          return 0.25;
        }

        @Override
        public void close() {
          CLOSED.incrementAndGet();
        }
      };
    }
  }

  /** Scores by chance, or is at fault. */
  private record Random(long seed, boolean judgesUnfinished, double bound, String fault)
      implements RowReward {

    @Override
    public double reward(String text, boolean finished) {
      if (!finished && !judgesUnfinished) {
        throw new AssertionError("asked about an unfinished text");
      }
      return switch (fault) {
        case "throws" -> throw new IllegalStateException("no score");
        case "recursion" -> reward(text, finished) + 1;
        case "nan" -> Double.NaN;
        case "negative" -> -0.001;
        case "above" -> Math.nextUp(bound);
        default -> {
          double share = new SplittableRandom(Objects.hash(seed, text, finished)).nextInt(5) / 4.0;
          yield bound * share;
        }
      };
    }

    @Override
    public double[] rewards(List<String> texts, boolean[] finished) {
      double[] rewards = RowReward.super.rewards(texts, finished);
      Arrays.fill(finished, true);
      return switch (fault) {
        case "short" -> Arrays.copyOf(rewards, rewards.length - 1);
        case "null scores" -> null;
        default -> rewards;
      };
    }

    @Override
    public double upperBound() {
      return fault.equals("bound") ? 1.5 : bound;
    }

    @Override
    public List<String> hints(String text) {
      return switch (fault) {
        case "null hints" -> null;
        case "null hint" -> Arrays.asList("a", null);
        default -> List.of("hint " + seed % 2);
      };
    }

    @Override
    public Map<String, Double> parts(String text) {
      return fault.equals("part") ? Map.of("p", 2.0) : Map.of("p", 0.5);
    }
  }

  private static Rewards open(Combination combination, List<RewardSpec.Named> rewards) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(
        new ClassLoader(RewardsTest.class.getClassLoader()) {
          @Override
          protected Enumeration<URL> findResources(String name) {
            return name.equals("META-INF/services/" + RewardFactory.class.getName())
                ? Collections.enumeration(List.of(memory(Scripted.class.getName())))
                : Collections.emptyEnumeration();
          }
        });
    try {
      return Rewards.open(new RewardSpec(combination, rewards), TextScorer.Source.ELSEWHERE);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static URL memory(String content) {
    try {
      return new URL(
          null,
          "memory:it",
          new URLStreamHandler() {
            @Override
            protected URLConnection openConnection(URL url) {
              return new URLConnection(url) {
                @Override
                public void connect() {}

                @Override
                public InputStream getInputStream() throws IOException {
                  return new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8));
                }
              };
            }
          });
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static RewardSpec.Named scripted(String name, Object... settings) {
    return named(name, "scripted", settings);
  }

  private static RewardSpec.Named named(String name, String type, Object... settings) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("type", type);
    for (int i = 0; i < settings.length; i += 2) {
      map.put(settings[i].toString(), settings[i + 1]);
    }
    return new RewardSpec.Named(name, map);
  }

  /** A reward that is composed, known beside the composition. */
  private record Known(
      String name, RowReward reward, double weight, Criterion criterion, boolean hard) {

    double score(String text, boolean finished) {
      return finished || reward.judgesUnfinished()
          ? reward.reward(text, finished)
          : reward.upperBound();
    }
  }

  private record Case(
      Combination combination, List<RewardSpec.Named> specs, List<Known> judging, RowRewards of) {}

  private static Case drawn(SplittableRandom random) {
    Combination combination = Combination.values()[random.nextInt(Combination.values().length)];
    List<RewardSpec.Named> specs = new ArrayList<>();
    List<Known> judging = new ArrayList<>();
    int count = random.nextInt(6);
    for (int i = 0; i < count; i++) {
      String name = "r" + i;
      Map<String, Object> settings = new LinkedHashMap<>();
      Optional<RowReward> reward = draw(random, settings);
      String type = settings.get("type").toString();
      double threshold = type.equals("scripted") ? 0.25 : type.equals("similarity") ? 0.5 : 1;
      if (random.nextBoolean()) {
        threshold = random.nextInt(5) / 4.0;
        settings.put("threshold", threshold);
      }
      double weight = 1;
      if (combination == Combination.WEIGHTED_SUM && random.nextBoolean()) {
        weight = random.nextInt(3) * 0.7;
        settings.put("weight", weight);
      }
      RewardMode mode = random.nextBoolean() ? RewardMode.GAIN : RewardMode.LEVEL;
      settings.put("mode", mode == RewardMode.GAIN ? "gain" : "level");
      boolean hard = random.nextInt(3) > 0;
      settings.put("hard", String.valueOf(hard));
      specs.add(new RewardSpec.Named(name, settings));
      if (reward.isPresent()) {
        judging.add(new Known(name, reward.get(), weight, new Criterion(mode, threshold), hard));
      }
    }
    return new Case(combination, specs, judging, open(combination, specs).forRow(ROW));
  }

  private static Optional<RowReward> draw(SplittableRandom random, Map<String, Object> settings) {
    if (random.nextBoolean()) {
      boolean absent = random.nextInt(5) == 0;
      boolean unfinished = random.nextInt(3) > 0;
      double bound = random.nextInt(3) == 0 ? random.nextDouble() : 1;
      int seed = random.nextInt(1000);
      settings.putAll(
          Map.of(
              "type", "scripted",
              "seed", seed,
              "absent", absent,
              "unfinished", unfinished,
              "bound", bound));
      return Optional.<RowReward>of(new Random(seed, unfinished, bound, "none"))
          .filter(of -> !absent);
    }
    List<Map<String, Object>> ours =
        List.of(
            Map.of("type", "keyword-coverage"),
            Map.of("type", "forbidden-words", "words", List.of("cat")),
            Map.of("type", "forbidden-words", "words-column", "nothing"),
            Map.of("type", "length", "at-least", 3, "at-most-column", "most"),
            Map.of("type", "regex", "pattern", "dogs?"),
            Map.of("type", "regex", "pattern", "(?i)a.*", "whole", true),
            Map.of("type", "json-schema", "schema", "{\"maxLength\": 2}"),
            Map.of("type", "similarity"),
            Map.of("type", "readability"));
    settings.putAll(ours.get(random.nextInt(ours.size())));
    RewardFactory factory = RewardTypes.all().get(settings.get("type").toString());
    Map<String, Object> own = new LinkedHashMap<>(settings);
    own.remove("type");
    return Made.forRow(factory, own, ROW);
  }

  private static String text(SplittableRandom random) {
    List<String> words = List.of("A", "dog", "cat", "runs", ".", "\"a\"", "to", "!");
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(6); i > 0; i--) {
      text.append(words.get(random.nextInt(words.size()))).append(random.nextInt(4) > 0 ? " " : "");
    }
    return text.toString();
  }

  /** The combination, as its documentation reads. */
  private static double combined(Case of, double[] scores) {
    List<Known> judging = of.judging();
    int n = scores.length;
    return switch (of.combination()) {
      case WEIGHTED_SUM -> {
        double weights = judging.stream().mapToDouble(Known::weight).sum();
        yield weights == 0
            ? 1
            : IntStream.range(0, n)
                .mapToDouble(i -> judging.get(i).weight() / weights * scores[i])
                .sum();
      }
      case PRODUCT -> Arrays.stream(scores).reduce(1, (a, b) -> a * b);
      case MINIMUM -> Arrays.stream(scores).min().orElse(1);
      case LEXICOGRAPHIC -> {
        double worth = 0;
        boolean counts = true;
        for (int i = 0; i < n; i++) {
          double threshold = judging.get(i).criterion().threshold();
          double reached = scores[i] >= threshold ? 1 : scores[i] / threshold;
          worth += counts ? reached / n : 0;
          counts &= scores[i] >= threshold;
        }
        yield n == 0 ? 1 : worth;
      }
    };
  }

  @Property(tries = 300)
  void judgementsAreWhatEachRewardSaysCombined(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Case of = drawn(random);
    List<String> texts = IntStream.range(0, random.nextInt(5)).mapToObj(i -> text(random)).toList();
    boolean[] finished = new boolean[texts.size()];
    for (int i = 0; i < finished.length; i++) {
      finished[i] = random.nextBoolean();
    }
    boolean[] asked = finished.clone();
    List<Judgement> judgements = of.of().judge(texts, asked);
    assertThat(asked).isEqualTo(finished);
    assertThat(judgements).hasSameSizeAs(texts);
    assertThat(of.of().criteria()).isEqualTo(of.judging().stream().map(Known::criterion).toList());
    for (int i = 0; i < finished.length; i++) {
      String text = texts.get(i);
      boolean ends = finished[i];
      double[] scores = of.judging().stream().mapToDouble(r -> r.score(text, ends)).toArray();
      assertThat(judgements.get(i).parts()).isEqualTo(scores);
      assertThat(judgements.get(i).reward())
          .isCloseTo(combined(of, scores), within(1e-12))
          .isBetween(0.0, of.of().upperBound());
    }
    double[] bounds = of.judging().stream().mapToDouble(r -> r.reward().upperBound()).toArray();
    assertThat(of.of().upperBound())
        .isCloseTo(combined(of, bounds), within(1e-12))
        .isBetween(0.0, 1.0);
  }

  @Property(tries = 300)
  void outcomesAreRechecked(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Case of = drawn(random);
    String text = text(random);
    RowRewards.Outcome outcome = of.of().outcome(text);
    Map<String, Double> scores = new LinkedHashMap<>();
    Boolean satisfied = of.judging().stream().anyMatch(Known::hard) ? true : null;
    for (Known known : of.judging()) {
      double score = known.reward().reward(text, true);
      scores.put(known.name(), score);
      known.reward().parts(text).forEach((part, of2) -> scores.put(known.name() + "." + part, of2));
      if (known.hard() && score < known.criterion().threshold()) {
        satisfied = false;
      }
    }
    assertThat(outcome.satisfied()).isEqualTo(satisfied);
    assertThat(List.copyOf(outcome.scores().entrySet())).isEqualTo(List.copyOf(scores.entrySet()));
    boolean weighs =
        of.combination() != Combination.WEIGHTED_SUM
            || of.judging().stream().anyMatch(known -> known.weight() > 0);
    assertThat(outcome.reward())
        .isEqualTo(
            of.judging().isEmpty() || !weighs
                ? null
                : (Double) of.of().judge(List.of(text), new boolean[] {true}).get(0).reward());
    assertThat(of.of().isJudging()).isEqualTo(!of.judging().isEmpty());
    Set<String> hints = new LinkedHashSet<>();
    of.judging().forEach(known -> hints.addAll(known.reward().hints(text)));
    assertThat(of.of().hints(text)).containsExactlyElementsOf(hints);
  }

  @Test
  void aRewardThatCannotBeMadeHasNoUnknownSettings() {
    RewardSpec spec =
        RewardSpec.of("it", Map.of("type", "classifier", "model", "nowhere", "label", "x"));
    assertThatThrownBy(
            () ->
                Rewards.open(
                    spec,
                    model -> {
                      throw new IllegalArgumentException("there is no such folder.");
                    }))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("it cannot be made: there is no such folder.")
        .hasMessageNotContaining("label");
  }

  @ParameterizedTest
  @EnumSource(Combination.class)
  void whatNothingJudgesHasNoReward(Combination combination) {
    RowRewards none = open(combination, List.of()).forRow(ROW);
    assertThat(none.outcome("x")).isEqualTo(new RowRewards.Outcome(null, Map.of(), null));
    assertThat(none.isJudging()).isFalse();
    // While it is decoded, every text is as good as can be.
    assertThat(none.judge(List.of("x"), new boolean[1]).get(0).reward())
        .isEqualTo(none.upperBound());
  }

  @ParameterizedTest
  @CsvSource({
    "throws, no score",
    "nan, NaN",
    "negative, -0.001",
    "above, 0.5000000000000001",
    "short, 1 scores for 2",
    "null scores, null",
    "recursion, StackOverflowError"
  })
  void failingScoreNamesTheReward(String fault, String reason) {
    RowRewards rewards =
        open(
                Combination.PRODUCT,
                List.of(scripted("fine"), scripted("guilty", "fault", fault, "bound", 0.5)))
            .forRow(ROW);
    fails(of -> of.judge(List.of("a", "b"), new boolean[] {true, false}), rewards, reason);
  }

  @ParameterizedTest
  @CsvSource({"null hints, null", "part, 2.0"})
  void failingHintsAndPartsNameTheReward(String fault, String reason) {
    RowRewards rewards =
        open(Combination.MINIMUM, List.of(scripted("guilty", "fault", fault))).forRow(ROW);
    fails(
        of -> {
          assertThat(of.hints("a")).isNotEmpty();
          of.outcome("a");
        },
        rewards,
        reason);
  }

  private static void fails(Consumer<RowRewards> ask, RowRewards rewards, String reason) {
    assertThatThrownBy(() -> ask.accept(rewards))
        .isInstanceOf(RewardException.class)
        .hasMessageStartingWith("Cannot score with reward guilty: ")
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @CsvSource({"row, no row", "null row, null", "bound, 1.5"})
  void failingRowNamesTheReward(String fault, String reason) {
    try (Rewards rewards = open(Combination.PRODUCT, List.of(scripted("guilty", "fault", fault)))) {
      assertThatThrownBy(() -> rewards.forRow(ROW))
          .isInstanceOf(RewardException.class)
          .hasMessageStartingWith("Cannot score with reward guilty: ")
          .hasMessageContaining(reason);
    }
  }

  @Test
  void missingHintsAreLeftOut() {
    assertThat(
            open(Combination.PRODUCT, List.of(scripted("it", "fault", "null hint")))
                .forRow(ROW)
                .hints("x"))
        .containsExactly("a");
  }

  @Test
  void endOfTheTaskIsNoFault() {
    // Asked without the time limit of a jar's reward, which ends no task.
    assertThatThrownBy(
            () ->
                Rewards.asked(
                    "it",
                    () -> {
                      throw new CancellationException("over");
                    }))
        .isInstanceOf(CancellationException.class)
        .hasMessage("over");
  }

  @Test
  void problemsOfAllRewardsAreReportedTogether() {
    int closed = Scripted.CLOSED.get();
    assertThatThrownBy(
            () ->
                open(
                    Combination.PRODUCT,
                    List.of(
                        scripted("fine"),
                        named("a", "length", "at-least", 5, "at-most", 4, "unit", "pages"),
                        named("b", "regex", "pattern", "(", "threshold", 2, "hard", "yes"),
                        named("c", "magic", "at-least", 5),
                        named("d", "similarity", "weight", 2, "mode", "auto", "stem", true),
                        scripted("e", "fault", "factory"))))
        .isInstanceOfSatisfying(
            InvalidRewardsException.class,
            e ->
                assertThat(e.problems())
                    .satisfiesExactlyInAnyOrder(
                        problem -> assertThat(problem).startsWith("rewards.a.unit = pages: "),
                        problem -> assertThat(problem).startsWith("rewards.a.at-most = 4: "),
                        problem -> assertThat(problem).startsWith("rewards.b.pattern = (: "),
                        problem ->
                            assertThat(problem).contains("rewards.b.threshold = 2", "[0, 1]"),
                        problem -> assertThat(problem).startsWith("rewards.b.hard = yes: "),
                        problem ->
                            assertThat(problem)
                                .contains("rewards.c.type = magic", "regex", "scripted"),
                        problem -> assertThat(problem).contains("rewards.d.weight = 2", "sum"),
                        problem -> assertThat(problem).contains("rewards.d.mode = auto"),
                        problem -> assertThat(problem).contains("rewards.d.stem is no setting"),
                        problem -> assertThat(problem).contains("rewards.e.type", "no factory")));
    assertThat(Scripted.CLOSED.get()).isEqualTo(closed + 1);
  }

  @Test
  void columnsOfAllRewardsAreWanted() {
    try (Rewards rewards =
        open(
            Combination.PRODUCT,
            List.of(
                named("a", "similarity", "reference-column", "gold"),
                named("b", "length", "at-most", 3, "at-least-column", "least"),
                named("c", "keyword-coverage")))) {
      assertThat(rewards.columns()).containsExactlyInAnyOrder("gold", "least", "concepts");
      assertThat(rewards).hasToString("a, b, c");
    }
  }
}
