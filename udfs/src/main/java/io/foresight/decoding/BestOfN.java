package io.foresight.decoding;

import io.foresight.decoding.Tally.Origin;
import java.util.Arrays;
import java.util.List;

/**
 * n samples from p, extended together in one forward per step; the one with the highest reward is
 * kept. Ties go to the higher log p, then to the earlier sample.
 */
public final class BestOfN implements Strategy {

  private final int samples;
  private final Sampler sampler;

  /** Samples as {@code settings} say. */
  public BestOfN(DecodingSettings settings) {
    this.samples = settings.samples();
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
  public Branches branches() {
    return new Branches(samples, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, null, request);
    Noise noise = new Noise(sampler, request.seed());
    try (Lines lines = new Lines()) {
      Line first =
          lines.add(
              Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS, noise.ofSample(0)));
      if (samples > 1) {
        first.fill();
      }
      for (int i = 1; i < samples; i++) {
        lines.add(first.fork(noise.ofSample(i)));
      }
      int[] counts = new int[samples];
      Arrays.fill(counts, row.remaining());
      Line.rollOut(row.target(), lines.all(), counts, 0, 0);
      best(row, lines.all()).forEach(next -> row.commit(Origin.TARGET, next.id(), next.logProb()));
    }
    return row.generation();
  }

  private static List<Next> best(Row row, List<Line> samples) {
    List<Next> best = null;
    double bestReward = 0;
    for (Line sample : samples) {
      List<Next> tokens = sample.known();
      double reward = row.reward(sample.greedy(tokens.size()));
      boolean better =
          best == null
              || reward > bestReward
              || (reward == bestReward && logProb(tokens) > logProb(best));
      best = better ? tokens : best;
      bestReward = better ? reward : bestReward;
    }
    return best;
  }

  private static double logProb(List<Next> tokens) {
    return tokens.stream().mapToDouble(Next::logProb).sum();
  }
}
