package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD_DRAFT;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.Generation;
import io.foresight.decoding.IdleSettings;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.Hints;
import io.foresight.decoding.search.PrunedSteps;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.List;
import java.util.Map;

/**
 * {@link Cdlh}'s output in far fewer forwards (decoding.md, cdlh-speculative): to CDLH what
 * speculative decoding is to greedy decoding. q drafts and p verifies the hypothesis w, which is
 * CDLH's rollout of the top candidate at each of its positions; another candidate is rolled out
 * only where the reward's upper bound lets it win.
 */
public final class CdlhSpeculative implements Strategy {

  /** Positions judged at a time, the next token's and those that follow it on p's greedy path. */
  public static final Setting<Integer> WINDOW =
      Setting.whole("decoding.window", 0, 0)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdlh-speculative and cdsl, positions whose candidates are judged at a time, with the same output; 0 chooses: cdlh-speculative takes 4 on the CPU and 16 on a GPU, cdsl 2 on the CPU and 8 on a GPU or where decoding.batch is 1. A row that caches do not hold so is decoded with 1");

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "cdlh-speculative";
    }

    @Override
    public List<Setting<?>> reads() {
      return IdleSettings.andSampling(
          LOOKAHEAD,
          CANDIDATES,
          HINTS,
          REWARD_WEIGHT,
          DRAFT_LENGTH,
          ADAPTIVE_DRAFT,
          LOOKAHEAD_DRAFT,
          WINDOW);
    }

    @Override
    public Strategy create(Settings settings) {
      return new CdlhSpeculative(settings);
    }

    @Override
    public Map<Setting<?>, String> idle(Settings settings) {
      return IdleSettings.unlessSampling(name(), settings);
    }

    @Override
    public Promise promise() {
      return Promise.CDLH;
    }
  }

  private final Settings settings;

  /** Decodes as {@code settings} say. */
  public CdlhSpeculative(Settings settings) {
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

  private Hints gathered(DecodingRow row, Hypothesis p) {
    Hints hints = Hints.of(row, settings.get(HINTS).on(false));
    p.gather(hints.ids());
    return hints;
  }

  @Override
  public CacheNeed cacheNeed() {
    // Of each position's candidates all but w itself.
    int rollouts =
        1
            + Math.max(1, settings.get(WINDOW))
                * ((settings.get(HINTS).on(false) ? 2 : 1) * settings.get(CANDIDATES) - 1);
    return new CacheNeed(rollouts, rollouts, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    DecodingRow row = new DecodingRow(target, draft, request);
    Noise noise = Noise.of(settings, request);
    try (Hypothesis p =
            Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise);
        Hypothesis q = Hypothesis.open(row.draft(), row.tokens(), Hypothesis.Detail.IDS, noise);
        PrunedSteps contests =
            new PrunedSteps(
                settings,
                Math.max(1, settings.get(WINDOW)),
                0,
                row,
                p,
                q,
                gathered(row, p),
                row.draftBudget(settings))) {
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
