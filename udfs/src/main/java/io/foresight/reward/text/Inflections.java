package io.foresight.reward.text;

import io.foresight.reward.text.EnglishDictionary.Reading;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Inflections of English words: what a word of a text may be a form of, and a word's forms. By
 * {@link EnglishDictionary}; what that does not know is inflected by rule, and stemmed by {@link
 * Stemmer}. Words are {@link Words#folded}. Thread-safe.
 */
final class Inflections {

  private static final String VOWELS = "aeiou";
  private static final Pattern HISSING = Pattern.compile("(s|x|z|ch|sh)$");

  /** Most words that are remembered; beyond it the memory starts anew. */
  private static final int REMEMBERED = 100_000;

  private static final Map<String, Bases> BASES = new ConcurrentHashMap<>();

  private static final List<String> NOUNS = List.of("NNS", "NNPS");
  private static final List<String> VERBS = List.of("VBZ", "VBG", "VBD", "VBN", "VBP");
  private static final List<String> COMPARISONS = List.of("JJR", "JJS");

  /**
   * What a word may be a form of.
   *
   * @param inflected the word itself, and the nouns and verbs that it is a form of
   * @param compared the adjectives and adverbs of which it is the comparative or superlative
   */
  record Bases(Set<String> inflected, Set<String> compared) {}

  private Inflections() {}

  /** What a word of a text may be a form of. */
  static Bases bases(String word) {
    Bases known = BASES.get(word);
    if (known == null) {
      if (BASES.size() > REMEMBERED) {
        BASES.clear();
      }
      known = basesOf(word);
      BASES.put(word, known);
    }
    return known;
  }

  private static Bases basesOf(String word) {
    Set<String> inflected = new LinkedHashSet<>(List.of(word));
    Set<String> compared = new LinkedHashSet<>();
    List<Reading> readings = EnglishDictionary.readings(word);
    for (Reading reading : readings) {
      if (!reading.compares()) {
        inflected.add(reading.lemma());
      } else if (isComparison(word, reading.lemma())) {
        compared.add(reading.lemma());
      }
    }
    if (readings.isEmpty()) {
      inflected.add(Stemmer.stem(word));
    }
    return new Bases(Set.copyOf(inflected), Set.copyOf(compared));
  }

  /**
   * Whether a word is what the dictionary has for the comparative of an adjective or adverb. It has
   * too many: where the word is also a noun, and made of a verb ("racer", "cleaner"), it counts for
   * adjectives from which adverbs are made ("cleanly"), which nouns as "race" are not.
   */
  private static boolean isComparison(String word, String lemma) {
    List<Reading> readings = EnglishDictionary.readings(lemma);
    if (readings.stream().anyMatch(Reading::isAdverb)) {
      return true;
    }
    boolean adjective = readings.stream().anyMatch(Reading::isAdjective);
    boolean agent =
        readings.stream().anyMatch(Reading::isVerb)
            && EnglishDictionary.readings(word).stream()
                .anyMatch(reading -> reading.isNoun() && reading.lemma().equals(word));
    return adjective
        && (!agent
            || EnglishDictionary.readings(adverb(lemma)).stream().anyMatch(Reading::isAdverb));
  }

  private static String adverb(String adjective) {
    String shorter = adjective.substring(0, adjective.length() - 1);
    if (adjective.endsWith("y")) {
      return shorter + "ily";
    }
    if (adjective.endsWith("ll")) {
      return adjective + "y";
    }
    return (adjective.endsWith("le") ? shorter : adjective + "l") + "y";
  }

  /**
   * What a word of a text must be one of the {@link #bases} of to be a form of the given word: the
   * word itself; what that is a form of, unless it is also a word of its own, as "saw" and
   * "building" are; and its regular forms that the dictionary does not know, which cannot be those
   * of another word.
   */
  static Set<String> wanted(String word) {
    Set<String> wanted = new LinkedHashSet<>(List.of(word));
    List<Reading> readings = EnglishDictionary.readings(word);
    if (readings.stream().noneMatch(reading -> reading.lemma().equals(word))) {
      wanted.addAll(bases(word).inflected());
      wanted.addAll(bases(word).compared());
    }
    for (String form : regular(word)) {
      if (EnglishDictionary.readings(form).isEmpty()) {
        wanted.add(form);
      }
    }
    return wanted;
  }

  /**
   * A text and its forms as suggestions for a language model, which finds odd ones improbable. Of
   * several words the last is inflected as a noun, or the first as a verb where a particle follows
   * it (took off). In lower case; with what stands between the words.
   */
  static List<String> of(String text) {
    String lower = text.toLowerCase(Locale.ROOT).strip();
    Set<String> forms = new LinkedHashSet<>();
    if (lower.isEmpty()) {
      return List.of();
    }
    forms.add(lower);
    List<String> words = Words.of(lower).words();
    if (words.size() == 1) {
      if (lower.equals(words.get(0))) {
        List<String> tags = new ArrayList<>(NOUNS);
        tags.addAll(VERBS);
        tags.addAll(COMPARISONS);
        forms.addAll(forms(lower, tags));
      }
    } else if (words.size() > 1) {
      String first = words.get(0);
      String last = words.get(words.size() - 1);
      boolean phrasal =
          EnglishDictionary.readings(words.get(1)).stream()
              .anyMatch(reading -> reading.tag().equals("RP") || reading.tag().equals("IN"));
      if (phrasal && lower.startsWith(first)) {
        forms(first, VERBS).forEach(form -> forms.add(form + lower.substring(first.length())));
      } else if (!phrasal && lower.endsWith(last)) {
        String before = lower.substring(0, lower.length() - last.length());
        forms(last, NOUNS).forEach(form -> forms.add(before + form));
      }
    }
    return List.copyOf(forms);
  }

  private static List<String> forms(String word, List<String> tags) {
    List<Reading> readings = EnglishDictionary.readings(word);
    if (readings.isEmpty()) {
      return regular(word);
    }
    Set<String> lemmas = new LinkedHashSet<>();
    readings.stream().map(Reading::lemma).forEach(lemmas::add);
    if (lemmas.contains(word)) {
      lemmas.retainAll(Set.of(word));
    }
    Set<String> forms = new LinkedHashSet<>(lemmas);
    for (String lemma : lemmas) {
      for (String tag : tags) {
        // Not 's of "be", which no word starts with.
        EnglishDictionary.forms(lemma, tag).stream()
            .filter(form -> form.chars().allMatch(Character::isLetter))
            .forEach(forms::add);
      }
    }
    // Of names it knows no forms.
    return forms.size() > lemmas.size() ? List.copyOf(forms) : regular(word);
  }

  /** Regular forms in -s, -ing and -ed, of which some are no words. */
  private static List<String> regular(String word) {
    if (word.length() < 2 || !word.chars().allMatch(Character::isLetter)) {
      return List.of();
    }
    List<String> forms = new ArrayList<>(List.of(plural(word)));
    if (word.length() > 2) {
      stemsOfIng(word).forEach(base -> forms.add(base + "ing"));
      if (word.endsWith("e")) {
        forms.add(word + "d");
      } else {
        (consonantY(word) ? List.of(ied(word)) : stemsOfIng(word))
            .forEach(base -> forms.add(base + "ed"));
      }
    }
    return forms;
  }

  private static String plural(String word) {
    if (HISSING.matcher(word).find()) {
      return word + "es";
    }
    return consonantY(word) ? ied(word) + "es" : word + "s";
  }

  /** What -ing is put to: without a silent e, with its last consonant doubled. */
  private static List<String> stemsOfIng(String word) {
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
