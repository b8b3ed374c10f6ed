package io.foresight.reward.text;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;

/**
 * Words and phrases that texts are searched for, all in one pass. A phrase is consecutive words,
 * whatever punctuation stands between them; one that has symbols, as {@code 5%} and {@code f***},
 * has to have them in the text as well. Immutable and thread-safe.
 *
 * <p>A Korean word is found in one that begins with it, since particles are written onto it; a word
 * of one syllable only where nothing but particles follows it.
 */
final class Phrases {

  /**
   * What is searched for.
   *
   * @param text the phrase as somebody wrote it
   * @param inflected whether its words count in any inflected form; only a phrase of one word in
   *     its comparative and superlative
   */
  record Phrase(String text, boolean inflected) {}

  /** Where a phrase was found. */
  interface Found {

    /**
     * Called for each place.
     *
     * @param phrase its index
     * @param word index of the word or symbol of the text at which it begins
     */
    void at(int phrase, int word);
  }

  private static final String PARTICLE =
      "은|는|이|가|을|를|의|에|에서|에게|께|께서"
          + "|한테|서|게|로|으로|와|과|도|만|들|나|이나|랑|이랑"
          + "|하고|부터|까지|처럼|보다|마다|밖에|조차|마저|라도"
          + "|야|아|이다|다|입니다|이에요|예요|였다|이었다|인|요";

  private static final Pattern PARTICLES = Pattern.compile("(?:" + PARTICLE + "){1,4}");

  /** The words of all phrases one after the other; a place is the index of one of them. */
  private static final class Index {

    private final Map<String, List<Integer>> exact = new HashMap<>();
    private final Map<String, List<Integer>> inflected = new HashMap<>();
    private final Map<String, List<Integer>> compared = new HashMap<>();
    private final List<Integer> phraseOf = new ArrayList<>();
    private final List<Integer> offsetOf = new ArrayList<>();
    private final BitSet last = new BitSet();

    void add(int phrase, List<String> words, boolean inflections) {
      for (int i = 0; i < words.size(); i++) {
        int place = phraseOf.size();
        put(exact, words.get(i), place);
        if (inflections) {
          for (String wanted : Inflections.wanted(words.get(i))) {
            put(inflected, wanted, place);
            if (words.size() == 1) {
              put(compared, wanted, place);
            }
          }
        }
        phraseOf.add(phrase);
        offsetOf.add(i);
        last.set(place, i == words.size() - 1);
      }
    }

    private static void put(Map<String, List<Integer>> places, String key, int place) {
      places.computeIfAbsent(key, k -> new ArrayList<>()).add(place);
    }

    boolean isEmpty() {
      return phraseOf.isEmpty();
    }

    /** The places of words that a word of a text is, or is a form of. */
    private void places(String word, IntConsumer place) {
      exact.getOrDefault(word, List.of()).forEach(place::accept);
      for (String begin : koreanBegins(word)) {
        exact.getOrDefault(begin, List.of()).forEach(place::accept);
      }
      if (!inflected.isEmpty()) {
        Inflections.Bases bases = Inflections.bases(word);
        for (String base : bases.inflected()) {
          inflected.getOrDefault(base, List.of()).forEach(place::accept);
        }
        for (String base : bases.compared()) {
          compared.getOrDefault(base, List.of()).forEach(place::accept);
        }
      }
    }

    /** Where each phrase begins among words: all that have begun are followed side by side. */
    void find(List<String> words, Found found) {
      BitSet before = new BitSet();
      BitSet here = new BitSet();
      for (int i = 0; i < words.size(); i++) {
        int at = i;
        BitSet begun = before;
        BitSet goesOn = here;
        places(
            words.get(i),
            place -> {
              int offset = offsetOf.get(place);
              if (offset > 0 && !begun.get(place - 1)) {
                return;
              }
              if (last.get(place)) {
                found.at(phraseOf.get(place), at - offset);
              } else {
                goesOn.set(place);
              }
            });
        before.clear();
        before = goesOn;
        here = begun;
      }
    }
  }

  private final boolean caseSensitive;
  private final Index ofWords = new Index();
  private final Index withSymbols = new Index();

  /**
   * Prepares a search.
   *
   * @throws IllegalArgumentException if a phrase has neither words nor symbols
   */
  Phrases(List<Phrase> phrases, boolean caseSensitive) {
    this.caseSensitive = caseSensitive;
    for (int i = 0; i < phrases.size(); i++) {
      Phrase phrase = phrases.get(i);
      List<String> words = compared(Words.withSymbols(phrase.text(), true));
      if (words.isEmpty()) {
        throw new IllegalArgumentException("it holds no word. Give words of letters or digits.");
      }
      boolean symbols = words.stream().anyMatch(Words::isSymbol);
      (symbols ? withSymbols : ofWords).add(i, words, phrase.inflected());
    }
  }

  /** Whether a text can be searched for. */
  static boolean isPhrase(String text) {
    return !Words.withSymbols(text, true).isEmpty();
  }

  private List<String> compared(List<String> words) {
    return caseSensitive ? words : Words.folded(words);
  }

  /**
   * Searches a text for the phrases of several, which compare case alike.
   *
   * @param finished whether the text will not go on; else a phrase that touches its end does not
   *     count
   */
  static void find(List<Phrases> searches, String text, boolean finished, Found found) {
    boolean symbols = searches.stream().anyMatch(search -> !search.withSymbols.isEmpty());
    List<String> all =
        symbols ? Words.withSymbols(text, finished) : Words.asWritten(text, finished);
    List<String> words = new ArrayList<>();
    List<Integer> indexes = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if (!symbols || !Words.isSymbol(all.get(i))) {
        words.add(all.get(i));
        indexes.add(i);
      }
    }
    for (Phrases search : searches) {
      search.ofWords.find(
          search.compared(words), (phrase, word) -> found.at(phrase, indexes.get(word)));
      if (!search.withSymbols.isEmpty()) {
        search.withSymbols.find(search.compared(all), found);
      }
    }
  }

  /** Which of the phrases a text has. */
  BitSet in(String text, boolean finished) {
    BitSet in = new BitSet();
    find(List.of(this), text, finished, (phrase, word) -> in.set(phrase));
    return in;
  }

  /** The words that a Korean word begins with, without those that are it or any other's. */
  private static List<String> koreanBegins(String word) {
    if (!isKorean(word.charAt(0))) {
      return List.of();
    }
    List<String> begins = new ArrayList<>();
    for (int end = 1; end < word.length() && isKorean(word.charAt(end)); end++) {
      if (end > 1 || PARTICLES.matcher(word).region(end, word.length()).matches()) {
        begins.add(word.substring(0, end));
      }
    }
    return begins;
  }

  private static boolean isKorean(char letter) {
    return letter >= 0xac00 && letter <= 0xd7a3;
  }
}
