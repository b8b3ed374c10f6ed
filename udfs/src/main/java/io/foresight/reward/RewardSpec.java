package io.foresight.reward;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The rewards of a run and how they make one, before anything is made of it. Immutable.
 *
 * @param combination how
 * @param rewards by name, the most important first
 */
public record RewardSpec(Combination combination, List<Named> rewards) implements Serializable {

  /**
   * One reward.
   *
   * @param name what messages and {@code constraint_scores} call it
   * @param settings its {@code type}, what all rewards have (weight, threshold, mode, hard), and
   *     what the type has
   */
  public record Named(String name, Map<String, Object> settings) implements Serializable {

    /** Copies. */
    public Named {
      settings = new LinkedHashMap<>(settings);
    }
  }

  /** Copies. */
  public RewardSpec {
    rewards = List.copyOf(rewards);
  }

  /** One reward of a type, by its name. */
  public static RewardSpec of(String name, Map<String, Object> settings) {
    return new RewardSpec(Combination.WEIGHTED_SUM, List.of(new Named(name, settings)));
  }

  /**
   * Coverage of the words in the columns {@code concepts} and, where there is one, {@code forms}.
   */
  public static RewardSpec keywordCoverage() {
    return of("concepts", Map.of("type", "keyword-coverage"));
  }
}
