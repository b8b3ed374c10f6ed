package io.foresight.decoding;

import io.foresight.decoding.Tally.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * CDLH's choice at one position of the line w, with no more rollouts than it takes. Every candidate
 * has a value: its score once its rollout is known, before that the most that the score can become,
 * log p(c) + lambda Rmax. The choice is settled as soon as the highest value is a score. Arithmetic
 * and ties are {@link CandidateStep}'s.
 */
final class Contest implements AutoCloseable {

  private final Row row;
  private final double rewardWeight;
  private final int[] before;
  private final Next next;
  private final int depth;
  private final Function<int[], Rollout> roller;
  private final double[] values;
  private final boolean[] scored;
  private final Rollout[] rollouts;
  private int best;
  private Judged bestLine;

  /** A line, from the prompt on, and its reward. */
  record Judged(int[] path, double reward) {}

  /**
   * Opens the choice among p's top k.
   *
   * @param before prompt, y and w_1 .. w_{j-1}
   * @param next p's scores of the token that follows, with the top k
   * @param depth tokens of a rollout here
   * @param line w with its lookahead: the first candidate with its rollout
   * @param roller starts the rollout of a path of the same depth
   */
  Contest(
      Row row,
      double rewardWeight,
      int[] before,
      Next next,
      int depth,
      Judged line,
      Function<int[], Rollout> roller) {
    this.row = row;
    this.rewardWeight = rewardWeight;
    this.before = before;
    this.next = next;
    this.depth = depth;
    this.roller = roller;
    int k = next.topIds().length;
    this.values = new double[k];
    this.scored = new boolean[k];
    this.rollouts = new Rollout[k];
    for (int i = 0; i < k; i++) {
      values[i] = value(i, row.rewardBound());
    }
    values[0] = value(0, line.reward());
    scored[0] = true;
    bestLine = line;
  }

  private double value(int i, double reward) {
    return (double) next.topScores()[i] + rewardWeight * reward;
  }

  private boolean beats(int i, int j) {
    // Candidates come by falling score, then rising id, so a tie keeps the earlier one.
    return values[i] > values[j] || (values[i] == values[j] && i < j);
  }

  private boolean mayWin(int i) {
    return !scored[i] && beats(i, best);
  }

  /** Scores the candidates whose lines are known by now. */
  void update() {
    for (int i = 0; i < values.length; i++) {
      int[] path = path(i);
      if (mayWin(i) && (depth == 0 || row.isEos(next.topIds()[i]))) {
        score(i, path);
      } else if (mayWin(i) && rollouts[i] != null && rollouts[i].done()) {
        score(i, Ids.concat(path, rollouts[i].tokens()));
      }
    }
  }

  private int[] path(int i) {
    return Ids.concat(before, next.topIds()[i]);
  }

  /** The rollouts that are still needed, of candidates that may win. */
  List<Rollout> needed() {
    List<Rollout> needed = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      if (mayWin(i)) {
        if (rollouts[i] == null) {
          rollouts[i] = roller.apply(path(i));
        }
        if (!rollouts[i].done()) {
          needed.add(rollouts[i]);
        }
      }
    }
    return needed;
  }

  private void score(int i, int[] path) {
    double reward = row.reward(Arrays.copyOfRange(path, row.tokens().length, path.length));
    values[i] = value(i, reward);
    scored[i] = true;
    if (beats(i, best)) {
      best = i;
      bestLine = new Judged(path, reward);
    }
  }

  /** Whether no candidate can beat the best one any more. */
  boolean settled() {
    for (int i = 0; i < values.length; i++) {
      if (mayWin(i)) {
        return false;
      }
    }
    return true;
  }

  /** Whether w loses here, whoever wins. */
  boolean leavesLine() {
    return best > 0;
  }

  /** Commits the winner, once settled. */
  void commit() {
    for (int i = 0; i < values.length; i++) {
      // A bound that near decides no more safely than a score does.
      if (i != best && values[best] - values[i] < Scores.NEAR_TIE) {
        row.nearTie();
        break;
      }
    }
    // The token of w that no candidate beats is p's own, which the reward left as it was.
    Origin origin = leavesLine() ? Origin.CANDIDATE : Origin.TARGET;
    row.commit(origin, next.topIds()[best], next.topLogProbs()[best]);
  }

  /** The winner's rollout; {@code null} for w, an EOS, and a depth of 0. */
  Rollout winner() {
    return rollouts[best];
  }

  /** The winner's line, and its reward. */
  Judged winnersLine() {
    return bestLine;
  }

  @Override
  public void close() {
    for (Rollout rollout : rollouts) {
      if (rollout != null) {
        rollout.close();
      }
    }
  }
}
