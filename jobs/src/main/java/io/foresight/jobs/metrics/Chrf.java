package io.foresight.jobs.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * chrF (Popovic 2015) as sacrebleu computes it by default: sequences of 1 to 6 characters without
 * blanks, with case, beta 2; of several references the one with the highest score; counts summed
 * over all texts.
 */
final class Chrf {

  private static final int ORDERS = 6;
  private static final double BETA_SQUARED = 4;

  static final Metric METRIC =
      new Metric(
          "chrf",
          1 + 3 * ORDERS,
          text -> text.hasReferences() ? counts(text.text(), text.references()) : null,
          sums -> of(Arrays.copyOfRange(sums, 1, sums.length)));

  private Chrf() {}

  private static double[] counts(String text, List<String> references) {
    List<Map<String, Integer>> own = ngrams(text);
    double[] best = null;
    double highest = -1;
    for (String reference : references) {
      double[] counts = counts(own, ngrams(reference));
      double score = of(counts);
      if (score > highest) {
        highest = score;
        best = counts;
      }
    }
    return best;
  }

  private static double[] counts(
      List<Map<String, Integer>> own, List<Map<String, Integer>> reference) {
    double[] counts = new double[3 * ORDERS];
    for (int i = 0; i < ORDERS; i++) {
      Map<String, Integer> others = reference.get(i);
      int at = 3 * i;
      for (Map.Entry<String, Integer> ngram : own.get(i).entrySet()) {
        // Nothing is asked of an order for which the reference is too short.
        counts[at] += others.isEmpty() ? 0 : ngram.getValue();
        counts[at + 2] += Math.min(ngram.getValue(), others.getOrDefault(ngram.getKey(), 0));
      }
      counts[at + 1] = others.values().stream().mapToInt(Integer::intValue).sum();
    }
    return counts;
  }

  private static List<Map<String, Integer>> ngrams(String text) {
    int[] characters = String.join("", Ngrams.split(text)).codePoints().toArray();
    List<Map<String, Integer>> orders = new ArrayList<>();
    for (int n = 1; n <= ORDERS; n++) {
      Map<String, Integer> counts = new HashMap<>();
      for (int i = 0; i + n <= characters.length; i++) {
        counts.merge(new String(characters, i, n), 1, Integer::sum);
      }
      orders.add(counts);
    }
    return orders;
  }

  /** The score, 0 to 100. */
  private static double of(double[] counts) {
    double precision = 0;
    double recall = 0;
    int orders = 0;
    for (int i = 0; i < ORDERS; i++) {
      double own = counts[3 * i];
      double reference = counts[3 * i + 1];
      if (own > 0 && reference > 0) {
        precision += counts[3 * i + 2] / own;
        recall += counts[3 * i + 2] / reference;
        orders++;
      }
    }
    if (precision + recall == 0) {
      return 0;
    }
    precision /= orders;
    recall /= orders;
    return 100 * (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall);
  }
}
