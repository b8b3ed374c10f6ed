package io.foresight.decoding.strategy;

import io.foresight.decoding.Branches;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.search.CandidateStep;
import io.foresight.decoding.search.Hints;
import io.foresight.decoding.search.Line;
import io.foresight.decoding.search.Row;

/**
 * Constrained decoding with lookahead heuristics: every token is chosen among p's top k by log p
 * and the reward of a rollout of d tokens by p. The baseline of every speed-up.
 */
public final class Cdlh implements Strategy {

  private final DecodingSettings settings;
  private final CandidateStep step;
  private final boolean hinted;

  /** Decodes as {@code settings} say. */
  public Cdlh(DecodingSettings settings) {
    this.settings = settings;
    this.step = CandidateStep.of(settings, settings.reuseRollouts());
    this.hinted = settings.hints().on(false);
  }

  @Override
  public String name() {
    return "cdlh";
  }

  @Override
  public boolean usesDraft() {
    return false;
  }

  @Override
  public Branches branches() {
    return new Branches(1 + step.candidates(hinted), 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, null, request);
    Noise noise = Noise.of(settings, request);
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS, noise)) {
      Hints hints = Hints.of(row, hinted);
      p.gather(hints.ids());
      while (!row.finished()) {
        step.byTarget(row, p, hints);
      }
    }
    return row.generation();
  }
}
