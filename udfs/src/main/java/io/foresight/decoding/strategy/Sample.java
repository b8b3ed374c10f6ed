package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.OUTPUTS;
import static io.foresight.decoding.DecodingSettings.SAMPLES;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.DecodingSettings.Outputs;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.hypothesis.Hypotheses;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.decoding.search.Samples;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

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
      return List.of(TEMPERATURE, TOP_K, TOP_P, OUTPUTS, SAMPLES);
    }

    @Override
    public Map<Setting<?>, String> idle(Settings settings) {
      return settings.get(OUTPUTS) == Outputs.ALL
          ? Map.of()
          : Map.of(SAMPLES, "sample draws one under decoding.outputs = one");
    }

    @Override
    public Strategy create(Settings settings) {
      return new Sample(settings);
    }
  }

  private final Sampler sampler;
  private final int samples;
  private final boolean keepsAll;

  /** Samples as {@code settings} say. */
  public Sample(Settings settings) {
    this.sampler = Sampler.of(settings);
    this.samples = settings.get(OUTPUTS) == Outputs.ALL ? settings.get(SAMPLES) : 1;
    this.keepsAll = settings.get(OUTPUTS) == Outputs.ALL;
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
    return new CacheNeed(samples, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Noise noise = new Noise(sampler, request.seed());
    if (!keepsAll) {
      return Greedy.decode(target, request, noise);
    }
    DecodingRow row = new DecodingRow(target, null, request);
    List<Noise> noises = new ArrayList<>(List.of(noise));
    IntStream.range(1, samples).mapToObj(noise::ofSample).forEach(noises::add);
    try (Hypotheses drawn = Samples.draw(row, noises)) {
      drawn.all().forEach(sample -> row.output(sample.known()));
      // The same as it is alone.
      drawn
          .all()
          .get(0)
          .known()
          .forEach(next -> row.commit(Origin.TARGET, next.id(), next.logProb()));
    }
    return row.generation();
  }
}
