package io.foresight.model.classifier;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** Divides texts into batches of similar length, each padded to its longest. */
final class TextBatches {

  /** Most tokens of a batch of several texts, padding included; it bounds the memory taken. */
  private static final int MOST_TOKENS = 4096;

  /** Tokens whose computing costs about as much as another batch does. */
  private static final int BATCH_COST = 64;

  private TextBatches() {}

  /** Indices of the texts of each batch, longest first. */
  static List<int[]> of(List<int[]> texts) {
    Integer[] order = new Integer[texts.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingInt(i -> -texts.get(i).length));
    List<int[]> batches = new ArrayList<>();
    int first = 0;
    int padding = 0;
    for (int i = 0; i < order.length; i++) {
      int longest = texts.get(order[first]).length;
      int more = longest - texts.get(order[i]).length;
      boolean full = (long) (i - first + 1) * longest > MOST_TOKENS;
      if (i > first && (full || padding + more > BATCH_COST + (i - first) * longest / 8)) {
        batches.add(indices(order, first, i));
        first = i;
        padding = 0;
      } else {
        padding += more;
      }
    }
    if (order.length > 0) {
      batches.add(indices(order, first, order.length));
    }
    return batches;
  }

  private static int[] indices(Integer[] order, int from, int to) {
    return Arrays.stream(order, from, to).mapToInt(Integer::intValue).toArray();
  }

  /** The texts of a batch. */
  static List<int[]> pick(List<int[]> texts, int[] batch) {
    return Arrays.stream(batch).mapToObj(texts::get).toList();
  }
}
