package io.foresight.spark;

import io.foresight.decoding.LineReward;
import io.foresight.model.Detokenizer;
import io.foresight.model.Tokenizer;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/** A row's reward over texts as a reward over lines of ids. Of one row, and its thread. */
final class TextReward implements LineReward {

  private final RowReward reward;
  private final Tokenizer tokenizer;
  private final Detokenizer detokenizer;
  private final LongAdder rewardNanos;
  private final LongAdder tokenizerNanos;

  TextReward(
      RowReward reward, Tokenizer tokenizer, LongAdder rewardNanos, LongAdder tokenizerNanos) {
    this.reward = reward;
    this.tokenizer = tokenizer;
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
  public double[] of(List<int[]> lines, boolean[] finished) {
    long started = System.nanoTime();
    List<String> texts = lines.stream().map(detokenizer::text).toList();
    long decoded = System.nanoTime();
    double[] scores = reward.rewards(texts, finished);
    tokenizerNanos.add(decoded - started);
    rewardNanos.add(System.nanoTime() - decoded);
    return scores;
  }

  /** Each hint as it stands inside a text, and with a capital at the start of one. */
  @Override
  public List<int[]> hints(int[] generated) {
    String text = detokenizer.text(generated);
    List<int[]> hints = new ArrayList<>();
    for (String hint : reward.hints(text)) {
      for (String form : List.of(hint, capitalized(hint))) {
        int[] ids = tokenizer.word(form);
        if (ids.length > 0) {
          hints.add(ids);
        }
      }
    }
    return hints;
  }

  private static String capitalized(String word) {
    return word.isEmpty()
        ? word
        : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
  }

  @Override
  public boolean startsWord(int id) {
    return tokenizer.startsWord(id);
  }

  @Override
  public double upperBound() {
    return reward.upperBound();
  }
}
