package io.foresight.jobs.metrics;

import io.foresight.reward.text.Words;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What repetition a set of texts has. Such figures fall or rise with the number of texts, so they
 * are of a sample and compare only with those of as many. Immutable.
 *
 * @param texts in an order that does not depend on how they were read
 */
public record TextSample(List<String> texts) {

  /** Most texts that are held against each other. */
  public static final int MOST_FOR_SELF_BLEU = 1_000;

  /** Copies. */
  public TextSample {
    texts = List.copyOf(texts);
  }

  /** Distinct ones of all sequences of n words per sequence; NaN if there is none. */
  public double distinct(int n) {
    Set<String> distinct = new HashSet<>();
    long all = 0;
    for (String text : texts) {
      List<String> words = Words.of(text).words();
      for (int i = 0; i + n <= words.size(); i++) {
        distinct.add(String.join(" ", words.subList(i, i + n)));
        all++;
      }
    }
    return (double) distinct.size() / all;
  }

  /** How often one text has a sequence of words at most, and how often another one does. */
  private record Most(int owner, int count, int another) {

    Most with(int text, int times) {
      return times > count
          ? new Most(text, times, count)
          : new Most(owner, count, Math.max(another, times));
    }

    int without(int text) {
      return text == owner ? another : count;
    }
  }

  /**
   * Mean BLEU-4 of each of the first texts against all other ones of them (Zhu et al. 2018), each
   * as sacrebleu computes it of one sentence; NaN of fewer than two.
   */
  public double selfBleu() {
    List<List<String>> tokens =
        texts.stream().limit(MOST_FOR_SELF_BLEU).map(Ngrams::tokens13a).toList();
    if (tokens.size() < 2) {
      return Double.NaN;
    }
    List<Map<String, Most>> most = new ArrayList<>();
    for (int n = 1; n <= Ngrams.MOST; n++) {
      Map<String, Most> ofOrder = new HashMap<>();
      for (int text = 0; text < tokens.size(); text++) {
        int owner = text;
        Ngrams.counts(tokens.get(text), n)
            .forEach(
                (ngram, count) ->
                    ofOrder.merge(
                        ngram,
                        new Most(owner, count, 0),
                        (before, one) -> before.with(one.owner(), one.count())));
      }
      most.add(ofOrder);
    }
    List<Integer> lengths = tokens.stream().map(List::size).toList();
    double sum = 0;
    for (int text = 0; text < tokens.size(); text++) {
      int own = text;
      List<Integer> others = new ArrayList<>(lengths);
      others.remove(text);
      double[] counts =
          Bleu.counts(
              tokens.get(text),
              Bleu.closest(lengths.get(text), others),
              (n, ngram) -> most.get(n - 1).get(ngram).without(own));
      sum += Bleu.of(counts, true);
    }
    return sum / tokens.size();
  }
}
