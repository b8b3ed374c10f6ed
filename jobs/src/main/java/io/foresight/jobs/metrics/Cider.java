package io.foresight.jobs.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * CIDEr-D (Vedantam et al. 2015) as {@code pycocoevalcap} computes it, times 10: cosine of
 * sequences of one to four words, weighted by how rare they are among the references, clipped, with
 * a Gaussian penalty (sigma 6) of the difference in length; the mean over orders, references and
 * rows. Words are those of BLEU without case and punctuation, where {@code pycocoevalcap} has a
 * tokenizer of its own.
 */
final class Cider {

  private static final double SIGMA = 6;
  private static final double SCALE = 10;

  private Cider() {}

  static Metric metric(DocumentFrequencies frequencies) {
    return Metric.mean(
        "cider",
        text -> text.hasReferences() ? of(text.text(), text.references(), frequencies) : null);
  }

  /** Weighted sequences of each order, their norms, and how many pairs of words there are. */
  private record Vector(List<Map<String, Double>> weights, double[] norms, int length) {

    static Vector of(String text, DocumentFrequencies frequencies) {
      List<String> words = Ngrams.words(text);
      List<Map<String, Double>> weights = new ArrayList<>();
      double[] norms = new double[Ngrams.MOST];
      for (int n = 1; n <= Ngrams.MOST; n++) {
        Map<String, Double> ofOrder = new LinkedHashMap<>();
        for (Map.Entry<String, Integer> ngram : Ngrams.counts(words, n).entrySet()) {
          double weight = ngram.getValue() * frequencies.weight(ngram.getKey());
          ofOrder.put(ngram.getKey(), weight);
          norms[n - 1] += weight * weight;
        }
        weights.add(ofOrder);
        norms[n - 1] = Math.sqrt(norms[n - 1]);
      }
      return new Vector(weights, norms, Math.max(0, words.size() - 1));
    }
  }

  private static double of(String text, List<String> references, DocumentFrequencies frequencies) {
    Vector own = Vector.of(text, frequencies);
    double sum = 0;
    for (String reference : references) {
      sum += similarity(own, Vector.of(reference, frequencies));
    }
    return SCALE * sum / references.size();
  }

  private static double similarity(Vector own, Vector reference) {
    double sum = 0;
    for (int n = 0; n < Ngrams.MOST; n++) {
      Map<String, Double> others = reference.weights().get(n);
      double product = 0;
      for (Map.Entry<String, Double> ngram : own.weights().get(n).entrySet()) {
        double other = others.getOrDefault(ngram.getKey(), 0.0);
        product += Math.min(ngram.getValue(), other) * other;
      }
      double norms = own.norms()[n] * reference.norms()[n];
      sum += norms == 0 ? product : product / norms;
    }
    double difference = own.length() - reference.length();
    return sum / Ngrams.MOST * Math.exp(-difference * difference / (2 * SIGMA * SIGMA));
  }
}
