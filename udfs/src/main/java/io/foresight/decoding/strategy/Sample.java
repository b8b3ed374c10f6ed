package io.foresight.decoding.strategy;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.Generation;
import io.foresight.decoding.IdleSettings;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.List;

/** One sample from p, by temperature, top-k and top-p: the arg max of what noise makes of p. */
public final class Sample implements Strategy {

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "sample";
    }

    @Override
    public List<Setting<?>> reads() {
      return IdleSettings.SAMPLING;
    }

    @Override
    public Strategy create(Settings settings) {
      return new Sample(settings);
    }
  }

  private final Sampler sampler;

  /** Samples as {@code settings} say. */
  public Sample(Settings settings) {
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
  public CacheNeed cacheNeed() {
    return new CacheNeed(1, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    return Greedy.decode(target, request, new Noise(sampler, request.seed()));
  }
}
