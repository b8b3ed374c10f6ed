package io.foresight.reward;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A task reward over generated text, as a {@link RewardFactory} made it from a job's settings.
 * Belongs to one task: its rows are prepared by one thread, and scored by several, each row by one
 * at a time.
 */
public interface RewardFunction extends AutoCloseable {

  /**
   * Prepares the reward for one row.
   *
   * @param row the row's values by column; a list is a {@link List}, a null or missing column is
   *     absent or null
   * @return empty if the row lacks what this reward judges by: then it is not judged
   * @throws io.foresight.decoding.RowFault if what the row has cannot be used; it becomes an error
   *     row. What a reward of another jar throws, of whatever kind, is taken for that
   */
  Optional<RowReward> forRow(Map<String, Object> row);

  /** The score from which a text satisfies this reward, unless the settings name another. */
  default double threshold() {
    return 1;
  }

  /**
   * What this process lacks that the reward needs to score, in a sentence that says what to do;
   * empty if nothing. Asked where rows are scored, before the first.
   */
  default Optional<String> lacks() {
    return Optional.empty();
  }

  /** Frees what the reward holds; called once, after the last row. */
  @Override
  default void close() {}

  /** The reward of one row's texts: a function of the row, the text and whether it is finished. */
  interface RowReward {

    /**
     * Scores a text.
     *
     * @param text generated text, without the prompt
     * @param finished whether no more text will follow; if not, a match that touches the end does
     *     not count
     * @return in [0, {@link #upperBound()}], higher is better; the same for the same arguments
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
     * Whether an unfinished text can be judged. If not, only finished ones are asked about, and an
     * unfinished one counts as if it were as good as it can become.
     */
    default boolean judgesUnfinished() {
      return true;
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

    /**
     * By how much the reward usually rises where it rises, such as what one more word is worth; the
     * whole of it by default. Strategies may look no further ahead than a few such steps.
     */
    default double step() {
      return upperBound();
    }

    /** The highest reward that any text can have for this row; in [0, 1]. */
    default double upperBound() {
      return 1;
    }

    /**
     * What the reward of the finished text is made of, by name, in a stable order, each in [0, 1];
     * nothing by default. Written beside the reward itself.
     */
    default Map<String, Double> parts(String text) {
      return Map.of();
    }
  }
}
