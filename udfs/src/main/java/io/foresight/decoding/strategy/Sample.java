package io.foresight.decoding.strategy;

import io.foresight.decoding.Branches;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Strategy;

/** One sample from p, by temperature, top-k and top-p: the arg max of what noise makes of p. */
public final class Sample implements Strategy {

  private final Sampler sampler;

  /** Samples as {@code settings} say. */
  public Sample(DecodingSettings settings) {
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
  public Branches branches() {
    return new Branches(1, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    return Greedy.decode(target, request, new Noise(sampler, request.seed()));
  }
}
