package io.foresight.jobs.benchmark;

import io.foresight.engine.Spent;
import io.foresight.model.cost.ForwardStats;

/**
 * What decoding all rows, once or several times, took.
 *
 * @param batch rows in flight
 * @param seconds wall time
 */
record Work(int batch, long rows, long tokens, double seconds, Spent spent) {

  Work plus(Work other) {
    return new Work(
        batch,
        rows + other.rows,
        tokens + other.tokens,
        seconds + other.seconds,
        spent.plus(other.spent));
  }

  double tokensPerSecond() {
    return tokens / seconds;
  }

  double rowsPerSecond() {
    return rows / seconds;
  }

  /**
   * Shares of the wall time.
   *
   * @param canonical forwards that decided near ties, of both models
   * @param reward in rewards, on the rows' threads and in their models' forwards
   * @param waiting forwards waited for the rows' other code
   * @param batching the rest: putting forwards together and handing results out
   */
  record Shares(
      double target,
      double draft,
      double canonical,
      double reward,
      double tokenizer,
      double waiting,
      double batching) {

    /** Neither forwards nor rewards. */
    double loop() {
      return tokenizer + waiting + batching;
    }
  }

  Shares shares() {
    double target = spent.target().nanos() / 1e9 / seconds;
    double draft = spent.draft().nanos() / 1e9 / seconds;
    double canonical =
        (spent.target().canonicalNanos() + spent.draft().canonicalNanos()) / 1e9 / seconds;
    double reward = spent.rewardNanos() / 1e9 / seconds;
    double scorers = spent.scorerNanos() / 1e9 / seconds;
    double tokenizer = spent.tokenizerNanos() / 1e9 / seconds;
    double rest = Math.max(0, 1 - target - draft - canonical - scorers);
    // A single row is decoded by the thread that runs the forwards: all that is not theirs is its.
    double waited = batch == 1 ? rest : Math.min(rest, spent.waitingNanos() / 1e9 / seconds);
    // Rows run beside each other, so that their times may add up to more than was waited for them.
    double own = reward + tokenizer;
    double scale = own > waited ? waited / own : 1;
    return new Shares(
        target,
        draft,
        canonical,
        scale * reward + scorers,
        scale * tokenizer,
        waited - Math.min(waited, scale * own),
        rest - waited);
  }

  /** Forwards that decided no near tie, in calls of native code. */
  static long forwards(ForwardStats stats) {
    return stats.forwards() - stats.canonicalForwards();
  }

  /** NaN if there was none. */
  static double sequencesPerForward(ForwardStats stats) {
    return (double) (stats.sequences() - stats.canonicalForwards()) / forwards(stats);
  }

  /** NaN if there was none. */
  static double copiedBytesPerForward(ForwardStats stats) {
    return (double) stats.copiedBytes() / forwards(stats);
  }
}
