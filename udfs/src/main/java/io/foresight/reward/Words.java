package io.foresight.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A text's words in lower case, and their stems by Lucene's KStem. */
public record Words(List<String> words, List<String> stems) {

  private static final Pattern WORD =
      Pattern.compile("[\\p{L}\\p{N}]+(?:['\u2019][\\p{L}\\p{N}]+)*");
  private static final Pattern POSSESSIVE = Pattern.compile("['\u2019]s$");

  /** All words of a text that will not go on. */
  public static Words of(String text) {
    return split(text, false);
  }

  /** The words of a text that may go on: a word that touches its end is left out. */
  static Words ofUnfinished(String text) {
    return split(text, true);
  }

  private static Words split(String text, boolean unfinished) {
    List<String> words = new ArrayList<>();
    List<String> stems = new ArrayList<>();
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      if (unfinished && matcher.end() == text.length()) {
        break;
      }
      String word = POSSESSIVE.matcher(matcher.group().toLowerCase(Locale.ROOT)).replaceFirst("");
      words.add(word);
      stems.add(Stemmer.stem(word));
    }
    return new Words(words, stems);
  }
}
