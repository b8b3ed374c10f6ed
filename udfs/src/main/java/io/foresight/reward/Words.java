package io.foresight.reward;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;

/** A text's words in lower case, and their stems by Lucene's KStem. */
record Words(List<String> words, List<String> stems) {

  private static final Pattern WORD =
      Pattern.compile("[\\p{L}\\p{N}]+(?:['\u2019][\\p{L}\\p{N}]+)*");
  private static final Pattern POSSESSIVE = Pattern.compile("['\u2019]s$");

  /**
   * Most stems that are remembered; beyond it the memory starts anew, so that a long run stays
   * flat.
   */
  private static final int REMEMBERED = 100_000;

  private static final Map<String, String> STEMS = new ConcurrentHashMap<>();

  private static final Analyzer KSTEM =
      new Analyzer() {
        @Override
        protected TokenStreamComponents createComponents(String field) {
          Tokenizer whole = new KeywordTokenizer();
          return new TokenStreamComponents(whole, new KStemFilter(whole));
        }
      };

  /** All words of a text that will not go on. */
  static Words of(String text) {
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
      stems.add(stem(word));
    }
    return new Words(words, stems);
  }

  private static String stem(String word) {
    if (STEMS.size() > REMEMBERED) {
      STEMS.clear();
    }
    return STEMS.computeIfAbsent(word, Words::kstem);
  }

  private static String kstem(String word) {
    try (TokenStream stream = KSTEM.tokenStream("", word)) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      stream.reset();
      String stem = stream.incrementToken() ? term.toString() : word;
      stream.end();
      return stem;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
