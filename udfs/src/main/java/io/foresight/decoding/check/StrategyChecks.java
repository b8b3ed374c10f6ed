package io.foresight.decoding.check;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.Counters;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Request;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.StrategyFactory.Promise;
import io.foresight.decoding.search.ForwardingModel;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Holds a strategy to what every strategy owes and to what its factory promises, in random cases:
 * toy models, small settings of all kinds, and rewards most of which lead nowhere. Needs no model,
 * no Spark and no test library. Not thread-safe.
 *
 * <p>Long, since it is a list of checks.
 */
public final class StrategyChecks {

  /** More forwards, or evaluations of the reward, than any row of a case can need. */
  private static final long ENDLESS = 20_000;

  /** How long a case may take, in seconds; most take a few milliseconds. */
  private static final long LONGEST = 10;

  /** By how much a sum of log-probabilities may be off, in nats. */
  private static final double LOG_PROB_TOLERANCE = 1e-4;

  /**
   * A row that was decoded.
   *
   * @param prompt its prompt as it was before
   * @param committed how often the request was told of a token
   * @param rewardCalls evaluations of the reward
   */
  private record Run(
      Case c,
      Strategy strategy,
      Generation generation,
      int[] prompt,
      long committed,
      long rewardCalls) {

    int[] tokens() {
      return generation.tokens();
    }
  }

  private final StrategyFactory factory;
  private final Map<String, Function<Run, Optional<String>>> checks = new LinkedHashMap<>();

  /** Checks the strategies that {@code factory} makes. */
  public StrategyChecks(StrategyFactory factory) {
    this.factory = factory;
    checks.put("it is called what its factory is", this::name);
    checks.put("a row ends: at EOS, at the limit or where the context is full", this::ending);
    checks.put("log_prob is what p gives to the tokens in a fresh forward", this::logProb);
    checks.put("counters add up to the tokens, forwards and reward calls", this::counters);
    checks.put("no more is open at a time than cacheNeed says", this::cacheNeed);
    checks.put("all sequences are closed, also when the reward or a model fails", this::closing);
    checks.put("the same row and seed give the same output", this::determinism);
    checks.put("one strategy decodes several rows at a time", this::interleaving);
    checks.put("what else is in a forward changes no token", this::rounding);
    checks.put("settings that it does not read, or that are idle, change no token", this::settings);
    if (factory.promise() == Promise.GREEDY) {
      checks.put(
          "promise GREEDY: the tokens are those of greedy decoding, or of sample, for any draft",
          run -> promise(run, Verification.HARD, Verification.COUPLED));
    }
    if (factory.promise() == Promise.CDLH) {
      checks.put(
          "promise CDLH: the tokens are those of cdlh, for any draft",
          run -> promise(run, Verification.values()));
    }
  }

  /** What the strategy is held to, in words. */
  public List<String> claims() {
    return List.copyOf(checks.keySet());
  }

  /**
   * The case of a seed, to be looked at by a test or a debugger: {@code caseOf(17).decode(...)}.
   */
  public static Case caseOf(long seed) {
    Case c = Case.of(seed);
    HostileReward.Kind[] kinds = HostileReward.Kind.values();
    int kind = new SplittableRandom(c.rowSeed()).nextInt(kinds.length + 3);
    return kind < kinds.length ? c.withReward(new HostileReward(kinds[kind], c.reward())) : c;
  }

  /**
   * Runs all checks in a number of cases.
   *
   * @param firstSeed seed of the first case; the next ones have those that follow
   * @return what is broken: a sentence each, which begins with the seed of its case. At most one
   *     per check and case; none if nothing is. A case that does not end is the last
   */
  public List<String> violations(long firstSeed, int cases) {
    ClassLoader seen = Thread.currentThread().getContextClassLoader();
    // One that never comes back is left behind, and the process can end all the same.
    ExecutorService thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread checking = new Thread(task, "foresight-check");
              checking.setContextClassLoader(seen);
              checking.setDaemon(true);
              return checking;
            });
    List<String> violations = new ArrayList<>();
    try {
      boolean ends = true;
      for (long seed = firstSeed; seed < firstSeed + cases && ends; seed++) {
        ends = check(seed, thread, violations);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(
          "Cannot check strategy %s: the thread was interrupted.".formatted(factory.name()), e);
    } finally {
      thread.shutdownNow();
    }
    return violations;
  }

  /** Checks one case; false if it does not end. */
  private boolean check(long seed, ExecutorService thread, List<String> violations)
      throws InterruptedException {
    Future<List<String>> broken = thread.submit(() -> broken(caseOf(seed)));
    List<String> found;
    boolean ends = true;
    try {
      found = broken.get(LONGEST, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      found = List.of(thrown(e.getCause()));
    } catch (TimeoutException e) {
      found = List.of("it does not end within %d seconds".formatted(LONGEST));
      ends = false;
    }
    found.forEach(what -> violations.add("Seed %d: %s.".formatted(seed, what)));
    return ends;
  }

  private List<String> broken(Case c) {
    Run run;
    try {
      run = run(c, factory.create(c.settings()));
    } catch (RuntimeException e) {
      return List.of(thrown(e));
    }
    List<String> broken = new ArrayList<>();
    for (Function<Run, Optional<String>> check : checks.values()) {
      try {
        check.apply(run).ifPresent(broken::add);
      } catch (RuntimeException e) {
        broken.add(thrown(e));
      }
    }
    return broken;
  }

  /** What was thrown, and where in the strategy's own code. */
  private String thrown(Throwable e) {
    String own = factory.getClass().getPackageName() + ".";
    String place =
        Arrays.stream(e.getStackTrace())
            .filter(frame -> frame.getClassName().startsWith(own))
            .findFirst()
            .map(frame -> " at " + frame)
            .orElse("");
    return "it threw %s%s".formatted(e, place);
  }

  /** Decodes a case by new models and a new reward, which refuse to be asked without end. */
  private static Run run(Case c, Strategy strategy) {
    Case limited = c.again();
    IllegalStateException endless =
        new IllegalStateException(
            "Cannot end a row of %d tokens within %d forwards or rewards: it loops."
                .formatted(c.limit(), ENDLESS));
    limited.p().failAt(ENDLESS, endless);
    limited.q().failAt(ENDLESS, endless);
    limited.reward().failAt(ENDLESS, endless);
    return decode(limited, strategy, limited.p(), limited.q());
  }

  private static Run decode(Case c, Strategy strategy, LanguageModel p, LanguageModel q) {
    int[] prompt = c.prompt().clone();
    long[] committed = {0};
    Request request =
        new Request(
                c.prompt(),
                c.settings().get(MAX_NEW_TOKENS),
                c.reward(),
                c.rowSeed(),
                () -> committed[0]++)
            .under(c.rules(), c.stop());
    Generation generation = strategy.decode(p, strategy.usesDraft() ? q : null, request);
    return new Run(c, strategy, generation, prompt, committed[0], c.reward().calls());
  }

  private Optional<String> name(Run run) {
    return unless(
        run.strategy().name().equals(factory.name())
            && factory.name().matches("[a-z0-9]+(-[a-z0-9]+)*"),
        () ->
            "it is called %s, and its factory %s; both must be one name in lower case with hyphens"
                .formatted(run.strategy().name(), factory.name()));
  }

  private Optional<String> ending(Run run) {
    Case c = run.c();
    int[] tokens = run.tokens();
    if (tokens.length == 0 || tokens.length > c.limit()) {
      return Optional.of(
          "it gave %d tokens, where 1 to %d may be".formatted(tokens.length, c.limit()));
    }
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0 || tokens[i] >= c.p().vocabularySize()) {
        return Optional.of("it gave token %d, which there is not".formatted(tokens[i]));
      }
      if (c.p().isEos(tokens[i]) && i < tokens.length - 1) {
        return Optional.of("it went on after an EOS: %s".formatted(Arrays.toString(tokens)));
      }
    }
    if (tokens.length > Reference.stopped(c, tokens).length) {
      return Optional.of("tokens follow what stops the row");
    }
    boolean ends = c.p().isEos(tokens[tokens.length - 1]) || c.stop().test(tokens);
    if (ends != run.generation().ended()) {
      return Optional.of("ended is %s, and the tokens say %s".formatted(!ends, ends));
    }
    return unless(
        ends || tokens.length == c.limit(),
        () ->
            "it ended after %s of %s tokens without an EOS or a stop"
                .formatted(tokens.length, c.limit()));
  }

  private Optional<String> logProb(Run run) {
    double logProb = Reference.logProb(run.c(), run.tokens());
    return unless(
        Math.abs(run.generation().logProb() - logProb) <= LOG_PROB_TOLERANCE,
        () ->
            "logProb is %s, and by a fresh forward %s"
                .formatted(run.generation().logProb(), logProb));
  }

  private Optional<String> counters(Run run) {
    Case c = run.c();
    Counters counters = run.generation().counters();
    Map<String, long[]> pairs = new LinkedHashMap<>();
    pairs.put("committed", new long[] {counters.committed(), run.tokens().length});
    pairs.put("targetForwards", new long[] {counters.targetForwards(), c.p().forwards()});
    pairs.put("targetPositions", new long[] {counters.targetPositions(), c.p().positions()});
    pairs.put("draftForwards", new long[] {counters.draftForwards(), c.q().forwards()});
    pairs.put("draftPositions", new long[] {counters.draftPositions(), c.q().positions()});
    pairs.put("rewardCalls", new long[] {counters.rewardCalls(), run.rewardCalls()});
    long beyond = run.strategy().usesDraft() ? Reference.beyondDraftContext(c, run.tokens()) : 0;
    pairs.put("beyondDraftContext", new long[] {counters.beyondDraftContext(), beyond});
    for (Map.Entry<String, long[]> pair : pairs.entrySet()) {
      if (pair.getValue()[0] != pair.getValue()[1]) {
        return Optional.of(
            "%s is %d, and must be %d"
                .formatted(pair.getKey(), pair.getValue()[0], pair.getValue()[1]));
      }
    }
    if (run.committed() < run.tokens().length) {
      // More, where what was committed was taken back.
      return Optional.of(
          "the request was told of %d of %d tokens"
              .formatted(run.committed(), run.tokens().length));
    }
    return unless(
        counters.committedDraft() <= counters.accepted()
            && counters.accepted() <= counters.drafted(),
        () ->
            "of %d drafted tokens it counts %d as accepted, and %d as committed"
                .formatted(counters.drafted(), counters.accepted(), counters.committedDraft()));
  }

  private Optional<String> cacheNeed(Run run) {
    CacheNeed need = run.strategy().cacheNeed();
    FakeModel p = run.c().p();
    FakeModel q = run.c().q();
    return unless(
        p.mostOpen() <= need.target()
            && q.mostOpen() <= need.draft()
            && Math.max(p.mostTreeNodes(), q.mostTreeNodes()) <= need.treeNodes(run.c().limit()),
        () ->
            "it had %d sequences of p, %d of q and %d nodes of a tree open, and needs %s"
                .formatted(
                    p.mostOpen(),
                    q.mostOpen(),
                    Math.max(p.mostTreeNodes(), q.mostTreeNodes()),
                    need));
  }

  private Optional<String> closing(Run run) {
    Case c = run.c();
    Optional<String> open = open(c, "it");
    if (open.isPresent()) {
      return open;
    }
    SplittableRandom random = new SplittableRandom(c.rowSeed());
    if (run.rewardCalls() > 0) {
      Case failing = c.again();
      long call = 1 + random.nextLong(run.rewardCalls());
      open = failed(run, failing, failure -> failing.reward().failAt(call, failure), "the reward");
    }
    if (open.isEmpty() && c.p().forwards() > 0) {
      Case failing = c.again();
      long forward = 1 + random.nextLong(c.p().forwards());
      open = failed(run, failing, failure -> failing.p().failAt(forward, failure), "p");
    }
    if (open.isEmpty() && c.q().forwards() > 0) {
      Case failing = c.again();
      long forward = 1 + random.nextLong(c.q().forwards());
      open = failed(run, failing, failure -> failing.q().failAt(forward, failure), "q");
    }
    return open;
  }

  private static Optional<String> failed(
      Run run, Case failing, Consumer<RuntimeException> plan, String who) {
    RuntimeException failure = new IllegalStateException("fails, as it was told to");
    plan.accept(failure);
    try {
      decode(failing, run.strategy(), failing.p(), failing.q());
      return Optional.of(
          "it went on when %s failed, and must throw what that threw".formatted(who));
    } catch (RuntimeException e) {
      return e == failure
          ? open(failing, "when %s failed, it".formatted(who))
          : Optional.of("when %s failed, it threw something else: %s".formatted(who, e));
    }
  }

  private static Optional<String> open(Case c, String who) {
    return unless(
        c.p().openSequences() == 0 && c.q().openSequences() == 0,
        () ->
            "%s left %d sequences of p and %d of q open"
                .formatted(who, c.p().openSequences(), c.q().openSequences()));
  }

  private Optional<String> determinism(Run run) {
    if (!Arrays.equals(run.prompt(), run.c().prompt())) {
      return Optional.of("it wrote to the prompt");
    }
    Run again = run(run.c(), run.strategy());
    Run anew = run(run.c(), factory.create(run.c().settings()));
    for (Run other : List.of(again, anew)) {
      Optional<String> differing = differing(run, other.tokens(), "when decoded again");
      if (differing.isPresent()) {
        return differing;
      }
      if (other.generation().logProb() != run.generation().logProb()
          || !other.generation().counters().equals(run.generation().counters())) {
        return Optional.of("its counters or logProb differ when it decodes the row again");
      }
    }
    return Optional.empty();
  }

  /** Another row is decoded from beginning to end in the midst of this one. */
  private Optional<String> interleaving(Run run) {
    Case c = run.c().again();
    Case between = Case.of(run.c().rowSeed()).with(c.settings());
    int[] alone = run(between, run.strategy()).tokens();
    List<int[]> inside = new ArrayList<>();
    long when = 1 + new SplittableRandom(c.rowSeed()).nextLong(Math.max(1, run.c().p().forwards()));
    LanguageModel interrupted =
        new ForwardingModel(c.p()) {
          @Override
          public List<Scores> extend(List<ForwardRequest> extensions) {
            if (c.p().forwards() == when - 1) {
              inside.add(run(between, run.strategy()).tokens());
            }
            return c.p().extend(extensions);
          }
        };
    Run outside = decode(c, run.strategy(), interrupted, c.q());
    Optional<String> differing =
        differing(run, outside.tokens(), "when it decodes another row meanwhile");
    return differing.isPresent() || inside.isEmpty()
        ? differing
        : unless(
            Arrays.equals(alone, inside.get(0)),
            () -> "a row that it decodes while it decodes another has other tokens than alone");
  }

  /** Neighbours change the rounding of scores, and rewards make up for differences of scores. */
  private Optional<String> rounding(Run run) {
    Case c = run.c().again();
    Settings tying =
        c.settings()
            .with(VERIFICATION, Verification.HARD)
            .with(REWARD_WEIGHT, 4 * c.p().sharpness());
    Case exact = c.with(tying);
    Strategy strategy = factory.create(tying);
    Run expected = run(exact, strategy);
    Run rounded =
        decode(
            exact,
            strategy,
            new RoundingModel(exact.p(), c.rowSeed(), true),
            new RoundingModel(exact.q(), c.rowSeed() + 1, true));
    return differing(expected, rounded.tokens(), "where a neighbour changes the rounding");
  }

  private Optional<String> settings(Run run) {
    Case c = run.c();
    Settings others = c.settings();
    for (Setting<?> setting : RandomSettings.all()) {
      if (!factory.reads().contains(setting)) {
        others = RandomSettings.with(others, setting, c.rowSeed());
      }
    }
    Optional<String> differing =
        differing(
            run,
            run(c.with(others), factory.create(others)).tokens(),
            "under other values of settings that reads() does not have");
    for (Setting<?> setting : factory.idle(c.settings()).keySet()) {
      Settings other = RandomSettings.with(c.settings(), setting, c.rowSeed());
      if (differing.isEmpty()) {
        differing =
            differing(
                run,
                run(c.with(other), factory.create(other)).tokens(),
                "under another value of %s, which is idle".formatted(setting.key()));
      }
    }
    return differing;
  }

  private Optional<String> promise(Run run, Verification... verifications) {
    for (Verification verification : verifications) {
      boolean reads = factory.reads().contains(VERIFICATION);
      Case c = run.c().with(run.c().settings().with(VERIFICATION, verification));
      if (!reads && verification != Verification.HARD) {
        continue;
      }
      boolean greedy = factory.promise() == Promise.GREEDY;
      int[] expected = greedy ? Reference.greedy(c) : Reference.cdlh(c, c.p());
      String whose =
          greedy ? (verification == Verification.HARD ? "greedy decoding" : "sample") : "cdlh";
      Strategy strategy = factory.create(c.settings());
      for (Case drafting : List.of(c, c.draftingWithTarget())) {
        int[] tokens = run(drafting, strategy).tokens();
        if (!Arrays.equals(tokens, expected)) {
          return Optional.of(
              "its tokens are %s, and those of %s %s"
                  .formatted(Arrays.toString(tokens), whose, Arrays.toString(expected)));
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> differing(Run run, int[] tokens, String when) {
    return unless(
        Arrays.equals(run.tokens(), tokens),
        () ->
            "its tokens are %s, and %s %s"
                .formatted(Arrays.toString(run.tokens()), Arrays.toString(tokens), when));
  }

  private static Optional<String> unless(boolean holds, Supplier<String> broken) {
    return holds ? Optional.empty() : Optional.of(broken.get());
  }
}
