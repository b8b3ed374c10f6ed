package io.foresight.decoding.hypothesis;

import java.util.Arrays;

/**
 * What a draft whose context is shorter than a text sees of it: the text's first token, which
 * models are trained to find where a text begins, and its end. A function of the text alone, so
 * that a hypothesis has the same scores however it came about.
 */
final class Window {

  private Window() {}

  /**
   * The part of {@code text} that a model with a context of {@code context} tokens sees.
   *
   * @param context at least 1
   */
  static int[] of(int[] text, int context) {
    if (text.length <= context) {
      return text;
    }
    int first = context > 1 ? 1 : 0;
    // Half a context at a time, so that most tokens find what precedes them in the cache.
    int step = Math.max(1, (context - first) / 2);
    int left = ((text.length - context + step - 1) / step) * step;
    return Ids.concat(
        Arrays.copyOf(text, first), Arrays.copyOfRange(text, first + left, text.length));
  }
}
