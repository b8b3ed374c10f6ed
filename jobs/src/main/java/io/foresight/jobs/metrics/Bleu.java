package io.foresight.jobs.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * BLEU-4 (Papineni et al. 2002) as sacrebleu computes it by default: tokens of 13a, with case,
 * counts and lengths summed over all texts, the closest reference's length, and exponential
 * smoothing.
 */
final class Bleu {

  /** Lengths of text and reference, then matches and sequences of each order. */
  private static final int COUNTS = 2 + 2 * Ngrams.MOST;

  static final Metric METRIC =
      new Metric(
          "bleu_4",
          1 + COUNTS,
          text -> text.hasReferences() ? counts(text.text(), text.references()) : null,
          sums -> of(Arrays.copyOfRange(sums, 1, sums.length), false));

  private Bleu() {}

  private static double[] counts(String text, List<String> references) {
    List<List<String>> tokenized = references.stream().map(Ngrams::tokens13a).toList();
    List<String> tokens = Ngrams.tokens13a(text);
    List<Map<String, Integer>> most = new ArrayList<>();
    for (int n = 1; n <= Ngrams.MOST; n++) {
      Map<String, Integer> ofOrder = new HashMap<>();
      for (List<String> reference : tokenized) {
        Ngrams.counts(reference, n)
            .forEach((ngram, count) -> ofOrder.merge(ngram, count, Math::max));
      }
      most.add(ofOrder);
    }
    int closest = closest(tokens.size(), tokenized.stream().map(List::size).toList());
    return counts(tokens, closest, (n, ngram) -> most.get(n - 1).getOrDefault(ngram, 0));
  }

  /** The length that is nearest to one; of two as near, the shorter. */
  static int closest(int length, List<Integer> lengths) {
    int closest = lengths.get(0);
    for (int other : lengths) {
      int by = Math.abs(other - length) - Math.abs(closest - length);
      closest = by < 0 || (by == 0 && other < closest) ? other : closest;
    }
    return closest;
  }

  /** How often a reference has a sequence at most. */
  @FunctionalInterface
  interface Clip {
    int of(int n, String ngram);
  }

  static double[] counts(List<String> tokens, int closest, Clip clip) {
    double[] counts = new double[COUNTS];
    counts[0] = tokens.size();
    counts[1] = closest;
    for (int n = 1; n <= Ngrams.MOST; n++) {
      int order = n;
      Ngrams.counts(tokens, n)
          .forEach(
              (ngram, count) -> {
                counts[1 + order] += Math.min(count, clip.of(order, ngram));
                counts[1 + Ngrams.MOST + order] += count;
              });
    }
    return counts;
  }

  /**
   * The score, 0 to 100.
   *
   * @param counts sums of {@link #counts}
   * @param effective whether orders of which there is no sequence at all are left out, as for one
   *     short text
   */
  static double of(double[] counts, boolean effective) {
    double matches = 0;
    for (int n = 1; n <= Ngrams.MOST; n++) {
      matches += counts[1 + n];
    }
    if (matches == 0) {
      return 0;
    }
    double smooth = 1;
    double logs = 0;
    int order = 0;
    while (order < Ngrams.MOST && counts[2 + Ngrams.MOST + order] > 0) {
      double total = counts[2 + Ngrams.MOST + order];
      double correct = counts[2 + order];
      if (correct == 0) {
        smooth *= 2;
        logs += Math.log(100 / (smooth * total));
      } else {
        logs += Math.log(100 * correct / total);
      }
      order++;
    }
    if (order < Ngrams.MOST && !effective) {
      return 0;
    }
    double penalty = counts[0] < counts[1] ? Math.exp(1 - counts[1] / counts[0]) : 1;
    return penalty * Math.exp(logs / order);
  }
}
