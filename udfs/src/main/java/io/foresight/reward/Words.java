package io.foresight.reward;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text's words in lower case, and their stems by Lucene's KStem. A word is a run of letters and
 * digits, with their marks, and of inner apostrophes, without a possessive 's; a typographic
 * apostrophe is a straight one. What Unicode writes in several ways is one (NFC).
 */
public record Words(List<String> words, List<String> stems) {

  /** Texts of characters below are composed as they are. */
  private static final char FIRST_MARK = '\u0300';

  /** Joiners of Indic and Arabic scripts stand inside words. */
  private static final String RUN = "[\\p{L}\\p{N}][\\p{L}\\p{N}\\p{M}\u200c\u200d]*+";

  // Possessive quantifiers: others recurse, and a long run would exhaust the stack.
  private static final Pattern WORD = Pattern.compile("RUN(?:['\u2019]RUN)*+".replace("RUN", RUN));

  /** All words of a text that will not go on. */
  public static Words of(String text) {
    return stemmed(asWritten(text, true));
  }

  /** The words of a text that may go on: a word that touches its end is left out. */
  static Words ofUnfinished(String text) {
    return stemmed(asWritten(text, false));
  }

  private static Words stemmed(List<String> asWritten) {
    List<String> words = lowerCase(asWritten);
    return new Words(words, words.stream().map(Stemmer::stem).toList());
  }

  /** In lower case. */
  static List<String> lowerCase(List<String> words) {
    return words.stream().map(word -> word.toLowerCase(Locale.ROOT)).toList();
  }

  /** The words in their own case; of a text that may go on without one that touches its end. */
  static List<String> asWritten(String given, boolean finished) {
    String text = composed(given);
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      if (!finished && touchesEnd(text, matcher.end())) {
        break;
      }
      words.add(withoutPossessive(matcher.group().replace('\u2019', '\'')));
    }
    return words;
  }

  private static String composed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= FIRST_MARK) {
        return Normalizer.normalize(text, Normalizer.Form.NFC);
      }
    }
    return text;
  }

  /** How many words the text has, one that touches its end included. */
  static long count(String text) {
    return WORD.matcher(text).results().count();
  }

  private static boolean touchesEnd(String text, int end) {
    return end == text.length()
        || (end == text.length() - 1 && "'\u2019".indexOf(text.charAt(end)) >= 0);
  }

  private static String withoutPossessive(String word) {
    int apostrophe = word.length() - 2;
    boolean possessive =
        apostrophe > 0
            && word.charAt(apostrophe) == '\''
            && "sS".indexOf(word.charAt(apostrophe + 1)) >= 0;
    return possessive ? word.substring(0, apostrophe) : word;
  }
}
