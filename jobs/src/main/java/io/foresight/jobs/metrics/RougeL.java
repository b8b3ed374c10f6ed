package io.foresight.jobs.metrics;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * ROUGE-L (Lin 2004) as Google's {@code rouge_score} defines it without a stemmer: F1 of the
 * longest common subsequence of words of ASCII letters and digits, without case; the highest of a
 * row's references; the mean over rows.
 */
final class RougeL {

  static final Metric METRIC =
      Metric.mean(
          "rouge_l",
          text ->
              text.hasReferences()
                  ? text.references().stream()
                      .map(reference -> of(text.text(), reference))
                      .max(Comparator.naturalOrder())
                      .orElseThrow()
                  : null);

  private RougeL() {}

  private static List<String> words(String text) {
    return Ngrams.split(text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", " "));
  }

  private static double of(String text, String reference) {
    List<String> own = words(text);
    List<String> other = words(reference);
    int common = common(own, other);
    if (common == 0) {
      return 0;
    }
    double precision = (double) common / own.size();
    double recall = (double) common / other.size();
    return 2 * precision * recall / (precision + recall);
  }

  /** Length of the longest common subsequence. */
  private static int common(List<String> own, List<String> other) {
    int[] before = new int[other.size() + 1];
    for (String word : own) {
      int[] here = new int[before.length];
      for (int j = 1; j < before.length; j++) {
        here[j] =
            word.equals(other.get(j - 1)) ? before[j - 1] + 1 : Math.max(before[j], here[j - 1]);
      }
      before = here;
    }
    return before[other.size()];
  }
}
