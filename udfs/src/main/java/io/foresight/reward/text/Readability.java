package io.foresight.reward.text;

import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How easy an English text is to read, by its Flesch-Kincaid grade (Kincaid et al. 1975), the years
 * of school that it takes: 0.39 words per sentence + 11.8 syllables per word - 15.59. The score is
 * 1 up to the grade that is wanted, and falls evenly to 0 eight grades above it. A text without
 * words scores 0. Only finished texts are judged.
 *
 * <p>Words are those of {@link Words}, sentences what {@link java.text.BreakIterator} divides and a
 * letter or digit is in. A word's syllables are its runs of the vowels a, e, i, o, u and y, without
 * a silent ending after a consonant: e, es unless after s, x, z, c, g, ch or sh (boxes), and ed
 * unless after t or d (wanted); none is silent after l and another consonant before it (tables).
 * Each word has at least one.
 *
 * @param gradeAtMost the highest grade that is wanted
 */
public record Readability(double gradeAtMost) implements RewardFunction {

  /** Grades above the wanted one at which the score is 0. */
  private static final double FALL = 8;

  /** Makes it from {@code grade-at-most}. */
  public static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "readability";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      return new Readability(settings.number("grade-at-most", 8, 0, 100));
    }
  }

  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    return Optional.of(new Easy(gradeAtMost, new Sentences()));
  }

  /** A word's syllables, by rule. */
  static int syllables(String word) {
    String lower = word.toLowerCase(Locale.ROOT);
    int syllables = 0;
    boolean inVowels = false;
    for (int i = 0; i < lower.length(); i++) {
      boolean vowel = isVowel(lower, i);
      if (vowel && !inVowels) {
        syllables++;
      }
      inVowels = vowel;
    }
    return Math.max(1, endsSilently(lower) ? syllables - 1 : syllables);
  }

  private static boolean endsSilently(String word) {
    int e = word.length() - (word.endsWith("e") ? 1 : 2);
    if (e < 1 || word.charAt(e) != 'e' || isVowel(word, e - 1)) {
      return false;
    }
    String before = word.substring(0, e);
    boolean liquid =
        before.endsWith("l") && !before.endsWith("ll") && e > 1 && !isVowel(word, e - 2);
    if (liquid) {
      return false;
    }
    char last = before.charAt(e - 1);
    return switch (word.substring(e)) {
      case "e" -> true;
      case "es" -> "sxzcg".indexOf(last) < 0 && !before.endsWith("ch") && !before.endsWith("sh");
      case "ed" -> last != 't' && last != 'd';
      default -> false;
    };
  }

  private static boolean isVowel(String word, int at) {
    return "aeiouy".indexOf(word.charAt(at)) >= 0;
  }

  private record Easy(double gradeAtMost, Sentences sentences) implements RowReward {

    @Override
    public double reward(String text, boolean finished) {
      List<String> words = Words.asWritten(text, true);
      if (words.isEmpty()) {
        return 0;
      }
      double count = words.size();
      double syllables = words.stream().mapToInt(Readability::syllables).sum();
      double grade =
          0.39 * count / Math.max(1, sentences.count(text)) + 11.8 * syllables / count - 15.59;
      return Math.max(0, Math.min(1, (gradeAtMost + FALL - grade) / FALL));
    }

    @Override
    public boolean judgesUnfinished() {
      return false;
    }
  }
}
