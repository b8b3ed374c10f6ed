package io.foresight.decoding.search;

import io.foresight.decoding.hypothesis.TokenScores;

/**
 * A choice among p's top ids by s(c) + lambda R(c); ties go to the higher s, then to the lower id.
 *
 * @param next p's scores, with the top ids
 * @param rewards R of each of them, or what takes its place
 * @param rewardWeight lambda
 */
public record CandidateChoice(TokenScores next, double[] rewards, double rewardWeight) {

  /** What a candidate is worth. */
  public double value(int i) {
    return (double) next.topScores()[i] + rewardWeight * rewards[i];
  }

  /** Whether {@code i} is to be chosen rather than {@code j}. */
  public boolean beats(int i, int j) {
    if (value(i) != value(j)) {
      return value(i) > value(j);
    }
    float[] scores = next.topScores();
    return scores[i] != scores[j] ? scores[i] > scores[j] : next.topIds()[i] < next.topIds()[j];
  }

  /** The one that beats all others. */
  public int best() {
    int best = 0;
    for (int i = 1; i < rewards.length; i++) {
      best = beats(i, best) ? i : best;
    }
    return best;
  }

  /**
   * Whether another one comes so close to {@code best} that rounding could have decided.
   *
   * @param nearTie the difference below which it could
   */
  public boolean isClose(int best, double nearTie) {
    for (int i = 0; i < rewards.length; i++) {
      if (i != best && Math.abs(value(best) - value(i)) < nearTie) {
        return true;
      }
    }
    return false;
  }
}
