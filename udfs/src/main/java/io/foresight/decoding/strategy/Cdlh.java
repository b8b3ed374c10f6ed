package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
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
import io.foresight.decoding.search.CandidateStep;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.Hints;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.List;
import java.util.Map;

/**
 * Constrained decoding with lookahead heuristics: every token is chosen among p's top k by log p
 * and the reward of a rollout of d tokens by p. The baseline of every speed-up.
 */
public final class Cdlh implements Strategy {

  /** Whether the committed candidate's rollout serves the next step. */
  public static final Setting<Boolean> REUSE_ROLLOUTS =
      Setting.flag("decoding.reuse-rollouts", false)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdlh and cdlh-appx go on from the rollout of the candidate that was committed; the paper's do not");

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "cdlh";
    }

    @Override
    public List<Setting<?>> reads() {
      return IdleSettings.andSampling(LOOKAHEAD, CANDIDATES, HINTS, REWARD_WEIGHT, REUSE_ROLLOUTS);
    }

    @Override
    public Strategy create(Settings settings) {
      return new Cdlh(settings);
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
  private final CandidateStep step;
  private final boolean hinted;

  /** Decodes as {@code settings} say. */
  public Cdlh(Settings settings) {
    this.settings = settings;
    this.step = CandidateStep.of(settings, settings.get(REUSE_ROLLOUTS));
    this.hinted = settings.get(HINTS).on(false);
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
  public CacheNeed cacheNeed() {
    return new CacheNeed(1 + step.candidates(hinted), 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    DecodingRow row = new DecodingRow(target, null, request);
    Noise noise = Noise.of(settings, request);
    try (Hypothesis p =
        Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise)) {
      Hints hints = Hints.of(row, hinted);
      p.gather(hints.ids());
      while (!row.finished()) {
        step.byTarget(row, p, hints);
      }
    }
    return row.generation();
  }
}
