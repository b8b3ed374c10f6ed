package io.foresight.reward;

import java.util.List;
import java.util.Map;

/** A task reward over generated text. Implementations are immutable and thread-safe. */
public interface RewardFunction {

  /** Prepares the reward for one row. */
  RowReward forRow(Map<String, Object> row);

  /** The reward of one row's texts. Deterministic; used by one thread. */
  interface RowReward {

    /**
     * Scores a text.
     *
     * @param text generated text, without the prompt
     * @param finished whether no more text will follow; if not, a match that touches the end does
     *     not count
     * @return in [0, {@link #upperBound()}], higher is better
     */
    double reward(String text, boolean finished);

    /**
     * Scores several texts together, as {@link #reward(String, boolean)} scores each; for rewards
     * that are cheaper by the dozen.
     *
     * @param finished whether each of them is
     */
    default double[] rewards(List<String> texts, boolean[] finished) {
      double[] rewards = new double[finished.length];
      for (int i = 0; i < rewards.length; i++) {
        rewards[i] = reward(texts.get(i), finished[i]);
      }
      return rewards;
    }

    /**
     * Strings that would raise the reward if the text went on with one of them at a place where a
     * word may start, most welcome first; none by default. They are only suggestions.
     *
     * @param text generated text so far
     */
    default List<String> hints(String text) {
      return List.of();
    }

    /** The highest reward that any text can have for this row. */
    double upperBound();

    /** Scores of the finished text's constraints, by name, in a stable order; each in [0, 1]. */
    Map<String, Double> constraintScores(String text);
  }
}
