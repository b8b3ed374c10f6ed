package io.foresight.reward.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;

/** Stems of English words by Lucene's KStem, which gives words rather than truncations. */
public final class Stemmer {

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

  private Stemmer() {}

  /** The stem of a word in lower case. Thread-safe. */
  public static String stem(String word) {
    if (STEMS.size() > REMEMBERED) {
      STEMS.clear();
    }
    return STEMS.computeIfAbsent(word, Stemmer::kstem);
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
