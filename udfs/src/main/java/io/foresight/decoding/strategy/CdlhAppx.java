package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.strategy.Cdlh.REUSE_ROLLOUTS;

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

/** {@link Cdlh} with rollouts by q: p scores the candidates, q looks ahead. */
public final class CdlhAppx implements Strategy {

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "cdlh-appx";
    }

    @Override
    public List<Setting<?>> reads() {
      return IdleSettings.andSampling(
          LOOKAHEAD, CANDIDATES, HINTS, REWARD_WEIGHT, Cdlh.REUSE_ROLLOUTS);
    }

    @Override
    public Strategy create(Settings settings) {
      return new CdlhAppx(settings);
    }

    @Override
    public Map<Setting<?>, String> idle(Settings settings) {
      return IdleSettings.unlessSampling(name(), settings);
    }
  }

  private final Settings settings;
  private final CandidateStep step;
  private final boolean hinted;

  /** Decodes as {@code settings} say. */
  public CdlhAppx(Settings settings) {
    this.settings = settings;
    this.step = CandidateStep.of(settings, settings.get(REUSE_ROLLOUTS));
    this.hinted = settings.get(HINTS).on(false);
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
  public CacheNeed cacheNeed() {
    return new CacheNeed(1, 1 + step.candidates(hinted), 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    DecodingRow row = new DecodingRow(target, draft, request);
    Noise noise = Noise.of(settings, request);
    try (Hypothesis p =
            Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise);
        Hypothesis q = Hypothesis.open(row.draft(), row.tokens(), Hypothesis.Detail.IDS, noise)) {
      Hints hints = Hints.of(row, hinted);
      p.gather(hints.ids());
      while (!row.finished()) {
        step.byDraft(row, p, q, hints);
      }
    }
    return row.generation();
  }
}
