package io.foresight.jobs.metrics;

import io.foresight.reward.RowRewards;
import io.foresight.reward.text.Words;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What repetition a set of texts has: distinct pairs of words, and concepts used too often. */
public final class Diversity {

  /** Rows whose pairs are counted; the measure falls with the number of texts anyway. */
  private static final int MOST_ROWS = 10_000;

  private static final int OFTEN = 2;

  private final Set<String> distinct = new HashSet<>();
  private long pairs;
  private long rows;
  private long rowsWithConcepts;
  private long overusing;

  /**
   * Adds a text.
   *
   * @param coverage coverage of the row's concepts; one that judges nothing for rows that have none
   */
  public void add(RowRewards coverage, String text) {
    List<String> words = Words.of(text).words();
    for (int i = 1; i < words.size() && rows < MOST_ROWS; i++) {
      distinct.add(words.get(i - 1) + " " + words.get(i));
      pairs++;
    }
    rows++;
    if (coverage.isJudging()) {
      rowsWithConcepts++;
      overusing += overuses(coverage, words) ? 1 : 0;
    }
  }

  /**
   * Whether a text uses one of the concepts, in any form of one word, more than twice.
   *
   * @param coverage coverage of the row's concepts
   */
  public static boolean overuses(RowRewards coverage, List<String> words) {
    Map<String, Integer> uses = new HashMap<>();
    for (String word : words) {
      coverage
          .outcome(word)
          .scores()
          .forEach(
              (name, score) -> {
                // A concept is a part of its reward.
                if (name.contains(".")) {
                  uses.merge(name, score > 0 ? 1 : 0, Integer::sum);
                }
              });
    }
    return uses.values().stream().anyMatch(count -> count > OFTEN);
  }

  /** Distinct pairs of neighbouring words per pair; NaN if there is none. */
  public double distinct2() {
    return (double) distinct.size() / pairs;
  }

  /**
   * Share of the rows with concepts that use one of one word, in any form, more than twice; NaN if
   * none has any.
   */
  public double overuse() {
    return (double) overusing / rowsWithConcepts;
  }
}
