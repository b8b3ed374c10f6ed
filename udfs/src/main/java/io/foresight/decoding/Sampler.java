package io.foresight.decoding;

import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;

import io.foresight.settings.Settings;
import java.util.SplittableRandom;

/**
 * The distribution that sampling draws from: temperature, then top-k, then top-p.
 *
 * @param temperature softmax temperature; above 0
 * @param topK keeps the most probable {@code topK} ids; 0 keeps all
 * @param topP keeps the fewest most probable ids whose probabilities, of those that are left, sum
 *     to this; in (0, 1], 1 keeps all
 */
public record Sampler(double temperature, int topK, double topP) {

  public static Sampler of(Settings settings) {
    return new Sampler(settings.get(TEMPERATURE), settings.get(TOP_K), settings.get(TOP_P));
  }

  /**
   * Probabilities to sample with. Of equally probable ids the lower ones survive.
   *
   * @param logProbs [vocabulary] untempered log-probabilities
   * @return [vocabulary], summing to 1
   */
  public double[] distribution(float[] logProbs) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logProb : logProbs) {
      max = Math.max(max, logProb);
    }
    double[] probabilities = new double[logProbs.length];
    for (int i = 0; i < logProbs.length; i++) {
      probabilities[i] = Math.exp((logProbs[i] - max) / temperature);
    }
    normalize(probabilities);
    if ((topK > 0 && topK < logProbs.length) || topP < 1) {
      cut(probabilities);
      normalize(probabilities);
    }
    return probabilities;
  }

  private void cut(double[] probabilities) {
    if (topK > 0) {
      Largest.keep(probabilities, topK);
    }
    if (topP < 1) {
      Largest.keep(probabilities, Largest.reaching(probabilities, topP * sum(probabilities)));
    }
  }

  private static double sum(double[] weights) {
    double sum = 0;
    for (double weight : weights) {
      sum += weight;
    }
    return sum;
  }

  private static void normalize(double[] weights) {
    double sum = sum(weights);
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= sum;
    }
  }

  /** Draws an id with the given weights, which need not sum to 1 but to more than 0. */
  public static int draw(double[] weights, SplittableRandom random) {
    double left = random.nextDouble() * sum(weights);
    int last = -1;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        left -= weights[i];
        if (left < 0) {
          return i;
        }
      }
    }
    // Rounding may leave a rest; it belongs to the last id that can be drawn.
    return last;
  }
}
