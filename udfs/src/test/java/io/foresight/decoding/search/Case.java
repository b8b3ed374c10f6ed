package io.foresight.decoding.search;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD_DRAFT;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.SAMPLES;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.Cdlh.REUSE_ROLLOUTS;
import static io.foresight.decoding.strategy.CdlhSpeculative.WINDOW;
import static io.foresight.decoding.strategy.Cdsl.ACCEPTANCE_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.REWARD_SPAN;
import static io.foresight.decoding.strategy.Cdsl.S2_ACTION;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S4_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.SPECULATE_LOOKAHEAD;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROLLOUT;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROUNDS;
import static io.foresight.decoding.strategy.CdslTree.TREE_VERIFY;
import static io.foresight.decoding.strategy.CdslTree.TREE_WIDTH;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.DecodingSettings.RewardMode;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.S2Action;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Generation;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LogitsControls;
import io.foresight.decoding.LogitsRules;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategies;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** A random row with its models, reward and settings; everything follows from a seed. */
public record Case(
    FakeModel p, FakeModel q, int[] prompt, int limit, CountedReward reward, Settings s) {

  /** A random function of the line, not monotone, with few values. */
  public static final class CountedReward implements HypothesisReward {
    private final long seed;
    private final int kind;
    private final int first;
    private final int second;
    long calls;

    CountedReward(long seed, int kind, int vocabulary) {
      this.seed = seed;
      this.kind = kind;
      this.first = vocabulary - 1;
      this.second = vocabulary / 2;
    }

    /** Hostile: any ids, EOS and none at all among them, whether they help or not. */
    @Override
    public List<int[]> hints(int[] generated) {
      SplittableRandom random = new SplittableRandom(seed + generated.length);
      List<int[]> hints = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        hints.add(random.ints(1 + random.nextInt(3), 0, first + 1).toArray());
      }
      return hints;
    }

    @Override
    public boolean startsWord(int id) {
      return (id + seed) % 3 != 0;
    }

    @Override
    public Judgement judge(int[] generated, boolean finished) {
      calls++;
      double reward = reward(generated, finished);
      return new Judgement(reward, new double[] {reward, hashed(generated, !finished)});
    }

    @Override
    public List<Criterion> criteria() {
      return List.of(
          new Criterion(seed % 2 == 0 ? RewardMode.GAIN : RewardMode.LEVEL, 0.5),
          new Criterion(seed % 3 == 0 ? RewardMode.GAIN : RewardMode.LEVEL, 0.25));
    }

    private double reward(int[] generated, boolean finished) {
      if (kind == 0) {
        double covered = 0;
        covered += Arrays.stream(generated).anyMatch(id -> id == first) ? 0.5 : 0;
        covered += Arrays.stream(generated).anyMatch(id -> id == second) ? 0.5 : 0;
        return covered;
      }
      return hashed(generated, finished);
    }

    private double hashed(int[] generated, boolean finished) {
      long hash = seed + (finished ? 1 : 0);
      for (int id : generated) {
        hash = hash * 31 + id;
      }
      return new SplittableRandom(hash).nextInt(5) / 4.0;
    }
  }

  public static Case of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int vocabulary = 3 + random.nextInt(6);
    int eosIds = 1 + random.nextInt(vocabulary > 4 ? 2 : 1);
    int[] prompt = new int[1 + random.nextInt(4)];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = eosIds + random.nextInt(vocabulary - eosIds);
    }
    int maxNewTokens = 1 + random.nextInt(12);
    int room = random.nextInt(4) == 0 ? 1 + random.nextInt(12) : 40;
    int context = prompt.length + room;
    int order = random.nextInt(4);
    long weights = random.nextLong();
    double sharpness = 0.3 + random.nextDouble();
    FakeModel p = new FakeModel(vocabulary, context, order, weights, sharpness, eosIds);
    // A draft that equals p, opposes it, knows less context, or has nothing to do with it.
    FakeModel q =
        switch (random.nextInt(4)) {
          case 0 -> new FakeModel(vocabulary, context, order, weights, sharpness, eosIds);
          case 1 -> new FakeModel(vocabulary, context, order, weights, -sharpness, eosIds);
          case 2 ->
              new FakeModel(vocabulary, context, order == 0 ? 1 : order - 1, weights, 1, eosIds);
          default -> new FakeModel(vocabulary, context, 2, random.nextLong(), 1, eosIds);
        };
    if (random.nextInt(3) == 0) {
      // A draft never limits a row, however little of it it can see.
      q = q.withContext(1 + random.nextInt(10));
    }
    double[] lambdas = {0, 0.3, 1, 10};
    double[] thresholds = {
      Double.NEGATIVE_INFINITY, 0.25, 0.5, 1, Double.POSITIVE_INFINITY, Double.NaN
    };
    Settings settings =
        Settings.defaults()
            .with(MAX_NEW_TOKENS, maxNewTokens)
            .with(TEMPERATURE, 0.5 + random.nextDouble())
            .with(TOP_K, random.nextInt(4))
            .with(TOP_P, random.nextBoolean() ? 1 : 0.7)
            .with(SAMPLES, 1 + random.nextInt(4))
            .with(VERIFICATION, Verification.values()[random.nextInt(3)])
            .with(LOOKAHEAD, random.nextInt(7))
            .with(DRAFT_LENGTH, 1 + random.nextInt(6))
            .with(CANDIDATES, 1 + random.nextInt(9))
            .with(REWARD_WEIGHT, lambdas[random.nextInt(lambdas.length)])
            .with(ACCEPTANCE_THRESHOLD, random.nextInt(5) / 4.0)
            .with(REWARD_THRESHOLD, thresholds[random.nextInt(thresholds.length)])
            .with(REWARD_MODE, RewardMode.values()[random.nextInt(3)])
            .with(REWARD_SPAN, RewardSpan.values()[random.nextInt(2)])
            .with(S2_ACTION, S2Action.values()[random.nextInt(3)])
            .with(S3_LOOKAHEAD, Roller.values()[random.nextInt(2)])
            .with(S4_LOOKAHEAD, Roller.values()[random.nextInt(2)])
            .with(SPECULATE_LOOKAHEAD, random.nextBoolean())
            .with(LOOKAHEAD_DRAFT, 1 + random.nextInt(4))
            .with(REUSE_ROLLOUTS, random.nextBoolean())
            .with(WINDOW, 1 + random.nextInt(6))
            .with(ADAPTIVE_DRAFT, Toggle.values()[random.nextInt(3)])
            .with(HINTS, Toggle.values()[random.nextInt(3)])
            .with(TREE_ROUNDS, random.nextInt(4))
            .with(TREE_WIDTH, 1 + random.nextInt(5))
            .with(TREE_VERIFY, 1 + random.nextInt(3))
            .with(TREE_ROLLOUT, random.nextInt(5));
    CountedReward reward = new CountedReward(random.nextLong(), random.nextInt(2), vocabulary);
    return new Case(p, q, prompt, Math.min(maxNewTokens, room), reward, settings);
  }

  public Request request() {
    return new Request(prompt, s.get(MAX_NEW_TOKENS), reward, rowSeed()).under(rules(), stop());
  }

  /** Rules for the logits, in a third of the cases. */
  public LogitsRules rules() {
    SplittableRandom random = new SplittableRandom(reward.seed + 1);
    if (random.nextInt(3) > 0) {
      return LogitsRules.NONE;
    }
    Map<Integer, Float> biases = new HashMap<>();
    biases.put(random.nextInt(p.vocabularySize()), (float) (random.nextDouble() - 0.5));
    // Both at once may leave no token.
    boolean least = random.nextBoolean();
    int[] eos = IntStream.range(0, p.vocabularySize()).filter(p::isEos).toArray();
    return new LogitsControls(
            least ? random.nextInt(5) : 0,
            0.7 + random.nextDouble(),
            least ? 0 : 3 + random.nextInt(2),
            biases)
        .of(prompt.length, eos);
  }

  /**
   * What stops the row besides EOS and the limit, in a quarter of the cases: two tokens in turn.
   */
  public Predicate<int[]> stop() {
    SplittableRandom random = new SplittableRandom(reward.seed + 2);
    if (random.nextInt(4) > 0) {
      return ids -> false;
    }
    int first = random.nextInt(p.vocabularySize());
    int second = random.nextInt(p.vocabularySize());
    return ids -> {
      for (int i = 0; i + 1 < ids.length; i++) {
        if (ids[i] == first && ids[i + 1] == second) {
          return true;
        }
      }
      return false;
    };
  }

  /** The row's seed: another one in each case, or every case would have the same noise. */
  public long rowSeed() {
    return reward.seed * 31 + prompt.length;
  }

  /**
   * The case as it is without a ratio test: all that {@code speculative} has besides the others.
   */
  public Case withoutRatioTest() {
    return s.get(VERIFICATION) == Verification.SAMPLING
        ? with(s.with(VERIFICATION, Verification.COUPLED))
        : this;
  }

  public Case with(Settings settings) {
    return new Case(p, q, prompt, limit, reward, settings);
  }

  /** The same case with a draft that sees all that p sees. */
  public Case draftingInFullContext() {
    return new Case(p, q.withContext(p.contextLength()), prompt, limit, reward, s);
  }

  /** The same case with a draft that is another instance of p. */
  public Case draftingWithTarget() {
    return new Case(p, p.again(), prompt, limit, reward, s);
  }

  /** Decodes by the strategy that the settings name. */
  public Generation decode() {
    return Strategies.of(s).decode(p, q, request());
  }
}
