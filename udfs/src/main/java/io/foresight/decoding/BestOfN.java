package io.foresight.decoding;

import io.foresight.decoding.Tally.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

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

  /** One sample so far. */
  private static final class Draw {
    final Line line;
    final SplittableRandom random;
    int[] ids = new int[0];
    double[] logProbs = new double[0];
    double sum;

    Draw(Line line, SplittableRandom random) {
      this.line = line;
      this.random = random;
    }
  }

  @Override
  public Branches branches() {
    return new Branches(samples, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, null, request);
    // A generator of its own keeps a sample the same whatever the others' lengths.
    SplittableRandom seeds = new SplittableRandom(request.seed());
    try (Lines lines = new Lines()) {
      Line prefix = lines.add(Line.open(row.target(), row.tokens(), Line.Detail.ROWS));
      prefix.next(0);
      List<Draw> draws = new ArrayList<>();
      for (int i = 0; i < samples; i++) {
        draws.add(new Draw(i == 0 ? prefix : lines.add(prefix.fork()), seeds.split()));
      }
      List<Draw> open = new ArrayList<>(draws);
      while (!open.isEmpty()) {
        int[] one = new int[open.size()];
        Arrays.fill(one, 1);
        Line.rollOut(row.target(), open.stream().map(draw -> draw.line).toList(), one, 0, 0);
        open.forEach(this::draw);
        open.removeIf(draw -> row.finishedBy(draw.ids));
      }
      Draw best = best(row, draws);
      for (int i = 0; i < best.ids.length; i++) {
        row.commit(Origin.TARGET, best.ids[i], best.logProbs[i]);
      }
    }
    return row.generation();
  }

  private void draw(Draw draw) {
    float[] scores = draw.line.next(0).row();
    int id = Sampler.draw(sampler.distribution(scores), draw.random);
    draw.ids = Ids.concat(draw.ids, id);
    draw.logProbs = Arrays.copyOf(draw.logProbs, draw.ids.length);
    draw.logProbs[draw.ids.length - 1] = scores[id];
    draw.sum += scores[id];
    draw.line.advance(id);
  }

  private static Draw best(Row row, List<Draw> draws) {
    Draw best = null;
    double bestReward = 0;
    for (Draw draw : draws) {
      double reward = row.reward(draw.ids);
      if (best == null || reward > bestReward || (reward == bestReward && draw.sum > best.sum)) {
        best = draw;
        bestReward = reward;
      }
    }
    return best;
  }
}
