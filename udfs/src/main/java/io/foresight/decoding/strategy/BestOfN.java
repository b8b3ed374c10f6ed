package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.OUTPUTS;
import static io.foresight.decoding.DecodingSettings.SAMPLES;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.DecodingSettings.Outputs;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.hypothesis.Hypotheses;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.decoding.search.Samples;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * n samples from p, extended together in one forward per step; the one with the highest reward is
 * kept. Ties go to the higher log p, then to the earlier sample.
 */
public final class BestOfN implements Strategy {

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "best-of-n";
    }

    @Override
    public List<Setting<?>> reads() {
      return List.of(SAMPLES, TEMPERATURE, TOP_K, TOP_P, OUTPUTS);
    }

    @Override
    public Strategy create(Settings settings) {
      return new BestOfN(settings);
    }
  }

  private final int samples;
  private final Sampler sampler;
  private final boolean keepsAll;

  /** Samples as {@code settings} say. */
  public BestOfN(Settings settings) {
    this.samples = settings.get(SAMPLES);
    this.sampler = Sampler.of(settings);
    this.keepsAll = settings.get(OUTPUTS) == Outputs.ALL;
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
    List<Noise> noises = IntStream.range(0, samples).mapToObj(noise::ofSample).toList();
    try (Hypotheses drawn = Samples.draw(row, noises)) {
      if (keepsAll) {
        drawn.all().forEach(sample -> row.output(sample.known()));
      }
      best(row, drawn.all()).forEach(next -> row.commit(Origin.TARGET, next.id(), next.logProb()));
    }
    return row.generation();
  }

  private static List<TokenScores> best(DecodingRow row, List<Hypothesis> samples) {
    Hypothesis best = null;
    List<TokenScores> bestText = List.of();
    double bestReward = 0;
    double bestLogProb = 0;
    for (Hypothesis sample : samples) {
      List<TokenScores> text = row.upToStop(sample.known());
      double reward = row.reward(ids(text));
      double logProb = text.stream().mapToDouble(TokenScores::logProb).sum();
      boolean better = best == null || reward > bestReward;
      if (best != null && reward == bestReward && !Arrays.equals(ids(bestText), ids(text))) {
        better = logProb > bestLogProb;
        if (Math.abs(logProb - bestLogProb) < Scores.NEAR_TIE) {
          row.nearTie();
          better =
              row.target().hasCanonicalScores()
                  ? alone(sample, ids(text)) > alone(best, ids(bestText))
                  : better;
        }
      }
      if (better) {
        best = sample;
        bestText = text;
        bestReward = reward;
        bestLogProb = logProb;
      }
    }
    return bestText;
  }

  private static int[] ids(List<TokenScores> text) {
    return text.stream().mapToInt(TokenScores::id).toArray();
  }

  /** A text's log p as it is in a forward of its own. */
  private static double alone(Hypothesis sample, int[] ids) {
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
