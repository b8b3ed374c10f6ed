package io.foresight.decoding;

import java.util.ArrayList;
import java.util.List;

/**
 * The reward of one row, as a function of the generated ids alone. Deterministic; called from the
 * row's thread only.
 */
public interface HypothesisReward {

  /**
   * Scores a hypothesis.
   *
   * @param generated generated ids, without the prompt; may end in EOS
   * @param finished whether the hypothesis ended by EOS or at the limit; in an unfinished
   *     hypothesis a match that touches the end is provisional and does not count
   * @return its reward in [0, {@link #upperBound()}], higher is better
   */
  Judgement judge(int[] generated, boolean finished);

  /**
   * Scores several hypotheses together, as {@link #judge(int[], boolean)} scores each.
   *
   * @param finished whether each of them is
   */
  default List<Judgement> judge(List<int[]> hypotheses, boolean[] finished) {
    List<Judgement> judgements = new ArrayList<>();
    for (int i = 0; i < finished.length; i++) {
      judgements.add(judge(hypotheses.get(i), finished[i]));
    }
    return judgements;
  }

  /** What a hypothesis has to fulfil to pass: each part of a {@link Judgement} its criterion. */
  default List<Criterion> criteria() {
    return List.of(Criterion.ALL);
  }

  /**
   * Strings that would raise the reward if the hypothesis went on with one of them, as ids, most
   * welcome first; none by default. Each can only stand where a word may start.
   *
   * @param generated generated ids, without the prompt
   */
  default List<int[]> hints(int[] generated) {
    return List.of();
  }

  /** Whether a word, or the end of the text, begins with this id; then a hint may stand there. */
  default boolean startsWord(int id) {
    return true;
  }

  /**
   * Whether it says anything of this row. If not, every hypothesis is as good as any other, and the
   * row is decoded as if there were no reward.
   */
  default boolean isJudging() {
    return true;
  }

  /**
   * What the reward of a hypothesis comes to if it rises by a number of steps, as {@code judgement}
   * has it and the reward's parts usually rise; {@link #upperBound()} by default. No bound: another
   * hypothesis may have more.
   *
   * @param judgement of the hypothesis
   * @param steps at least 1
   */
  default double reach(Judgement judgement, int steps) {
    return upperBound();
  }

  /** The highest reward that any hypothesis can have; a higher one fails the row. */
  default double upperBound() {
    return 1;
  }
}
