package io.foresight.decoding.strategy;

import io.foresight.decoding.Branches;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.search.Contests;
import io.foresight.decoding.search.Hints;
import io.foresight.decoding.search.Line;
import io.foresight.decoding.search.Row;

/**
 * {@link Cdlh}'s output in far fewer forwards (decoding.md, cdlh-speculative): to CDLH what
 * speculative decoding is to greedy decoding. q drafts and p verifies the line w, which is CDLH's
 * rollout of the top candidate at each of its positions; another candidate is rolled out only where
 * the reward's upper bound lets it win.
 */
public final class CdlhSpeculative implements Strategy {

  private final DecodingSettings settings;

  /** Decodes as {@code settings} say. */
  public CdlhSpeculative(DecodingSettings settings) {
    this.settings = settings;
  }

  @Override
  public String name() {
    return "cdlh-speculative";
  }

  @Override
  public boolean usesDraft() {
    return true;
  }

  private Hints gathered(Row row, Line p) {
    Hints hints = Hints.of(row, settings.hints().on(false));
    p.gather(hints.ids());
    return hints;
  }

  @Override
  public Branches branches() {
    // Of each position's candidates all but w itself.
    int rollouts =
        1
            + Math.max(1, settings.window())
                * ((settings.hints().on(false) ? 2 : 1) * settings.candidates() - 1);
    return new Branches(rollouts, rollouts, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, draft, request);
    Noise noise = Noise.of(settings, request);
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS, noise);
        Line q = Line.open(row.draft(), row.tokens(), Line.Detail.IDS, noise);
        Contests contests =
            new Contests(settings, Math.max(1, settings.window()), row, p, q, gathered(row, p))) {
      while (!row.finished()) {
        while (!contests.settled()) {
          contests.round();
        }
        contests.commit();
      }
    }
    return row.generation();
  }
}
