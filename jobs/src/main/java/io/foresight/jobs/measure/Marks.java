package io.foresight.jobs.measure;

import io.foresight.jobs.report.ReportData.Mark;
import io.foresight.reward.RowRewards;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where in a text the words stand that it was to have. */
final class Marks {

  /** A run of letters, digits and what joins them, with an apostrophe or hyphen inside. */
  private static final Pattern WORD =
      Pattern.compile("[\\p{L}\\p{N}\\p{M}]+(?:['\u2019-][\\p{L}\\p{N}\\p{M}]+)*");

  private Marks() {}

  /**
   * The places of the concepts in any form, none overlapping another.
   *
   * @param concepts coverage of the row's concepts, which it is asked for a few words at a time
   * @param most words of the longest concept
   */
  static List<Mark> of(String text, RowRewards concepts, int most) {
    List<int[]> words = new ArrayList<>();
    for (Matcher word = WORD.matcher(text); word.find(); ) {
      words.add(new int[] {word.start(), word.end()});
    }
    List<Mark> marks = new ArrayList<>();
    int first = 0;
    while (first < words.size()) {
      int taken = 0;
      for (int count = 1; count <= Math.min(most, words.size() - first) && taken == 0; count++) {
        int start = words.get(first)[0];
        int end = words.get(first + count - 1)[1];
        String concept = covered(concepts, text.substring(start, end));
        if (concept != null && !standsWithin(words, first, count, text, concepts)) {
          marks.add(new Mark(start, end, concept));
          taken = count;
        }
      }
      first += Math.max(1, taken);
    }
    return marks;
  }

  /** Whether the words have a concept without the first of them, too. */
  private static boolean standsWithin(
      List<int[]> words, int first, int count, String text, RowRewards concepts) {
    int end = words.get(first + count - 1)[1];
    return count > 1 && covered(concepts, text.substring(words.get(first + 1)[0], end)) != null;
  }

  private static String covered(RowRewards concepts, String words) {
    for (Map.Entry<String, Double> score : concepts.outcome(words).scores().entrySet()) {
      int point = score.getKey().indexOf('.');
      if (point > 0 && score.getValue() > 0) {
        return score.getKey().substring(point + 1);
      }
    }
    return null;
  }
}
