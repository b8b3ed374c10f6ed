package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.SAMPLES;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.check.FakeModel;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.settings.Settings;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Example;

/** Sampling follows p's distribution over whole outputs: chi-square against its enumeration. */
class SamplingTest {

  private static final int DRAWS = 20_000;
  private static final int LIMIT = 3;
  private static final int[] PROMPT = {1};

  private static final Settings PLAIN =
      Settings.defaults().with(VERIFICATION, Verification.SAMPLING).with(DRAFT_LENGTH, 2);
  private static final Settings SHAPED =
      PLAIN.with(TEMPERATURE, 0.7).with(TOP_K, 3).with(TOP_P, 0.9);

  private static void enumerate(
      FakeModel model, Sampler sampler, int[] line, double mass, Map<List<Integer>, Double> into) {
    if (line.length == LIMIT || (line.length > 0 && model.isEos(line[line.length - 1]))) {
      into.put(Arrays.stream(line).boxed().toList(), mass);
      return;
    }
    double[] weights = sampler.distribution(model.logProbs(Ids.concat(PROMPT, line)));
    for (int id = 0; id < weights.length; id++) {
      if (weights[id] > 0) {
        enumerate(model, sampler, Ids.concat(line, id), mass * weights[id], into);
      }
    }
  }

  /** Chi-square in standard deviations above its mean; infinite if an impossible output occurs. */
  private static double deviation(
      Strategy strategy, FakeModel p, FakeModel q, FakeModel truth, Sampler sampler) {
    Map<List<Integer>, Double> expected = new HashMap<>();
    enumerate(truth, sampler, new int[0], 1, expected);
    Map<List<Integer>, Integer> seen = new HashMap<>();
    for (int i = 0; i < DRAWS; i++) {
      Request request =
          new Request(PROMPT, LIMIT, (ids, finished) -> Judgement.of(0), 1_000_003L * i);
      int[] tokens = strategy.decode(p, q, request).tokens();
      seen.merge(Arrays.stream(tokens).boxed().toList(), 1, Integer::sum);
    }
    if (!expected.keySet().containsAll(seen.keySet())) {
      return Double.POSITIVE_INFINITY;
    }
    double chiSquare = 0;
    for (Map.Entry<List<Integer>, Double> entry : expected.entrySet()) {
      double mean = entry.getValue() * DRAWS;
      double difference = seen.getOrDefault(entry.getKey(), 0) - mean;
      chiSquare += difference * difference / mean;
    }
    double freedom = Math.max(1, expected.size() - 1);
    return (chiSquare - freedom) / Math.sqrt(2 * freedom);
  }

  @Example
  void speculativeSamplingFollowsTarget() {
    for (long seed = 1; seed <= 3; seed++) {
      FakeModel p = new FakeModel(4, 20, 2, seed, 0.5, 1);
      FakeModel q = new FakeModel(4, 20, 1, seed + 10, 0.5, 1);
      for (Settings settings : List.of(PLAIN, SHAPED)) {
        Strategy strategy = new Speculative(settings);
        assertThat(deviation(strategy, p, q, p, Sampler.of(settings))).isLessThan(5);
      }
      // The test has the power to tell p from q.
      assertThat(deviation(new Speculative(PLAIN), p, q, q, Sampler.of(PLAIN))).isGreaterThan(20);
    }
  }

  @Example
  void samplesFollowTarget() {
    FakeModel p = new FakeModel(4, 20, 2, 5, 0.5, 1);
    for (Settings settings : List.of(PLAIN, SHAPED)) {
      assertThat(deviation(new Sample(settings), p, null, p, Sampler.of(settings))).isLessThan(5);
    }
  }

  @Example
  void coupledSpeculationFollowsTarget() {
    FakeModel p = new FakeModel(4, 20, 2, 3, 0.5, 1);
    FakeModel q = new FakeModel(4, 20, 1, 13, 0.5, 1);
    for (Settings settings : List.of(PLAIN, SHAPED)) {
      Strategy strategy = new Speculative(settings.with(VERIFICATION, Verification.COUPLED));
      assertThat(deviation(strategy, p, q, p, Sampler.of(settings))).isLessThan(5);
      assertThat(deviation(strategy, p, q, q, Sampler.of(settings))).isGreaterThan(20);
    }
  }

  /** CDLH sampled: over all candidates, a draw from p' exp(lambda R), normalised. */
  @Example
  void sampledCdlhIsTiltedSampling() {
    FakeModel p = new FakeModel(4, 20, 2, 4, 0.5, 1);
    double lambda = 1.5;
    double[] rewards = {0.2, 1, 0.5, 0};
    Strategy cdlh =
        new Cdlh(
            PLAIN
                .with(VERIFICATION, Verification.COUPLED)
                .with(TEMPERATURE, 0.8)
                .with(CANDIDATES, 4)
                .with(LOOKAHEAD, 0)
                .with(REWARD_WEIGHT, lambda));
    double[] expected = new Sampler(0.8, 0, 1).distribution(p.logProbs(PROMPT));
    double sum = 0;
    for (int id = 0; id < expected.length; id++) {
      expected[id] *= Math.exp(lambda * rewards[id]);
      sum += expected[id];
    }
    int[] seen = new int[expected.length];
    for (int i = 0; i < DRAWS; i++) {
      HypothesisReward reward = (ids, finished) -> Judgement.of(rewards[ids[0]]);
      seen[cdlh.decode(p, null, new Request(PROMPT, 1, reward, i)).tokens()[0]]++;
    }
    double chiSquare = 0;
    for (int id = 0; id < seen.length; id++) {
      double mean = DRAWS * expected[id] / sum;
      chiSquare += (seen[id] - mean) * (seen[id] - mean) / mean;
    }
    // 0.9999 of the distribution with 3 degrees of freedom.
    assertThat(chiSquare).isLessThan(21.1);
  }

  /** Seeds are texts: n of them give about as many as n independent draws would. */
  @Example
  void seedsGiveDifferentTexts() {
    FakeModel p = new FakeModel(8, 40, 2, 9, 0.3, 1);
    FakeModel q = new FakeModel(8, 40, 1, 9, 0.3, 1);
    for (String name : List.of("sample", "speculative", "cdlh", "cdsl", "cdsl-tree")) {
      Settings settings = PLAIN.with(STRATEGY, name).with(VERIFICATION, Verification.COUPLED);
      Set<List<Integer>> texts = new HashSet<>();
      for (int seed = 0; seed < 50; seed++) {
        Request request = new Request(PROMPT, 12, (ids, finished) -> Judgement.of(0), seed);
        texts.add(
            Arrays.stream(Strategies.of(settings).decode(p, q, request).tokens()).boxed().toList());
      }
      assertThat(texts).as(name).hasSizeGreaterThan(20);
    }
  }

  @Example
  void noiseIsGumbel() {
    double sum = 0;
    double squares = 0;
    int count = 200_000;
    for (int i = 0; i < count; i++) {
      double noise =
          Noise.gumbel(new Noise(new Sampler(1, 0, 1), i / 400).key(i % 20), i / 20 % 20);
      sum += noise;
      squares += noise * noise;
    }
    double mean = sum / count;
    // Euler's constant and pi^2 / 6, by five standard errors of each.
    assertThat(mean).isCloseTo(0.57722, within(0.0145));
    assertThat(squares / count - mean * mean).isCloseTo(1.64493, within(0.038));
  }

  @Example
  void oneOfOneIsASample() {
    FakeModel p = new FakeModel(4, 20, 2, 6, 0.5, 1);
    Strategy strategy = new BestOfN(PLAIN.with(SAMPLES, 1));
    assertThat(deviation(strategy, p, null, p, Sampler.of(PLAIN))).isLessThan(5);
  }
}
