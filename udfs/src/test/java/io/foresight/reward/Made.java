package io.foresight.reward;

import io.foresight.reward.RewardFunction.RowReward;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rewards made from settings, as a job makes them. */
public final class Made {

  private Made() {}

  /** The reward of a row, if it judges it. */
  public static Optional<RowReward> forRow(
      RewardFactory factory, Map<String, ?> settings, Map<String, Object> row) {
    RewardSettings read = new RewardSettings("rewards.it", settings);
    RewardFunction function = factory.create(read);
    if (!read.problems().isEmpty()) {
      throw new InvalidRewardsException(read.problems());
    }
    return function.forRow(row);
  }

  /** The reward of a row that gives nothing to the reward. */
  public static RowReward of(RewardFactory factory, Map<String, ?> settings) {
    return forRow(factory, settings, Map.of()).orElseThrow();
  }

  /** What is wrong with settings. */
  public static List<String> problems(RewardFactory factory, Map<String, ?> settings) {
    RewardSettings read = new RewardSettings("rewards.it", settings);
    factory.create(read);
    return read.problems();
  }
}
