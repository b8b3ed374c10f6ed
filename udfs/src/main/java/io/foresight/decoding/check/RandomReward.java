package io.foresight.decoding.check;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A random function of the hypothesis, not monotone, with few values: quarters from 0 to 1. Its
 * hints are any ids, EOS and none at all among them, whether they help or not.
 */
final class RandomReward implements HypothesisReward {

  private final long seed;
  private final boolean covering;
  private final int first;
  private final int second;

  /**
   * A reward.
   *
   * @param covering whether it asks for two ids, or is noise
   */
  RandomReward(long seed, boolean covering, int vocabulary) {
    this.seed = seed;
    this.covering = covering;
    this.first = vocabulary - 1;
    this.second = vocabulary / 2;
  }

  @Override
  public List<int[]> hints(int[] generated) {
    SplittableRandom random = new SplittableRandom(seed + generated.length);
    List<int[]> hints = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      hints.add(random.ints(1 + random.nextInt(3), 0, first + 1).toArray());
    }
    return hints;
  }

  @Override
  public boolean startsWord(int id) {
    return (id + seed) % 3 != 0;
  }

  @Override
  public Judgement judge(int[] generated, boolean finished) {
    double reward = covering ? covered(generated) : hashed(generated, finished);
    return new Judgement(reward, new double[] {reward, hashed(generated, !finished)});
  }

  @Override
  public List<Criterion> criteria() {
    return List.of(
        new Criterion(seed % 2 == 0 ? RewardMode.GAIN : RewardMode.LEVEL, 0.5),
        new Criterion(seed % 3 == 0 ? RewardMode.GAIN : RewardMode.LEVEL, 0.25));
  }

  /** Rises by quarters. */
  @Override
  public double reach(Judgement judgement, int steps) {
    return Math.min(1, judgement.reward() + steps / 4.0);
  }

  private double covered(int... generated) {
    double covered = 0;
    covered += Arrays.stream(generated).anyMatch(id -> id == first) ? 0.5 : 0;
    covered += Arrays.stream(generated).anyMatch(id -> id == second) ? 0.5 : 0;
    return covered;
  }

  private double hashed(int[] generated, boolean finished) {
    long hash = seed + (finished ? 1 : 0);
    for (int id : generated) {
      hash = hash * 31 + id;
    }
    return new SplittableRandom(hash).nextInt(5) / 4.0;
  }
}
