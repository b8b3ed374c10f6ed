package io.foresight.decoding.strategy;

import io.foresight.decoding.Branches;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.S2Action;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.search.CandidateStep;
import io.foresight.decoding.search.Contests;
import io.foresight.decoding.search.DraftLength;
import io.foresight.decoding.search.Hints;
import io.foresight.decoding.search.Line;
import io.foresight.decoding.search.Row;
import io.foresight.decoding.search.Tally.State;
import io.foresight.decoding.search.Verified;
import java.util.Arrays;
import java.util.List;

/**
 * Constrained decoding with speculative lookaheads (Nakshatri et al., NAACL 2025, arXiv
 * 2412.10418): q drafts a lookahead, p verifies it, the reward judges what was verified, and
 * acceptance and reward together select one of four actions. The actions are this project's
 * reconstruction.
 */
public final class Cdsl implements Strategy {

  private final DecodingSettings settings;
  private final CandidateStep step;
  private final boolean hinted;

  /** Decodes as {@code settings} say. */
  public Cdsl(DecodingSettings settings) {
    this.settings = settings;
    this.step = CandidateStep.of(settings, true);
    this.hinted = settings.hints().on(false);
  }

  @Override
  public String name() {
    return "cdsl";
  }

  @Override
  public boolean usesDraft() {
    return true;
  }

  @Override
  public Branches branches() {
    return new Branches(1 + step.candidates(hinted), 1 + step.candidates(hinted), 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, draft, request);
    Noise noise = Noise.of(settings, request);
    DraftLength drafts = new DraftLength(settings.adaptiveDraft().on(!acceptanceDecides(row)));
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS, noise);
        Line q = Line.open(row.draft(), row.tokens(), Line.Detail.IDS, noise)) {
      Hints hints = Hints.of(row, hinted);
      p.gather(hints.ids());
      while (!row.finished()) {
        int length = drafts.next(settings.draftLength());
        int[] z = q.rollOut(Math.min(length, row.remaining() - 1));
        // S3 and S4 choose among the top k at the first position.
        Verified verified = Verified.hard(row, p, z, step.candidates(row));
        drafts.observe(verified.drafted(), verified.accepted());
        boolean accepted = verified.acceptance() >= settings.acceptanceThreshold();
        State state =
            passes(row, z, verified.line())
                ? (accepted ? State.S1 : State.S2)
                : (accepted ? State.S3 : State.S4);
        row.step(state);
        switch (state) {
          case S1 -> verified.commit(row, p, q, verified.line().length);
          case S2 -> verified.commit(row, p, q, trusted(row, verified.line()));
          case S3 -> lookAhead(row, p, q, hints, settings.s3Lookahead());
          case S4 -> lookAhead(row, p, q, hints, settings.s4Lookahead());
        }
      }
    }
    return row.generation();
  }

  /**
   * Whether the share of a draft that is accepted decides more than how much is committed at a
   * time. Where it does not, the length follows the row by default; the benchmark shows that
   * coverage holds.
   */
  private boolean acceptanceDecides(Row row) {
    return settings.s2Action() != S2Action.PREFIX
        || settings.s3Lookahead() != settings.s4Lookahead()
        || row.gains(settings)
        || settings.rewardSpan() != RewardSpan.ACCEPTED;
  }

  private boolean passes(Row row, int[] z, int[] w) {
    // An empty draft says nothing; p's own token does.
    int[] line = settings.rewardSpan() == RewardSpan.DRAFT && z.length > 0 ? z : w;
    return row.passes(settings, line);
  }

  /** Number of tokens of w that S2 commits. */
  private int trusted(Row row, int[] w) {
    if (!row.isJudged()) {
      return w.length;
    }
    return switch (settings.s2Action()) {
      case PREFIX -> w.length;
      case ONE_TOKEN -> 1;
      case TO_LAST_GAIN -> lastGain(row, w);
    };
  }

  private static int lastGain(Row row, int[] w) {
    int last = 1;
    double before = row.reward();
    for (int i = 1; i <= w.length; i++) {
      double reward = row.reward(Arrays.copyOf(w, i));
      if (reward > before) {
        last = i;
      }
      before = reward;
    }
    return last;
  }

  private void lookAhead(Row row, Line p, Line q, Hints hints, Roller roller) {
    if (roller == Roller.DRAFT) {
      step.byDraft(row, p, q, hints);
      return;
    }
    if (settings.speculateLookahead()) {
      try (Contests contests = new Contests(settings, 1, row, p, q, hints)) {
        while (!contests.settled()) {
          contests.round();
        }
        contests.commit();
      }
      // q drafted further, or something else.
      q.rebase(row.tokens(), List.of());
    } else {
      step.byTarget(row, p, hints);
      int[] tokens = row.tokens();
      // q took no part, and follows.
      q.advance(tokens[tokens.length - 1]);
    }
  }
}
