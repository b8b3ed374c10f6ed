package io.foresight.decoding.check;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import java.util.List;

/** A reward that counts its calls, and fails when it is told to. */
public final class CountedReward implements HypothesisReward {

  private final HypothesisReward reward;
  private long calls;
  private long failing = Long.MAX_VALUE;
  private RuntimeException failure;

  /** Counts the calls of {@code reward}. */
  public CountedReward(HypothesisReward reward) {
    this.reward = reward;
  }

  /** Another instance of the same reward. */
  public CountedReward again() {
    return new CountedReward(reward);
  }

  /** From now on the {@code call}-th evaluation and all after it fail so. */
  public void failAt(long call, RuntimeException with) {
    failing = calls + call;
    failure = with;
  }

  /** Counts from 0 again. */
  public void reset() {
    calls = 0;
  }

  /** Evaluations. */
  public long calls() {
    return calls;
  }

  @Override
  public Judgement judge(int[] generated, boolean finished) {
    calls++;
    if (calls >= failing) {
      throw failure;
    }
    return reward.judge(generated, finished);
  }

  @Override
  public List<Criterion> criteria() {
    return reward.criteria();
  }

  @Override
  public List<int[]> hints(int[] generated) {
    return reward.hints(generated);
  }

  @Override
  public boolean startsWord(int id) {
    return reward.startsWord(id);
  }

  @Override
  public boolean isJudging() {
    return reward.isJudging();
  }

  @Override
  public double reach(Judgement judgement, int steps) {
    return reward.reach(judgement, steps);
  }

  @Override
  public double upperBound() {
    return reward.upperBound();
  }
}
