package io.foresight.reward;

import java.util.List;

/** Reward settings that cannot be used. */
public final class InvalidRewardsException extends IllegalArgumentException {

  private static final long serialVersionUID = 1;

  private final List<String> problems;

  InvalidRewardsException(List<String> problems) {
    super("Cannot use the rewards:\n" + String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** Every problem, each with its setting, value, reason and what would be right. */
  public List<String> problems() {
    return problems;
  }
}
