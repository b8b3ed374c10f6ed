package io.foresight.reward;

import io.foresight.decoding.RowFault;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.ahocorasick.trie.Trie;

/**
 * Whether a text keeps clear of words and phrases. The score is 1 / (1 + n), where n is the number
 * of words of the text at which a forbidden word or phrase begins: 1 if there is none, 1/2, 1/3 and
 * so on. Words are those of {@link Words}; a phrase is consecutive words, whatever stands between
 * them. With inflections, also what has a forbidden word's stem (Lucene's KStem) or is a regular
 * form of it in -s, -ing or -ed counts. In an unfinished text the last word does not count, unless
 * something other than a letter, digit or apostrophe follows it; so going on never raises the
 * score.
 *
 * <p>The words of a run are prepared once, those of a row once per row, and a text is searched for
 * all of them in one pass (Aho and Corasick 1975).
 */
public final class ForbiddenWords implements RewardFunction {

  private final Search search;
  private final boolean always;
  private final Optional<String> wordsColumn;
  private final boolean caseSensitive;
  private final boolean inflections;
  private final List<String> alternatives;

  /**
   * Forbids words.
   *
   * @param words forbidden in every row
   * @param wordsColumn column of a list of texts that are forbidden too; a row in which it is null
   *     or empty is judged by {@code words} alone, or not at all if there are none
   * @param caseSensitive whether a word counts in the same case only; not with inflections
   * @param inflections whether regular inflections count too
   * @param alternatives hints for a text that has a forbidden word
   * @throws IllegalArgumentException if a text of {@code words} has no word in it
   */
  public ForbiddenWords(
      List<String> words,
      Optional<String> wordsColumn,
      boolean caseSensitive,
      boolean inflections,
      List<String> alternatives) {
    this.search = Search.of(words, caseSensitive, inflections);
    this.always = !words.isEmpty();
    this.wordsColumn = wordsColumn;
    this.caseSensitive = caseSensitive;
    this.inflections = inflections;
    this.alternatives = List.copyOf(alternatives);
  }

  /**
   * Makes it from {@code words}, {@code words-column}, {@code case-sensitive}, {@code inflections}
   * and {@code alternatives}.
   */
  static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "forbidden-words";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      List<String> words = settings.texts("words");
      Optional<String> column = settings.optionalColumn("words-column");
      boolean caseSensitive = settings.flag("case-sensitive", false);
      boolean inflections = settings.flag("inflections", false);
      List<String> wordless = words.stream().filter(word -> !Search.holdsWord(word)).toList();
      if (!wordless.isEmpty()) {
        settings.problem(
            "words", "there is no word in %s. Give letters or digits.".formatted(wordless));
      }
      if (words.isEmpty() && column.isEmpty()) {
        settings.problem("words", "nothing is forbidden. Give words, or words-column.");
      }
      if (caseSensitive && inflections) {
        settings.problem(
            "case-sensitive", "inflections are known in lower case only. Leave out one of both.");
      }
      return new ForbiddenWords(
          words.stream().filter(Search::holdsWord).toList(),
          column,
          caseSensitive,
          inflections,
          settings.texts("alternatives"));
    }
  }

  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    Optional<List<String>> more = wordsColumn.flatMap(column -> Columns.texts(row, column));
    List<String> words = more.orElse(List.of());
    if (words.isEmpty()) {
      return always ? Optional.of(new Clear(List.of(search))) : Optional.empty();
    }
    Search ofRow = own(words);
    return Optional.of(new Clear(always ? List.of(search, ofRow) : List.of(ofRow)));
  }

  private Search own(List<String> texts) {
    try {
      return Search.of(texts, caseSensitive, inflections);
    } catch (IllegalArgumentException e) {
      throw new RowFault(RowFault.Kind.INPUT, e.getMessage(), e);
    }
  }

  private final class Clear implements RowReward {

    private final List<Search> searches;

    Clear(List<Search> searches) {
      this.searches = searches;
    }

    @Override
    public double reward(String text, boolean finished) {
      return 1.0 / (1 + occurrences(text, finished));
    }

    private int occurrences(String text, boolean finished) {
      List<String> words = Words.asWritten(text, finished);
      List<String> compared = caseSensitive ? words : Words.lowerCase(words);
      BitSet starts = new BitSet();
      searches.forEach(search -> search.mark(compared, starts));
      return starts.cardinality();
    }

    @Override
    public List<String> hints(String text) {
      return !alternatives.isEmpty() && occurrences(text, true) > 0 ? alternatives : List.of();
    }
  }

  /**
   * Finds phrases among words, as " a phrase " in " words of a text ".
   *
   * @param words of the phrases as they are
   * @param stems of the phrases' stems; {@code null} if only the words count
   */
  private record Search(Trie words, Trie stems) {

    static boolean holdsWord(String text) {
      return Words.count(text) > 0;
    }

    static Search of(List<String> texts, boolean caseSensitive, boolean inflections) {
      List<String> words = new ArrayList<>();
      List<String> stems = new ArrayList<>();
      for (String text : texts) {
        if (!holdsWord(text)) {
          throw new IllegalArgumentException(
              "Cannot forbid \"%s\": it holds no word. Give words of letters or digits."
                  .formatted(text));
        }
        List<String> asWritten = Words.asWritten(text, true);
        words.add(joined(caseSensitive ? asWritten : Words.lowerCase(asWritten)));
        if (inflections) {
          stems.add(joined(Words.of(text).stems()));
          Inflections.of(text).forEach(form -> words.add(joined(List.of(form))));
        }
      }
      return new Search(trie(words), inflections ? trie(stems) : null);
    }

    private static Trie trie(List<String> phrases) {
      return Trie.builder().addKeywords(phrases).build();
    }

    private static String joined(List<String> words) {
      return " " + String.join(" ", words) + " ";
    }

    /** Marks the words at which a phrase begins. */
    void mark(List<String> text, BitSet starts) {
      mark(words, text, starts);
      if (stems != null) {
        mark(stems, text.stream().map(Stemmer::stem).toList(), starts);
      }
    }

    private static void mark(Trie phrases, List<String> text, BitSet starts) {
      int[] begins = new int[text.size()];
      for (int i = 1; i < begins.length; i++) {
        begins[i] = begins[i - 1] + text.get(i - 1).length() + 1;
      }
      phrases.parseText(
          joined(text),
          emit -> {
            starts.set(Arrays.binarySearch(begins, emit.getStart()));
            return true;
          });
    }
  }
}
