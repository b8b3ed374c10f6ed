package io.foresight.jobs.metrics;

import java.io.Serializable;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * In how many rows' references a sequence of one to four words stands, by which CIDEr weighs it.
 * Only those of two rows and more are kept, since one that stands in a single row weighs as much as
 * one that stands in none. Immutable and thread-safe.
 */
public final class DocumentFrequencies implements Serializable {

  private static final long serialVersionUID = 1;

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final long rows;
  private final long[] keys;
  private final long[] counts;

  /**
   * Those that were counted.
   *
   * @param rows that have references
   * @param counts rows by {@link #keys key}
   */
  public DocumentFrequencies(long rows, Map<Long, Long> counts) {
    this.rows = rows;
    TreeMap<Long, Long> sorted = new TreeMap<>(counts);
    sorted.values().removeIf(count -> count < 2);
    keys = sorted.keySet().stream().mapToLong(Long::longValue).toArray();
    this.counts = sorted.values().stream().mapToLong(Long::longValue).toArray();
  }

  /** The sequences of a row's references, each once, by keys of 64 bits. */
  public static Set<Long> keys(List<String> references) {
    Set<Long> keys = new HashSet<>();
    for (String reference : references) {
      List<String> words = Ngrams.words(reference);
      for (int n = 1; n <= Ngrams.MOST; n++) {
        Ngrams.counts(words, n).keySet().forEach(ngram -> keys.add(key(ngram)));
      }
    }
    return keys;
  }

  private static long key(String ngram) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < ngram.length(); i++) {
      hash = (hash ^ ngram.charAt(i)) * FNV_PRIME;
    }
    return hash;
  }

  /**
   * Inverse document frequency: logarithm of all rows by those that have a sequence, at least one.
   */
  double weight(String ngram) {
    int index = Arrays.binarySearch(keys, key(ngram));
    return Math.log((double) rows) - Math.log(index < 0 ? 1.0 : (double) counts[index]);
  }
}
