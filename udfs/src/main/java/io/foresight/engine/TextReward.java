package io.foresight.engine;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.model.text.Detokenizer;
import io.foresight.model.text.Tokenizer;
import io.foresight.reward.RowRewards;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/** A row's reward over texts as a reward over lines of ids. Of one row, and its thread. */
final class TextReward implements HypothesisReward {

  private final RowRewards rewards;
  private final Tokenizer tokenizer;
  private final Detokenizer detokenizer;
  private final StopStrings stop;
  private final LongAdder rewardNanos;
  private final LongAdder tokenizerNanos;

  /**
   * @param stop what ends the row: a text is judged up to it
   */
  TextReward(
      RowRewards rewards,
      Tokenizer tokenizer,
      StopStrings stop,
      LongAdder rewardNanos,
      LongAdder tokenizerNanos) {
    this.stop = stop;
    this.rewards = rewards;
    this.tokenizer = tokenizer;
    this.detokenizer = tokenizer.newDetokenizer();
    this.rewardNanos = rewardNanos;
    this.tokenizerNanos = tokenizerNanos;
  }

  @Override
  public Judgement judge(int[] generated, boolean finished) {
    return judge(List.of(generated), new boolean[] {finished}).get(0);
  }

  @Override
  public List<Judgement> judge(List<int[]> lines, boolean[] finished) {
    long started = System.nanoTime();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < finished.length; i++) {
      String text = stop.text(detokenizer.written(lines.get(i)));
      texts.add(finished[i] ? text : withoutBegunCharacter(text));
    }
    long decoded = System.nanoTime();
    List<Judgement> judgements = rewards.judge(texts, finished);
    tokenizerNanos.add(decoded - started);
    rewardNanos.add(System.nanoTime() - decoded);
    return judgements;
  }

  /** Whether generated ids hold what ends the row. */
  boolean ends(int[] generated) {
    return stop.end(detokenizer.written(generated));
  }

  @Override
  public List<Criterion> criteria() {
    return rewards.criteria();
  }

  /** Each hint as it stands inside a text, and with a capital at the start of one. */
  @Override
  public List<int[]> hints(int[] generated) {
    String text = withoutBegunCharacter(stop.text(detokenizer.written(generated)));
    List<int[]> hints = new ArrayList<>();
    for (String hint : rewards.hints(text)) {
      for (String form : List.of(hint, capitalized(hint))) {
        int[] ids = tokenizer.word(form);
        if (ids.length > 0) {
          hints.add(ids);
        }
      }
    }
    return hints;
  }

  /**
   * A text without a character at its end of which only the first bytes are there: nobody knows
   * what it will be, and a letter would go on the word before it.
   */
  private static String withoutBegunCharacter(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == Detokenizer.REPLACEMENT) {
      end--;
    }
    return text.substring(0, end);
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
  public boolean isJudging() {
    return rewards.isJudging();
  }

  @Override
  public double reach(Judgement judgement, int steps) {
    return rewards.reach(judgement.parts(), steps);
  }

  @Override
  public double upperBound() {
    return rewards.upperBound();
  }
}
