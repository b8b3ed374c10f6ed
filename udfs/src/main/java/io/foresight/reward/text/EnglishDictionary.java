package io.foresight.reward.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import morfologik.stemming.Dictionary;
import morfologik.stemming.DictionaryLookup;
import morfologik.stemming.WordData;

/**
 * What English words are forms of, and their forms: LanguageTool's dictionary, which comes in a jar
 * of its own. It is read when it is first asked. Thread-safe.
 */
final class EnglishDictionary {

  /**
   * A way to read a word.
   *
   * @param lemma the word that it is a form of, in lower case
   * @param tag part of speech and form, in the tags of the Penn Treebank
   */
  record Reading(String lemma, String tag) {

    /** Whether it is the comparative or superlative, of which the dictionary makes too many. */
    boolean compares() {
      return tag.startsWith("JJR")
          || tag.startsWith("JJS")
          || tag.startsWith("RBR")
          || tag.startsWith("RBS");
    }

    boolean isNoun() {
      return tag.startsWith("NN");
    }

    boolean isVerb() {
      return tag.startsWith("VB");
    }

    boolean isAdjective() {
      return tag.equals("JJ");
    }

    boolean isAdverb() {
      return tag.equals("RB");
    }
  }

  /** Readings of the dictionary that would surprise everybody, as "feed" for what was "fee'd". */
  private static final Map<String, String> UNHEARD_OF =
      Map.of(
          "archer", "arch", "feed", "fee", "gamer", "game", "his", "hi", "homer", "home", "liver",
          "live", "number", "numb", "taxes", "taxis");

  private static final EnglishDictionary WORDS = new EnglishDictionary("english");
  private static final EnglishDictionary FORMS = new EnglishDictionary("english_synth");

  private final String name;
  private Dictionary dictionary;

  private EnglishDictionary(String name) {
    this.name = name;
  }

  /**
   * All readings of a word in lower case; of the name that it is, if it is no other word. None if
   * the dictionary does not know it.
   */
  static List<Reading> readings(String word) {
    List<Reading> readings = readingsAsWritten(word);
    return readings.isEmpty() ? readingsAsWritten(capitalized(word)) : readings;
  }

  private static List<Reading> readingsAsWritten(String word) {
    List<Reading> readings = new ArrayList<>();
    for (WordData data : WORDS.lookup(word)) {
      String lemma = data.getStem().toString().toLowerCase(Locale.ROOT);
      if (!lemma.equals(UNHEARD_OF.get(word))) {
        readings.add(new Reading(lemma, data.getTag().toString()));
      }
    }
    return readings;
  }

  /** The forms of a word in lower case that have a tag, in lower case. */
  static List<String> forms(String lemma, String tag) {
    List<String> forms = new ArrayList<>();
    for (WordData data : FORMS.lookup(lemma + "|" + tag)) {
      forms.add(data.getStem().toString().toLowerCase(Locale.ROOT));
    }
    return forms;
  }

  private static String capitalized(String word) {
    int first = word.isEmpty() ? 0 : word.offsetByCodePoints(0, 1);
    return word.substring(0, first).toUpperCase(Locale.ROOT) + word.substring(first);
  }

  private List<WordData> lookup(String word) {
    // A lookup is of one thread, and cheap to make.
    return new DictionaryLookup(dictionary()).lookup(word);
  }

  private synchronized Dictionary dictionary() {
    if (dictionary == null) {
      try (InputStream words = open(".dict");
          InputStream properties = open(".info")) {
        dictionary = Dictionary.read(words, properties);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read dictionary %s: %s".formatted(name, e), e);
      }
    }
    return dictionary;
  }

  private InputStream open(String extension) {
    String resource = "/org/languagetool/resource/en/" + name + extension;
    InputStream stream = EnglishDictionary.class.getResourceAsStream(resource);
    if (stream == null) {
      throw new IllegalStateException(
          "Cannot read dictionary %s: it is not on the class path. Add the jar org.languagetool:english-pos-dict."
              .formatted(resource));
    }
    return stream;
  }
}
