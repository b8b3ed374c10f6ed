package io.foresight.reward;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Regular inflections of English words. */
final class Inflections {

  private static final String VOWELS = "aeiou";

  private Inflections() {}

  /**
   * Forms of a word that have its stem by Lucene's KStem, the word itself first. Some are no words;
   * a language model finds those improbable. None but the word itself for a phrase.
   */
  static List<String> of(String text) {
    String word = text.toLowerCase(Locale.ROOT).strip();
    Set<String> forms = new LinkedHashSet<>();
    if (word.isEmpty() || !word.chars().allMatch(Character::isLetter)) {
      return List.of();
    }
    forms.add(word);
    String stem = Stemmer.stem(word);
    String bare = word.endsWith("e") ? word.substring(0, word.length() - 1) : word;
    String doubled = doubled(word);
    for (String form :
        List.of(
            word + "s",
            word + "es",
            bare + "ing",
            bare + "ed",
            doubled + "ing",
            doubled + "ed",
            word.endsWith("y") ? word.substring(0, word.length() - 1) + "ies" : word,
            word.endsWith("y") ? word.substring(0, word.length() - 1) + "ied" : word)) {
      if (Stemmer.stem(form).equals(stem)) {
        forms.add(form);
      }
    }
    return List.copyOf(forms);
  }

  /** The last consonant doubled where a vowel goes before it, as in "run" and "running". */
  private static String doubled(String word) {
    int last = word.length() - 1;
    boolean doubles =
        last >= 2
            && VOWELS.indexOf(word.charAt(last)) < 0
            && VOWELS.indexOf(word.charAt(last - 1)) >= 0
            && VOWELS.indexOf(word.charAt(last - 2)) < 0;
    return doubles ? word + word.charAt(last) : word;
  }
}
