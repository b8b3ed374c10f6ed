package io.foresight.engine;

import io.foresight.model.cost.ForwardStats;

/**
 * Time and work that decoding took.
 *
 * @param target p's forwards
 * @param draft q's forwards
 * @param rewardNanos in rewards, on the rows' threads, but for their models' forwards
 * @param scorerNanos in forwards of the rewards' models, on the decoder's thread
 * @param tokenizerNanos in the tokenizer, of prompts on the decoder's thread and of texts on the
 *     rows'
 * @param waitingNanos that forwards waited for rows: their own code, rewards and tokenizer included
 */
public record Spent(
    ForwardStats target,
    ForwardStats draft,
    long rewardNanos,
    long scorerNanos,
    long tokenizerNanos,
    long waitingNanos) {

  /** What was added since {@code earlier}. */
  public Spent since(Spent earlier) {
    return new Spent(
        target.since(earlier.target),
        draft.since(earlier.draft),
        rewardNanos - earlier.rewardNanos,
        scorerNanos - earlier.scorerNanos,
        tokenizerNanos - earlier.tokenizerNanos,
        waitingNanos - earlier.waitingNanos);
  }

  /** What both took. */
  public Spent plus(Spent other) {
    return new Spent(
        target.plus(other.target),
        draft.plus(other.draft),
        rewardNanos + other.rewardNanos,
        scorerNanos + other.scorerNanos,
        tokenizerNanos + other.tokenizerNanos,
        waitingNanos + other.waitingNanos);
  }
}
