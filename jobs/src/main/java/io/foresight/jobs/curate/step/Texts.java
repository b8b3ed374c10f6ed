package io.foresight.jobs.curate.step;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.sql.catalyst.expressions.XXH64;
import org.apache.spark.unsafe.Platform;

/**
 * Texts as words. A word is a run of letters, digits and apostrophes, in lower case; of scripts
 * that write none between their words, each character is one.
 */
public final class Texts {

  private static final Pattern WORD =
      Pattern.compile(
          "[\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}\\p{IsThai}\\p{IsLao}\\p{IsKhmer}\\p{IsMyanmar}]\\p{M}*"
              + "|[\\p{L}\\p{N}](?:(?![\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}])[\\p{L}\\p{M}\\p{N}'’])*");

  private static final Pattern BLANKS = Pattern.compile("\\s+");
  private static final long SEED = 42;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private Texts() {}

  /** The words; none of {@code null}. */
  public static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    if (text == null) {
      return words;
    }
    Matcher word = WORD.matcher(folded(text));
    while (word.find()) {
      words.add(word.group());
    }
    return words;
  }

  private static String folded(String text) {
    return Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
  }

  /** What equal texts have in common: their words; of a text without any, its characters. */
  static String normalised(String text) {
    List<String> words = words(text);
    return words.isEmpty()
        ? BLANKS.matcher(folded(text)).replaceAll(" ").strip()
        : String.join(" ", words);
  }

  /** A 64-bit hash of a text. */
  static long hash(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return XXH64.hashUnsafeBytes(bytes, Platform.BYTE_ARRAY_OFFSET, bytes.length, SEED);
  }

  /** The words' hashes, in order. */
  static long[] hashes(List<String> words) {
    return words.stream().mapToLong(Texts::hash).toArray();
  }

  /** A hash of a sequence and one more. */
  static long then(long sequence, long next) {
    long mixed = (sequence ^ next) * MIX;
    return Long.rotateLeft(mixed, 31) * MIX + next;
  }

  /**
   * The words as a set, in which the second of two equal words is another one: the Jaccard
   * similarity of such sets is that of multisets. Sorted.
   */
  static long[] multiset(List<String> words) {
    Map<String, Integer> seen = new HashMap<>();
    long[] set = new long[words.size()];
    for (int i = 0; i < set.length; i++) {
      int before = seen.merge(words.get(i), 1, Integer::sum) - 1;
      long hash = hash(words.get(i));
      set[i] = before == 0 ? hash : then(hash, before);
    }
    Arrays.sort(set);
    return set;
  }

  /** Size of the intersection over that of the union, of sorted sets; 1 of two empty ones. */
  static double jaccard(long[] a, long[] b) {
    int common = 0;
    int i = 0;
    int j = 0;
    while (i < a.length && j < b.length) {
      if (a[i] == b[j]) {
        common++;
        i++;
        j++;
      } else if (a[i] < b[j]) {
        i++;
      } else {
        j++;
      }
    }
    int union = a.length + b.length - common;
    return union == 0 ? 1 : (double) common / union;
  }

  /** Words of the longer text that are not in the longest common subsequence. */
  static int changed(List<String> a, List<String> b) {
    int[] before = new int[b.size() + 1];
    for (String word : a) {
      int[] row = new int[b.size() + 1];
      for (int j = 1; j <= b.size(); j++) {
        row[j] = word.equals(b.get(j - 1)) ? before[j - 1] + 1 : Math.max(before[j], row[j - 1]);
      }
      before = row;
    }
    return Math.max(a.size(), b.size()) - before[b.size()];
  }
}
