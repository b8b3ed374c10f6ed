package io.foresight.spark;

import io.foresight.decoding.LineReward;
import io.foresight.model.Detokenizer;
import io.foresight.model.Tokenizer;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.concurrent.atomic.LongAdder;

/** A row's reward over texts as a reward over lines of ids. Of one row, and its thread. */
final class TextReward implements LineReward {

  private final RowReward reward;
  private final Detokenizer detokenizer;
  private final LongAdder rewardNanos;
  private final LongAdder tokenizerNanos;

  TextReward(
      RowReward reward, Tokenizer tokenizer, LongAdder rewardNanos, LongAdder tokenizerNanos) {
    this.reward = reward;
    this.detokenizer = tokenizer.newDetokenizer();
    this.rewardNanos = rewardNanos;
    this.tokenizerNanos = tokenizerNanos;
  }

  @Override
  public double of(int[] generated, boolean finished) {
    long started = System.nanoTime();
    String text = detokenizer.text(generated);
    long decoded = System.nanoTime();
    double score = reward.reward(text, finished);
    tokenizerNanos.add(decoded - started);
    rewardNanos.add(System.nanoTime() - decoded);
    return score;
  }

  @Override
  public double upperBound() {
    return reward.upperBound();
  }
}
