package io.foresight.decoding;

import io.foresight.decoding.Tally.Origin;
import java.util.SplittableRandom;

/** One sample from p, by temperature, top-k and top-p, seeded per row. */
public final class Sample implements Strategy {

  private final Sampler sampler;

  /** Samples as {@code settings} say. */
  public Sample(DecodingSettings settings) {
    this.sampler = Sampler.of(settings);
  }

  @Override
  public String name() {
    return "sample";
  }

  @Override
  public boolean usesDraft() {
    return false;
  }

  @Override
  public Branches branches() {
    return new Branches(1, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, null, request);
    SplittableRandom random = new SplittableRandom(request.seed());
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.ROWS)) {
      while (!row.finished()) {
        float[] scores = p.next(0).row();
        int id = Sampler.draw(sampler.distribution(scores), random);
        row.commit(Origin.TARGET, id, scores[id]);
        p.advance(id);
      }
    }
    return row.generation();
  }
}
