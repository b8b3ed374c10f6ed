package io.foresight.decoding;

/**
 * The reward of one row, as a function of the generated ids alone. Deterministic; called from the
 * row's thread only.
 */
public interface LineReward {

  /**
   * Scores a line.
   *
   * @param generated generated ids, without the prompt; may end in EOS
   * @param finished whether the line ended by EOS or at the limit; in an unfinished line a match
   *     that touches the end is provisional and does not count
   * @return in [0, {@link #upperBound()}], higher is better
   */
  double of(int[] generated, boolean finished);

  /** The highest reward that any line can have; a higher one fails the row. */
  default double upperBound() {
    return 1;
  }
}
