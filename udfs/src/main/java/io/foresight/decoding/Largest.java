package io.foresight.decoding;

import java.util.Arrays;

/** The largest values of an array, found without sorting the others. */
final class Largest {

  /** How many are put in order at first; a nucleus is mostly smaller than that. */
  private static final int BLOCK = 256;

  private Largest() {}

  /**
   * Leaves the largest values as they are and sets the others to 0; of equal values the first ones
   * stay.
   *
   * @param values at least 0
   * @param count how many stay; at least 1
   */
  static void keep(double[] values, int count) {
    if (count >= values.length) {
      return;
    }
    double[] copy = values.clone();
    int from = copy.length - count;
    select(copy, from, copy.length);
    double least = copy[from];
    int equal = 1;
    for (int i = from + 1; i < copy.length; i++) {
      equal += copy[i] == least ? 1 : 0;
    }
    for (int i = 0; i < values.length; i++) {
      if (values[i] < least || (values[i] == least && equal-- <= 0)) {
        values[i] = 0;
      }
    }
  }

  /**
   * The fewest of the largest values that, added up from the largest down, reach {@code sum}; all
   * if they do not.
   */
  static int reaching(double[] values, double sum) {
    double[] copy = values.clone();
    double reached = 0;
    int end = copy.length;
    for (int block = BLOCK; end > 0; block *= 4) {
      int from = Math.max(0, end - block);
      select(copy, from, end);
      Arrays.sort(copy, from, end);
      for (int i = end - 1; i >= from; i--) {
        if (reached >= sum) {
          return copy.length - 1 - i;
        }
        reached += copy[i];
      }
      end = from;
    }
    return copy.length;
  }

  /**
   * Puts the largest of the first {@code end} values at {@code from} and after it, the least of
   * them at {@code from} (quickselect, Hoare 1961, as Wirth writes it).
   */
  private static void select(double[] values, int from, int end) {
    int low = 0;
    int high = end - 1;
    while (low < high) {
      double pivot = median(values[low], values[(low + high) >>> 1], values[high]);
      int i = low;
      int j = high;
      while (i <= j) {
        while (values[i] < pivot) {
          i++;
        }
        while (values[j] > pivot) {
          j--;
        }
        if (i <= j) {
          double value = values[i];
          values[i++] = values[j];
          values[j--] = value;
        }
      }
      if (from <= j) {
        high = j;
      } else if (from >= i) {
        low = i;
      } else {
        return;
      }
    }
  }

  private static double median(double a, double b, double c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
