package io.foresight.decoding.search;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;

import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.hypothesis.Hypotheses;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * CDLH's step: the top-k tokens c of p are rolled out d tokens each, and the arg max of log p(c) +
 * lambda R(y c rollout) is committed; ties go to the higher log p, then to the lower id. With
 * {@link Noise} the scores s(c) stand for log p(c), and the arg max is a draw from p'(c) exp(lambda
 * R).
 *
 * @param candidates k
 * @param lookahead d, tokens after the candidate
 * @param rewardWeight lambda
 * @param reuse whether the committed candidate's rollout serves the next step
 */
public record CandidateStep(int candidates, int lookahead, double rewardWeight, boolean reuse) {

  /** As {@code settings} say. */
  public static CandidateStep of(Settings settings, boolean reuse) {
    return new CandidateStep(
        settings.get(CANDIDATES), settings.get(LOOKAHEAD), settings.get(REWARD_WEIGHT), reuse);
  }

  /** k, or the whole vocabulary if that is smaller. */
  public int candidates(DecodingRow row) {
    return Math.min(candidates, row.target().vocabularySize());
  }

  /** Candidates of a step, at most. */
  public int candidates(boolean hinted) {
    return hinted ? 2 * candidates : candidates;
  }

  /** The step with rollouts by p. */
  public void byTarget(DecodingRow row, Hypothesis p, Hints hints) {
    if (!row.isJudged()) {
      p.advance(greedy(row, p));
      return;
    }
    int k = candidates(row);
    TokenScores next = hints.join(row, p, p.next(k));
    try (Hypotheses rollouts = new Hypotheses()) {
      Hypothesis[] of = fork(row, p, next.topIds(), rollouts);
      // The first position's scores are the next step's candidates; a rollout that is gone on from
      // is asked for them all along, or each further step would need a forward for its own.
      rollOut(row.target(), rollouts.all(), depth(row), k, reuse ? k : 0);
      int best = commit(row, p, next, of);
      settle(p, of[best], next.topIds()[best], 1);
    }
  }

  /** The step with rollouts by q. */
  public void byDraft(DecodingRow row, Hypothesis p, Hypothesis q, Hints hints) {
    if (!row.isJudged()) {
      int id = greedy(row, p);
      p.advance(id);
      q.advance(id);
      return;
    }
    TokenScores next = hints.join(row, p, p.next(candidates(row)));
    try (Hypotheses rollouts = new Hypotheses()) {
      Hypothesis[] of = fork(row, q, next.topIds(), rollouts);
      rollOut(row.draft(), rollouts.all(), depth(row), 0, 0);
      int best = commit(row, p, next, of);
      p.advance(next.topIds()[best]);
      settle(q, of[best], next.topIds()[best], 0);
    }
  }

  /** Commits p's own token, which no rollout can change where the reward says nothing. */
  private static int greedy(DecodingRow row, Hypothesis p) {
    TokenScores next = p.next(0);
    row.commit(Origin.TARGET, next.id(), next.logProb());
    return next.id();
  }

  private int depth(DecodingRow row) {
    return Math.min(lookahead, row.remaining() - 1);
  }

  /** A fork per candidate; {@code null} for one that has no rollout. */
  private Hypothesis[] fork(DecodingRow row, Hypothesis hypothesis, int[] ids, Hypotheses into) {
    Hypothesis[] of = new Hypothesis[ids.length];
    for (int i = 0; i < ids.length; i++) {
      if (depth(row) > 0 && !row.isEos(ids[i])) {
        hypothesis.fill();
        of[i] = into.add(hypothesis.fork(ids[i]));
      }
    }
    return of;
  }

  private static void rollOut(
      LanguageModel model, List<Hypothesis> hypotheses, int depth, int firstTopK, int topK) {
    int[] counts = new int[hypotheses.size()];
    Arrays.fill(counts, depth);
    Hypothesis.rollOut(model, hypotheses, counts, firstTopK, topK);
  }

  private int commit(DecodingRow row, Hypothesis p, TokenScores next, Hypothesis[] rollouts) {
    int depth = depth(row);
    List<int[]> hypotheses = new ArrayList<>();
    for (int i = 0; i < rollouts.length; i++) {
      int[] rollout = rollouts[i] == null ? new int[0] : rollouts[i].greedy(depth);
      hypotheses.add(Ids.concat(new int[] {next.topIds()[i]}, rollout));
    }
    double[] rewards = row.rewards(hypotheses);
    CandidateChoice choice = new CandidateChoice(next, rewards, rewardWeight);
    int best = choice.best();
    if (choice.isClose(best, p.nearTie())) {
      row.nearTie();
      next = p.settled(next, p.base());
      best = new CandidateChoice(next, rewards, rewardWeight).best();
    }
    row.commit(Origin.CANDIDATE, next.topIds()[best], next.topLogProbs()[best]);
    return best;
  }

  /**
   * Moves {@code hypothesis} on to the committed candidate, by way of its rollout if it has one.
   */
  private void settle(Hypothesis hypothesis, Hypothesis rollout, int id, int keep) {
    if (rollout == null) {
      hypothesis.advance(id);
    } else {
      hypothesis.adopt(rollout);
    }
    if (!reuse) {
      hypothesis.forget(keep);
    }
  }
}
