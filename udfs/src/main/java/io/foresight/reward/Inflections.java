package io.foresight.reward;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Regular inflections of English words. */
final class Inflections {

  private static final String VOWELS = "aeiou";
  private static final Pattern HISSING = Pattern.compile("(s|x|z|ch|sh)$");

  private Inflections() {}

  /**
   * A word's forms in -s, -ing and -ed, the word itself first. Some are no words; a language model
   * finds those improbable. None but the word itself for a phrase.
   *
   * <p>KStem alone does not tell: it leaves alone what its dictionary lists for a word of its own,
   * as "dogs" or "running". A form in -ed has to have the word's stem, though, as "seed" has not
   * that of "see".
   */
  static List<String> of(String text) {
    String word = text.toLowerCase(Locale.ROOT).strip();
    if (word.isEmpty() || !word.chars().allMatch(Character::isLetter)) {
      return List.of();
    }
    Set<String> forms = new LinkedHashSet<>();
    forms.add(word);
    if (word.length() > 2) {
      forms.add(plural(word));
      for (String base : bases(word)) {
        forms.add(base + "ing");
      }
      for (String base : word.endsWith("y") ? List.of(ied(word)) : bases(word)) {
        if (Stemmer.stem(base + "ed").equals(Stemmer.stem(word))) {
          forms.add(base + "ed");
        }
      }
    }
    return List.copyOf(forms);
  }

  private static String plural(String word) {
    if (HISSING.matcher(word).find()) {
      return word + "es";
    }
    return consonantY(word) ? ied(word) + "es" : word + "s";
  }

  /** What -ing is put to: without a silent e, with its last consonant doubled. */
  private static List<String> bases(String word) {
    String shorter = word.substring(0, word.length() - 1);
    if (word.endsWith("e")) {
      return List.of(shorter.endsWith("e") || shorter.endsWith("o") ? word : shorter);
    }
    int last = word.length() - 1;
    boolean doubles =
        "aeiouwxy".indexOf(word.charAt(last)) < 0
            && isVowel(word, last - 1)
            && !isVowel(word, last - 2);
    if (!doubles) {
      return List.of(word);
    }
    String doubled = word + word.charAt(last);
    // Whether a longer word doubles depends on its stress.
    boolean single = word.chars().limit(last - 1).noneMatch(c -> VOWELS.indexOf(c) >= 0);
    return single ? List.of(doubled) : List.of(word, doubled);
  }

  private static boolean consonantY(String word) {
    return word.endsWith("y") && !isVowel(word, word.length() - 2);
  }

  /** What -es and -ed are put to where a y becomes an i. */
  private static String ied(String word) {
    return consonantY(word) ? word.substring(0, word.length() - 1) + "i" : word;
  }

  private static boolean isVowel(String word, int at) {
    return VOWELS.indexOf(word.charAt(at)) >= 0;
  }
}
