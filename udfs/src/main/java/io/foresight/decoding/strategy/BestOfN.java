package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.Hypotheses;
import io.foresight.decoding.search.Hypothesis;
import io.foresight.decoding.search.Ids;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.decoding.search.TokenScores;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.Arrays;
import java.util.List;

/**
 * n samples from p, extended together in one forward per step; the one with the highest reward is
 * kept. Ties go to the higher log p, then to the earlier sample.
 */
public final class BestOfN implements Strategy {

  /** n. */
  public static final Setting<Integer> SAMPLES =
      Setting.whole("decoding.samples", 5, 1)
          .changes(Setting.Effect.GENERATION)
          .does("best-of-n: samples per row");

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "best-of-n";
    }

    @Override
    public List<Setting<?>> reads() {
      return List.of(SAMPLES, TEMPERATURE, TOP_K, TOP_P);
    }

    @Override
    public Strategy create(Settings settings) {
      return new BestOfN(settings);
    }
  }

  private final int samples;
  private final Sampler sampler;

  /** Samples as {@code settings} say. */
  public BestOfN(Settings settings) {
    this.samples = settings.get(SAMPLES);
    this.sampler = Sampler.of(settings);
  }

  @Override
  public String name() {
    return "best-of-n";
  }

  @Override
  public boolean usesDraft() {
    return false;
  }

  @Override
  public CacheNeed cacheNeed() {
    return new CacheNeed(samples, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    DecodingRow row = new DecodingRow(target, null, request);
    Noise noise = new Noise(sampler, request.seed());
    try (Hypotheses hypotheses = new Hypotheses()) {
      Hypothesis first =
          hypotheses.add(
              Hypothesis.open(
                  row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise.ofSample(0)));
      if (samples > 1) {
        first.fill();
      }
      for (int i = 1; i < samples; i++) {
        hypotheses.add(first.fork(noise.ofSample(i)));
      }
      int[] counts = new int[samples];
      Arrays.fill(counts, row.remaining());
      Hypothesis.rollOut(row.target(), hypotheses.all(), counts, 0, 0);
      best(row, hypotheses.all())
          .forEach(next -> row.commit(Origin.TARGET, next.id(), next.logProb()));
    }
    return row.generation();
  }

  private static List<TokenScores> best(DecodingRow row, List<Hypothesis> samples) {
    Hypothesis best = null;
    double bestReward = 0;
    double bestLogProb = 0;
    for (Hypothesis sample : samples) {
      double reward = row.reward(ids(sample));
      double logProb = sample.known().stream().mapToDouble(TokenScores::logProb).sum();
      boolean better = best == null || reward > bestReward;
      if (best != null && reward == bestReward && !Arrays.equals(ids(best), ids(sample))) {
        better = logProb > bestLogProb;
        if (Math.abs(logProb - bestLogProb) < Scores.NEAR_TIE) {
          row.nearTie();
          better = row.target().hasCanonicalScores() ? alone(sample) > alone(best) : better;
        }
      }
      if (better) {
        best = sample;
        bestReward = reward;
        bestLogProb = logProb;
      }
    }
    return best.known();
  }

  private static int[] ids(Hypothesis sample) {
    return sample.greedy(Integer.MAX_VALUE);
  }

  /** A sample's log p as it is in a forward of its own. */
  private static double alone(Hypothesis sample) {
    int[] ids = ids(sample);
    int[] path = Ids.concat(sample.base(), Arrays.copyOf(ids, ids.length - 1));
    int[][] named = Arrays.stream(ids).mapToObj(id -> new int[] {id}).toArray(int[][]::new);
    List<TokenScores> scores = sample.alone(path, sample.base().length, named);
    double sum = 0;
    for (int i = 0; i < ids.length; i++) {
      sum += scores.get(i).logProbOf(ids[i]);
    }
    return sum;
  }
}
