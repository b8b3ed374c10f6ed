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

/** {@link Cdlh} with rollouts by q: p scores the candidates, q looks ahead. */
public final class CdlhAppx implements Strategy {

  private final DecodingSettings settings;
  private final CandidateStep step;
  private final boolean hinted;

  /** Decodes as {@code settings} say. */
  public CdlhAppx(DecodingSettings settings) {
    this.settings = settings;
    this.step = CandidateStep.of(settings, settings.reuseRollouts());
    this.hinted = settings.hints().on(false);
  }

  @Override
  public String name() {
    return "cdlh-appx";
  }

  @Override
  public boolean usesDraft() {
    return true;
  }

  @Override
  public Branches branches() {
    return new Branches(1, 1 + step.candidates(hinted), 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, draft, request);
    Noise noise = Noise.of(settings, request);
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS, noise);
        Line q = Line.open(row.draft(), row.tokens(), Line.Detail.IDS, noise)) {
      Hints hints = Hints.of(row, hinted);
      p.gather(hints.ids());
      while (!row.finished()) {
        step.byDraft(row, p, q, hints);
      }
    }
    return row.generation();
  }
}
