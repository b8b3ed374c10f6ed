package io.foresight.decoding.search;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.DecodingSettings.RewardMode;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.S2Action;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.DecodingSettings.Tree;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LineReward;
import io.foresight.decoding.Request;
import io.foresight.decoding.strategy.Strategies;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A random row with its models, reward and settings; everything follows from a seed. */
public record Case(
    FakeModel p, FakeModel q, int[] prompt, int limit, CountedReward reward, DecodingSettings s) {

  /** A random function of the line, not monotone, with few values. */
  public static final class CountedReward implements LineReward {
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
    DecodingSettings settings =
        DecodingSettings.builder()
            .maxNewTokens(maxNewTokens)
            .temperature(0.5 + random.nextDouble())
            .topK(random.nextInt(4))
            .topP(random.nextBoolean() ? 1 : 0.7)
            .samples(1 + random.nextInt(4))
            .verification(Verification.values()[random.nextInt(3)])
            .lookahead(random.nextInt(7))
            .draftLength(1 + random.nextInt(6))
            .candidates(1 + random.nextInt(9))
            .rewardWeight(lambdas[random.nextInt(lambdas.length)])
            .acceptanceThreshold(random.nextInt(5) / 4.0)
            .rewardThreshold(thresholds[random.nextInt(thresholds.length)])
            .rewardMode(RewardMode.values()[random.nextInt(3)])
            .rewardSpan(RewardSpan.values()[random.nextInt(2)])
            .s2Action(S2Action.values()[random.nextInt(3)])
            .s3Lookahead(Roller.values()[random.nextInt(2)])
            .s4Lookahead(Roller.values()[random.nextInt(2)])
            .speculateLookahead(random.nextBoolean())
            .lookaheadDraft(1 + random.nextInt(4))
            .reuseRollouts(random.nextBoolean())
            .window(1 + random.nextInt(6))
            .adaptiveDraft(Toggle.values()[random.nextInt(3)])
            .hints(Toggle.values()[random.nextInt(3)])
            .tree(
                new Tree(
                    random.nextInt(4),
                    1 + random.nextInt(5),
                    1 + random.nextInt(3),
                    random.nextInt(5)))
            .build();
    CountedReward reward = new CountedReward(random.nextLong(), random.nextInt(2), vocabulary);
    return new Case(p, q, prompt, Math.min(maxNewTokens, room), reward, settings);
  }

  public Request request() {
    return new Request(prompt, s.maxNewTokens(), reward, rowSeed());
  }

  /** The row's seed: another one in each case, or every case would have the same noise. */
  public long rowSeed() {
    return reward.seed * 31 + prompt.length;
  }

  /**
   * The case as it is without a ratio test: all that {@code speculative} has besides the others.
   */
  public Case withoutRatioTest() {
    return s.verification() == Verification.SAMPLING
        ? with(s.toBuilder().verification(Verification.COUPLED).build())
        : this;
  }

  public Case with(DecodingSettings settings) {
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
