package io.foresight.decoding.check;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;

import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Generation;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.LogitsControls;
import io.foresight.decoding.LogitsRules;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.settings.Settings;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * A random row with its models, reward and settings; everything follows from a seed.
 *
 * @param p the target
 * @param q the draft: it equals p, opposes it, knows less context, or has nothing to do with it; it
 *     may know fewer of p's EOS ids
 * @param prompt the row's prompt
 * @param limit most tokens that the row may get: by the settings, and by the room in p's context
 * @param reward the row's reward
 * @param rowSeed the row's seed: another one in each case, or every case would have the same noise
 * @param settings of all strategies
 */
public record Case(
    FakeModel p,
    FakeModel q,
    int[] prompt,
    int limit,
    CountedReward reward,
    long rowSeed,
    Settings settings) {

  /** The case of a seed; the same with the same strategies on the class path. */
  public static Case of(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int vocabulary = 3 + random.nextInt(6);
    int eosIds = 1 + random.nextInt(vocabulary > 4 ? 2 : 1);
    int[] prompt = new int[1 + random.nextInt(4)];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = eosIds + random.nextInt(vocabulary - eosIds);
    }
    if (random.nextInt(4) == 0) {
      // A chat's turns end by EOS, and there are models whose texts begin with it.
      prompt[random.nextInt(prompt.length)] = random.nextInt(eosIds);
    }
    int maxNewTokens = 1 + random.nextInt(12);
    int room = random.nextInt(4) == 0 ? 1 + random.nextInt(12) : 40;
    int context = prompt.length + room;
    int order = random.nextInt(4);
    long weights = random.nextLong();
    double sharpness = 0.3 + random.nextDouble();
    FakeModel p =
        new FakeModel(vocabulary, context, order, weights, sharpness, eosIds)
            .afterPrompt(prompt.length);
    // A draft may have been trained to end by fewer of them.
    int draftEosIds = 1 + new SplittableRandom(seed + 1).nextInt(eosIds);
    FakeModel q =
        switch (random.nextInt(4)) {
          case 0 -> p.again();
          case 1 -> new FakeModel(vocabulary, context, order, weights, -sharpness, draftEosIds);
          case 2 ->
              new FakeModel(
                  vocabulary, context, order == 0 ? 1 : order - 1, weights, 1, draftEosIds);
          default -> new FakeModel(vocabulary, context, 2, random.nextLong(), 1, draftEosIds);
        };
    if (random.nextInt(3) == 0) {
      // A draft never limits a row, however little of it it can see.
      q = q.withContext(1 + random.nextInt(10));
    }
    if (weights % 4 == 0) {
      q = q.scoringOnly(eosIds + 1 + Math.floorMod(weights / 4, vocabulary - eosIds));
    }
    Settings settings = RandomSettings.of(random.nextLong()).with(MAX_NEW_TOKENS, maxNewTokens);
    CountedReward reward =
        new CountedReward(new RandomReward(random.nextLong(), random.nextBoolean(), vocabulary));
    return new Case(
        p,
        q.afterPrompt(prompt.length),
        prompt,
        Math.min(maxNewTokens, room),
        reward,
        random.nextLong(),
        settings);
  }

  /** The row. */
  public Request request() {
    return new Request(prompt, settings.get(MAX_NEW_TOKENS), reward, rowSeed)
        .under(rules(), stop());
  }

  /** Rules for the logits, in a third of the cases. */
  public LogitsRules rules() {
    SplittableRandom random = new SplittableRandom(rowSeed + 1);
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

  /** What stops the row besides EOS and the limit, in a quarter of the cases: two ids in turn. */
  public Predicate<int[]> stop() {
    SplittableRandom random = new SplittableRandom(rowSeed + 2);
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

  /**
   * The case as it is without a ratio test: all that {@code speculative} has besides the others.
   */
  public Case withoutRatioTest() {
    return settings.get(VERIFICATION) == Verification.SAMPLING
        ? with(settings.with(VERIFICATION, Verification.COUPLED))
        : this;
  }

  /** The same case under other settings, of which the limit must be the same. */
  public Case with(Settings others) {
    return new Case(p, q, prompt, limit, reward, rowSeed, others);
  }

  /** The same case with another draft. */
  public Case withDraft(FakeModel draft) {
    return new Case(p, draft, prompt, limit, reward, rowSeed, settings);
  }

  /** The same case with another reward. */
  public Case withReward(HypothesisReward other) {
    return new Case(p, q, prompt, limit, new CountedReward(other), rowSeed, settings);
  }

  /** The same case with models and a reward of which nothing was asked yet. */
  public Case again() {
    return new Case(p.again(), q.again(), prompt.clone(), limit, reward.again(), rowSeed, settings);
  }

  /** The same case with a draft that sees all that p sees. */
  public Case draftingInFullContext() {
    return withDraft(q.withContext(p.contextLength()));
  }

  /** The same case with a draft that is another instance of p. */
  public Case draftingWithTarget() {
    return withDraft(p.again());
  }

  /** Decodes by the strategy that the settings name. */
  public Generation decode() {
    return decode(Strategies.of(settings));
  }

  /** Decodes by a strategy. */
  public Generation decode(Strategy strategy) {
    return strategy.decode(p, strategy.usesDraft() ? q : null, request());
  }
}
