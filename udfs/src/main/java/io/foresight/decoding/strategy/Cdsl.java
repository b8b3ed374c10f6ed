package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD_DRAFT;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.S2Action;
import io.foresight.decoding.Generation;
import io.foresight.decoding.IdleSettings;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.budget.DraftLength;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.search.CandidateStep;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.Hints;
import io.foresight.decoding.search.PrunedSteps;
import io.foresight.decoding.search.RowCounters.State;
import io.foresight.decoding.search.VerifiedDraft;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Constrained decoding with speculative lookaheads (Nakshatri et al., NAACL 2025, arXiv
 * 2412.10418): q drafts a lookahead, p verifies it, the reward judges what was verified, and
 * acceptance and reward together select one of four actions. The actions are this project's
 * reconstruction.
 */
public final class Cdsl implements Strategy {

  /** tauA. */
  public static final Setting<Double> ACCEPTANCE_THRESHOLD =
      Setting.number("decoding.acceptance-threshold", 0.3, value -> value >= 0, "at least 0")
          .alias("decoding.tauA", "decoding.tau-a")
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl, tauA, share of a draft from which it counts as accepted; at least 0, above 1 never. Decides nothing while s2.action is prefix and s3.lookahead is s4.lookahead, as by default; conf/four-actions.conf has four actions");

  /** What S2 commits. */
  public static final Setting<S2Action> S2_ACTION =
      Setting.choice("decoding.s2.action", S2Action.PREFIX)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl, what a rejected draft whose reward passes commits: prefix (the accepted tokens and p's own), one-token, to-last-gain (up to the token at which the reward last rose)");

  /** Whose lookahead S3 takes. */
  public static final Setting<Roller> S3_LOOKAHEAD =
      Setting.choice("decoding.s3.lookahead", Roller.TARGET)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl, who looks ahead where the draft is accepted and the reward fails: draft, target");

  /** Whose lookahead S4 takes. */
  public static final Setting<Roller> S4_LOOKAHEAD =
      Setting.choice("decoding.s4.lookahead", Roller.TARGET)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl, who looks ahead where the draft is rejected and the reward fails: draft, target");

  /** Whether a lookahead by the target is speculated. */
  public static final Setting<Boolean> SPECULATE_LOOKAHEAD =
      Setting.flag("decoding.speculate-lookahead", true)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl, lookaheads by the target are drafted by q, verified by p, and for candidates that can still win: the same tokens, with decoding.filter-lookahead = 0");

  /** How far the target's lookaheads are trusted to be better than the draft's. */
  public static final Setting<Integer> FILTER_LOOKAHEAD =
      Setting.whole("decoding.filter-lookahead", 2, 0)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl, p looks ahead only for candidates that would win if it found so many steps of the reward (words, of keyword coverage) more than q's lookahead does; 0 for all that can still win, as cdlh has it");

  /** Which hypothesis is judged. */
  public static final Setting<RewardSpan> REWARD_SPAN =
      Setting.choice("reward.span", RewardSpan.ACCEPTED)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl, what is judged: accepted (the accepted tokens and p's own), draft (the whole draft)");

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "cdsl";
    }

    @Override
    public List<Setting<?>> reads() {
      return IdleSettings.andSampling(
          LOOKAHEAD,
          DRAFT_LENGTH,
          CANDIDATES,
          ADAPTIVE_DRAFT,
          HINTS,
          REWARD_WEIGHT,
          REWARD_THRESHOLD,
          REWARD_MODE,
          REWARD_SPAN,
          ACCEPTANCE_THRESHOLD,
          S2_ACTION,
          S3_LOOKAHEAD,
          S4_LOOKAHEAD,
          SPECULATE_LOOKAHEAD,
          FILTER_LOOKAHEAD,
          LOOKAHEAD_DRAFT,
          CdlhSpeculative.WINDOW);
    }

    @Override
    public Strategy create(Settings settings) {
      return new Cdsl(settings);
    }

    @Override
    public Map<Setting<?>, String> idle(Settings settings) {
      Map<Setting<?>, String> idle = IdleSettings.unlessSampling(name(), settings);
      boolean oneRoller = settings.get(S3_LOOKAHEAD) == settings.get(S4_LOOKAHEAD);
      boolean byTarget =
          settings.get(S3_LOOKAHEAD) == Roller.TARGET
              || settings.get(S4_LOOKAHEAD) == Roller.TARGET;
      if (settings.get(S2_ACTION) == S2Action.PREFIX && oneRoller) {
        idle.put(
            ACCEPTANCE_THRESHOLD,
            "with s2.action = prefix and one model for s3.lookahead and s4.lookahead cdsl does the same on either side of it");
      }
      if (!byTarget) {
        idle.put(SPECULATE_LOOKAHEAD, "no lookahead of cdsl is by the target");
      }
      if (!byTarget || !settings.get(SPECULATE_LOOKAHEAD)) {
        idle.put(LOOKAHEAD_DRAFT, "no lookahead is speculated");
        idle.put(FILTER_LOOKAHEAD, "no lookahead is speculated");
        idle.put(CdlhSpeculative.WINDOW, "no lookahead is speculated");
      }
      return idle;
    }
  }

  private final Settings settings;
  private final CandidateStep step;
  private final boolean hinted;

  /** Decodes as {@code settings} say. */
  public Cdsl(Settings settings) {
    this.settings = settings;
    this.step = CandidateStep.of(settings, true);
    this.hinted = settings.get(HINTS).on(false);
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
  public CacheNeed cacheNeed() {
    int candidates = step.candidates(hinted);
    int rollouts =
        Math.max(candidates, Math.max(1, settings.get(CdlhSpeculative.WINDOW)) * (candidates - 1));
    return new CacheNeed(1 + rollouts, 1 + rollouts, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    DecodingRow row = new DecodingRow(target, draft, request);
    Noise noise = Noise.of(settings, request);
    boolean decides = acceptanceDecides(row);
    boolean adaptive = settings.get(ADAPTIVE_DRAFT).on(!decides);
    DraftLength drafts = new DraftLength(adaptive);
    boolean trusts =
        adaptive
            && !decides
            && settings.get(S3_LOOKAHEAD) == Roller.TARGET
            && settings.get(LOOKAHEAD) > 0;
    try (Hypothesis p =
            Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise);
        Hypothesis q = Hypothesis.open(row.draft(), row.tokens(), Hypothesis.Detail.IDS, noise)) {
      Hints hints = Hints.of(row, hinted);
      p.gather(hints.ids());
      try (PrunedSteps choices =
          new PrunedSteps(
              settings,
              Math.max(1, settings.get(CdlhSpeculative.WINDOW)),
              settings.get(FILTER_LOOKAHEAD),
              row,
              p,
              q,
              hints,
              row.draftBudget(settings))) {
        boolean lookedAhead = false;
        while (!row.finished()) {
          int[] z = {};
          VerifiedDraft verified;
          if (lookedAhead && trusts) {
            // What won has been looked ahead for by p itself: a draft that is verified already.
            verified = VerifiedDraft.known(p, Math.min(settings.get(LOOKAHEAD), row.remaining()));
          } else {
            z = q.rollOut(drafts.next(Math.min(settings.get(DRAFT_LENGTH), row.remaining() - 1)));
            // S3 and S4 choose among the top k at the first position.
            verified = VerifiedDraft.hard(row, p, z, step.candidates(row));
            drafts.observe(verified.drafted(), verified.accepted());
          }
          boolean accepted = verified.acceptance() >= settings.get(ACCEPTANCE_THRESHOLD);
          State state =
              passes(row, z, verified.hypothesis())
                  ? (accepted ? State.S1 : State.S2)
                  : (accepted ? State.S3 : State.S4);
          row.step(state);
          switch (state) {
            case S1 -> commit(verified, row, p, q, choices, verified.hypothesis().length);
            case S2 -> commit(verified, row, p, q, choices, trusted(row, verified.hypothesis()));
            case S3 -> lookAhead(row, p, q, hints, choices, settings.get(S3_LOOKAHEAD));
            case S4 -> lookAhead(row, p, q, hints, choices, settings.get(S4_LOOKAHEAD));
          }
          lookedAhead = state == State.S3 || state == State.S4;
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
  private boolean acceptanceDecides(DecodingRow row) {
    return settings.get(S2_ACTION) != S2Action.PREFIX
        || settings.get(S3_LOOKAHEAD) != settings.get(S4_LOOKAHEAD)
        || row.gains(settings)
        || settings.get(REWARD_SPAN) != RewardSpan.ACCEPTED;
  }

  private boolean passes(DecodingRow row, int[] z, int[] w) {
    // An empty draft says nothing; p's own token does.
    int[] hypothesis = settings.get(REWARD_SPAN) == RewardSpan.DRAFT && z.length > 0 ? z : w;
    return row.passes(settings, hypothesis);
  }

  /** Number of tokens of w that S2 commits. */
  private int trusted(DecodingRow row, int[] w) {
    if (!row.isJudged()) {
      return w.length;
    }
    return switch (settings.get(S2_ACTION)) {
      case PREFIX -> w.length;
      case ONE_TOKEN -> 1;
      case TO_LAST_GAIN -> lastGain(row, w);
    };
  }

  private static int lastGain(DecodingRow row, int[] w) {
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

  private static void commit(
      VerifiedDraft verified,
      DecodingRow row,
      Hypothesis p,
      Hypothesis q,
      PrunedSteps choices,
      int count) {
    verified.commit(row, p, q, count);
    choices.passed(count);
  }

  private void lookAhead(
      DecodingRow row,
      Hypothesis p,
      Hypothesis q,
      Hints hints,
      PrunedSteps choices,
      Roller roller) {
    if (roller == Roller.DRAFT) {
      choices.left();
      step.byDraft(row, p, q, hints);
    } else if (settings.get(SPECULATE_LOOKAHEAD)) {
      while (!choices.settled()) {
        choices.round();
      }
      choices.commit();
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
