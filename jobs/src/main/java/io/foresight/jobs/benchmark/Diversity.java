package io.foresight.jobs.benchmark;

import io.foresight.reward.RewardFunction.RowReward;
import io.foresight.reward.Words;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What repetition a set of texts has: distinct pairs of words, and concepts used too often. */
final class Diversity {

  /** Rows whose pairs are counted; the measure falls with the number of texts anyway. */
  private static final int MOST_ROWS = 10_000;

  private static final int OFTEN = 2;

  private final Set<String> distinct = new HashSet<>();
  private long pairs;
  private long rows;
  private long overusing;

  void add(RowReward reward, String text) {
    List<String> words = Words.of(text).words();
    for (int i = 1; i < words.size() && rows < MOST_ROWS; i++) {
      distinct.add(words.get(i - 1) + " " + words.get(i));
      pairs++;
    }
    rows++;
    overusing += overuses(reward, words) ? 1 : 0;
  }

  private static boolean overuses(RowReward reward, List<String> words) {
    Map<String, Integer> uses = new HashMap<>();
    for (String word : words) {
      reward
          .constraintScores(word)
          .forEach((concept, score) -> uses.merge(concept, score == 1.0 ? 1 : 0, Integer::sum));
    }
    return uses.values().stream().anyMatch(count -> count > OFTEN);
  }

  /** Distinct pairs of neighbouring words per pair; NaN if there is none. */
  double distinct2() {
    return (double) distinct.size() / pairs;
  }

  /** Share of rows that use a concept of one word, in any form, more than twice. */
  double overuse() {
    return (double) overusing / rows;
  }
}
