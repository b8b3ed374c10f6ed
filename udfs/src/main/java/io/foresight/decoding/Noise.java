package io.foresight.decoding;

import static io.foresight.decoding.DecodingSettings.VERIFICATION;

import io.foresight.settings.Settings;

/**
 * Gumbel noise, by which sampling is greedy decoding of perturbed scores (Daliri, Musco and Suresh,
 * 2024, arXiv 2408.07978): of the scores log p'(id) + G(seed, position, id) the arg max is a draw
 * from p', which is p after temperature, top-k and top-p. G is a function of what it says it is of,
 * so that every model, hypothesis and batch has the same at a place.
 *
 * @param sampler makes p' of p
 * @param seed the row's, or that of one of its samples
 */
public record Noise(Sampler sampler, long seed) {

  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

  /** Noise of a row whose strategy samples if its settings say so; {@code null} if they do not. */
  public static Noise of(Settings settings, Request request) {
    return settings.get(VERIFICATION) == DecodingSettings.Verification.HARD
        ? null
        : new Noise(Sampler.of(settings), request.seed());
  }

  /** The same of another of the row's samples. */
  public Noise ofSample(int sample) {
    return new Noise(sampler, mixed(mixed(seed) + (sample + 1) * GOLDEN_GAMMA));
  }

  /**
   * What the noise at a place is computed from.
   *
   * @param position tokens that precede the place, the prompt's included
   */
  public long key(int position) {
    return mixed(mixed(seed) + position * GOLDEN_GAMMA);
  }

  /**
   * G of an id at the place of {@code key}: standard Gumbel, of 52 random bits. {@code
   * causal_lm.py} computes the same.
   */
  public static double gumbel(long key, int id) {
    double uniform = ((mixed(key + id * GOLDEN_GAMMA) >>> 12) + 0.5) * 0x1p-52;
    return -Math.log(-Math.log(uniform));
  }

  /** The finaliser of SplitMix64 (Steele, Lea and Flood, 2014). */
  private static long mixed(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
