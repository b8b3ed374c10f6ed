package io.foresight.decoding.search;

import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.RowCounters.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * CDLH's choice at one position of the hypothesis w, with no more rollouts than it takes. Every
 * candidate has a value: its score once its rollout is known, before that the most that the score
 * can become, log p(c) + lambda Rmax. The choice is settled as soon as the highest value is a
 * score. Arithmetic and ties are {@link CandidateStep}'s.
 */
final class CandidatePruning implements AutoCloseable {

  private final DecodingRow row;
  private final Hypothesis p;
  private final int[] before;
  private final int depth;
  private final Function<int[], Rollout> roller;
  private final Rollout[] rollouts;

  /** With each candidate's reward, or Rmax while it is not known. */
  private CandidateChoice choice;

  /** A hypothesis with its reward per candidate; {@code null} while it is not known. */
  private final Judged[] hypotheses;

  /**
   * The most that a candidate's reward counts for, by q's rollout of it; NaN while q has made none.
   * A bound in both senses, so that what wins does not depend on who was rolled out first.
   */
  private final double[] reach;

  private int best;

  /** A hypothesis, from the prompt on, and its reward. */
  record Judged(int[] path, double reward) {}

  /**
   * Opens the choice among p's top k.
   *
   * @param p scores anew what is close
   * @param before prompt, y and w_1 .. w_{j-1}
   * @param next p's scores of the token that follows, with the top k
   * @param depth tokens of a rollout here
   * @param hypothesis w with its lookahead: the first candidate with its rollout
   * @param roller starts the rollout of a path of the same depth
   */
  CandidatePruning(
      DecodingRow row,
      double rewardWeight,
      Hypothesis p,
      int[] before,
      TokenScores next,
      int depth,
      Judged hypothesis,
      Function<int[], Rollout> roller) {
    this.row = row;
    this.p = p;
    this.before = before;
    this.depth = depth;
    this.roller = roller;
    int k = next.topIds().length;
    double[] rewards = new double[k];
    Arrays.fill(rewards, row.rewardBound());
    this.choice = new CandidateChoice(next, rewards, rewardWeight);
    this.rollouts = new Rollout[k];
    this.hypotheses = new Judged[k];
    this.reach = new double[k];
    Arrays.fill(reach, Double.NaN);
    score(0, hypothesis);
  }

  private int[] ids() {
    return choice.next().topIds();
  }

  private boolean mayWin(int i) {
    return hypotheses[i] == null && choice.beats(i, best);
  }

  /** Scores the candidates whose hypotheses are known by now. */
  void update() {
    for (int i = 0; i < hypotheses.length; i++) {
      int[] path = path(i);
      if (mayWin(i) && (depth == 0 || row.isEos(ids()[i]))) {
        score(i, judged(path));
      } else if (mayWin(i) && rollouts[i] != null && rollouts[i].done()) {
        score(i, judged(Ids.concat(path, rollouts[i].tokens())));
      }
    }
  }

  private int[] path(int i) {
    return Ids.concat(before, ids()[i]);
  }

  /** The rollouts that are still needed, of candidates that may win. */
  List<Rollout> needed() {
    List<Rollout> needed = new ArrayList<>();
    for (int i = 0; i < hypotheses.length; i++) {
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

  /**
   * Rolls out by q what p is to roll out next, and gives up what would not win by a reward of some
   * steps more than q's rollout has, which is p's draft anyway. In one batch for several choices.
   */
  static void filter(DecodingRow row, List<CandidatePruning> choices, int steps) {
    List<Hypothesis> drafts = new ArrayList<>();
    List<Runnable> judging = new ArrayList<>();
    List<Integer> depths = new ArrayList<>();
    for (CandidatePruning choice : choices) {
      for (int i = 0; i < choice.hypotheses.length; i++) {
        Rollout rollout = choice.rollouts[i];
        if (choice.mayWin(i) && rollout != null && Double.isNaN(choice.reach[i])) {
          int candidate = i;
          drafts.add(rollout.q());
          depths.add(choice.depth);
          judging.add(() -> choice.estimate(candidate, steps));
        }
      }
    }
    Hypothesis.rollOut(
        row.draft(), drafts, depths.stream().mapToInt(Integer::intValue).toArray(), 0, 0);
    judging.forEach(Runnable::run);
  }

  private void estimate(int i, int steps) {
    int[] hypothesis = Ids.concat(path(i), rollouts[i].q().greedy(depth));
    int[] continuation = Arrays.copyOfRange(hypothesis, row.tokens().length, hypothesis.length);
    reach[i] = row.reach(steps, continuation);
    choice.rewards()[i] = reach[i];
    settle();
  }

  private Judged judged(int[] path) {
    return new Judged(path, row.reward(Arrays.copyOfRange(path, row.tokens().length, path.length)));
  }

  private void score(int i, Judged hypothesis) {
    hypotheses[i] = hypothesis;
    boolean bounded = hypothesis.reward() > reach[i];
    choice.rewards()[i] = bounded ? reach[i] : hypothesis.reward();
    settle();
  }

  private void settle() {
    decide();
    if (choice.isClose(best, p.nearTie())) {
      // A bound that is near decides no more safely than a score does.
      TokenScores settled = p.settled(choice.next(), before);
      choice = new CandidateChoice(settled, choice.rewards(), choice.rewardWeight());
      decide();
    }
  }

  /** Finds the best of those that are scored. */
  private void decide() {
    for (int i = 0; i < hypotheses.length; i++) {
      if (hypotheses[i] != null && choice.beats(i, best)) {
        best = i;
      }
    }
  }

  /** Whether no candidate can beat the best one any more. */
  boolean settled() {
    for (int i = 0; i < hypotheses.length; i++) {
      if (mayWin(i)) {
        return false;
      }
    }
    return true;
  }

  /** Whether w loses here, whoever wins. */
  boolean leavesPath() {
    return best > 0;
  }

  /** Commits the winner, once settled. */
  void commit() {
    if (choice.isClose(best, p.nearTie())) {
      row.nearTie();
    }
    // The token of w that no candidate beats is p's own, which the reward left as it was.
    Origin origin = leavesPath() ? Origin.CANDIDATE : Origin.TARGET;
    row.commit(origin, ids()[best], choice.next().topLogProbs()[best]);
  }

  /** The winner's rollout; {@code null} for w, an EOS, and a depth of 0. */
  Rollout winner() {
    return rollouts[best];
  }

  /** The winner's hypothesis, and its reward. */
  Judged winnersHypothesis() {
    return hypotheses[best];
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
