package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Generation;
import io.foresight.decoding.IdleSettings;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.budget.DraftBudget;
import io.foresight.decoding.budget.DraftLength;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.Draft;
import io.foresight.decoding.search.VerifiedDraft;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Lossless speculative decoding: q drafts, p verifies in one forward. With hard rejection the
 * output is {@link Greedy}'s, token for token; coupled, which is hard rejection of perturbed
 * scores, it is {@link Sample}'s, token for token; with the ratio test of speculative sampling it
 * is distributed as {@link Sample}'s. That test draws from a stream of its own: together with noise
 * that p and q share it would be biased.
 */
public final class Speculative implements Strategy {

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "speculative";
    }

    @Override
    public List<Setting<?>> reads() {
      return IdleSettings.andSampling(DRAFT_LENGTH, ADAPTIVE_DRAFT);
    }

    @Override
    public Strategy create(Settings settings) {
      return new Speculative(settings);
    }

    @Override
    public Map<Setting<?>, String> idle(Settings settings) {
      return IdleSettings.unlessSampling(name(), settings);
    }

    @Override
    public Promise promise() {
      return Promise.GREEDY;
    }
  }

  private final Settings settings;
  private final boolean ratioTest;
  private final Sampler sampler;

  /** Drafts and verifies as {@code settings} say. */
  public Speculative(Settings settings) {
    this.settings = settings;
    this.ratioTest = settings.get(VERIFICATION) == Verification.SAMPLING;
    this.sampler = Sampler.of(settings);
  }

  @Override
  public String name() {
    return "speculative";
  }

  @Override
  public boolean usesDraft() {
    return true;
  }

  @Override
  public CacheNeed cacheNeed() {
    return new CacheNeed(1, 1, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    DecodingRow row = new DecodingRow(target, draft, request);
    Noise noise = ratioTest ? null : Noise.of(settings, request);
    SplittableRandom random = new SplittableRandom(request.seed());
    DraftLength lengths = new DraftLength(settings.get(ADAPTIVE_DRAFT).on(true));
    DraftBudget budget = row.draftBudget(settings);
    Hypothesis.Detail ofTarget = ratioTest ? Hypothesis.Detail.ROWS : Hypothesis.Detail.LOG_PROBS;
    Hypothesis.Detail ofDraft = ratioTest ? Hypothesis.Detail.ROWS : Hypothesis.Detail.IDS;
    try (Hypothesis p = Hypothesis.open(row.target(), row.tokens(), ofTarget, noise);
        Hypothesis q = Hypothesis.open(row.draft(), row.tokens(), ofDraft, noise)) {
      while (!row.finished()) {
        // One less than what remains, so that p's own token fits.
        int most = Math.min(settings.get(DRAFT_LENGTH), row.remaining() - 1);
        VerifiedDraft verified =
            ratioTest
                ? byRatio(row, p, q, lengths, most, random)
                : byArgmax(row, p, q, budget, most);
        verified.commit(row, p, q, verified.hypothesis().length);
      }
    }
    return row.generation();
  }

  private static VerifiedDraft byArgmax(
      DecodingRow row, Hypothesis p, Hypothesis q, DraftBudget budget, int most) {
    Draft draft = Draft.of(row.draft(), q, most, budget);
    VerifiedDraft verified = VerifiedDraft.hard(row, p, draft.ids(), 0);
    budget.observe(draft.margins(), verified.accepted());
    return verified;
  }

  private VerifiedDraft byRatio(
      DecodingRow row,
      Hypothesis p,
      Hypothesis q,
      DraftLength lengths,
      int most,
      SplittableRandom random) {
    int length = lengths.next(most);
    List<TokenScores> drafts = new ArrayList<>();
    int[] draft = new int[0];
    while (draft.length < length && (draft.length == 0 || !row.isEos(draft[draft.length - 1]))) {
      TokenScores next = q.after(draft);
      drafts.add(next);
      draft = Ids.concat(draft, Sampler.draw(sampler.distribution(next.row()), random));
    }
    VerifiedDraft verified = VerifiedDraft.byRatio(row, p, draft, drafts, sampler, random);
    lengths.observe(verified.drafted(), verified.accepted());
    return verified;
  }
}
