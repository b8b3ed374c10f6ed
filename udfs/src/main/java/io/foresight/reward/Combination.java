package io.foresight.reward;

import java.util.Arrays;

/**
 * How several scores make one reward in [0, 1]. Each rises with every score, in floating-point
 * arithmetic too, so that the reward of the scores' upper bounds is an upper bound of the reward.
 */
public enum Combination {

  /** The mean, by weight. */
  WEIGHTED_SUM {
    @Override
    double of(double[] scores, double[] weights, double[] thresholds) {
      double sum = 0;
      double all = 0;
      for (int i = 0; i < scores.length; i++) {
        sum += weights[i] * scores[i];
        all += weights[i];
      }
      return all == 0 ? 1 : sum / all;
    }
  },

  /** The product. */
  PRODUCT {
    @Override
    double of(double[] scores, double[] weights, double[] thresholds) {
      double product = 1;
      for (double score : scores) {
        product *= score;
      }
      return product;
    }
  },

  /** The lowest. */
  MINIMUM {
    @Override
    double of(double[] scores, double[] weights, double[] thresholds) {
      double least = 1;
      for (double score : scores) {
        least = Math.min(least, score);
      }
      return least;
    }
  },

  /**
   * In order: a score counts as soon as all before it have reached their thresholds, and up to its
   * own threshold (thresholded lexicographic order, Gabor et al. 1998). With n scores, each that
   * has reached its threshold is worth 1/n, and the first that has not its share of that.
   */
  LEXICOGRAPHIC {
    @Override
    double of(double[] scores, double[] weights, double[] thresholds) {
      for (int i = 0; i < scores.length; i++) {
        if (scores[i] < thresholds[i]) {
          return (i + scores[i] / thresholds[i]) / scores.length;
        }
      }
      return 1;
    }
  };

  /**
   * The reward.
   *
   * @param scores each in [0, 1]; none make 1
   * @param weights each at least 0
   * @param thresholds from which each is satisfied
   */
  abstract double of(double[] scores, double[] weights, double[] thresholds);

  /** Whether weights mean anything. */
  boolean weighs() {
    return this == WEIGHTED_SUM;
  }

  /**
   * Whether scores of these weights make a reward: not if there are none, or none that counts; then
   * {@link #of} is the same for all texts.
   */
  boolean isDefined(double[] weights) {
    return weighs() ? Arrays.stream(weights).anyMatch(weight -> weight > 0) : weights.length > 0;
  }
}
