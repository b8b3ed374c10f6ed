package io.foresight.reward.text;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Columns;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a text keeps clear of words and phrases. The score is 1 / (1 + n), where n is the number
 * of words of the text at which a forbidden word or phrase begins: 1 if there is none, 1/2, 1/3 and
 * so on. What a word or phrase is found in, {@link Phrases} says; with inflections, in any
 * inflected form. In an unfinished text the last word does not count, unless something follows it
 * that is no part of a word; so going on never raises the score.
 *
 * <p>The words of a run are prepared once, those of a row once per row, and a text is searched for
 * all of them in one pass.
 */
public final class ForbiddenWords implements RewardFunction {

  private final Phrases search;
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
   * @param inflections whether inflected forms count too
   * @param alternatives hints for a text that has a forbidden word
   * @throws IllegalArgumentException if a text of {@code words} has no word in it
   */
  public ForbiddenWords(
      List<String> words,
      Optional<String> wordsColumn,
      boolean caseSensitive,
      boolean inflections,
      List<String> alternatives) {
    this.always = !words.isEmpty();
    this.wordsColumn = wordsColumn;
    this.caseSensitive = caseSensitive;
    this.inflections = inflections;
    this.alternatives = List.copyOf(alternatives);
    this.search = search(words);
  }

  /**
   * Makes it from {@code words}, {@code words-column}, {@code case-sensitive}, {@code inflections}
   * and {@code alternatives}.
   */
  public static final class Factory implements RewardFactory {

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
      List<String> wordless = words.stream().filter(word -> !Phrases.isPhrase(word)).toList();
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
          words.stream().filter(Phrases::isPhrase).toList(),
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
    Phrases ofRow = own(words);
    return Optional.of(new Clear(always ? List.of(search, ofRow) : List.of(ofRow)));
  }

  private Phrases search(List<String> texts) {
    for (String text : texts) {
      if (!Phrases.isPhrase(text)) {
        throw new IllegalArgumentException(
            "Cannot forbid \"%s\": it holds no word. Give words of letters or digits."
                .formatted(Columns.shown(text)));
      }
    }
    return new Phrases(
        texts.stream().map(text -> new Phrases.Phrase(text, inflections)).toList(), caseSensitive);
  }

  private Phrases own(List<String> texts) {
    try {
      return search(texts);
    } catch (IllegalArgumentException e) {
      throw new RowFault(RowFault.Kind.INPUT, e.getMessage(), e);
    }
  }

  private final class Clear implements RowReward {

    private final List<Phrases> searches;

    Clear(List<Phrases> searches) {
      this.searches = searches;
    }

    @Override
    public double reward(String text, boolean finished) {
      return 1.0 / (1 + occurrences(text, finished));
    }

    private int occurrences(String text, boolean finished) {
      BitSet starts = new BitSet();
      Phrases.find(searches, text, finished, (phrase, word) -> starts.set(word));
      return starts.cardinality();
    }

    @Override
    public List<String> hints(String text) {
      return !alternatives.isEmpty() && occurrences(text, true) > 0 ? alternatives : List.of();
    }
  }
}
