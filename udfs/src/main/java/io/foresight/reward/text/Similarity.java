package io.foresight.reward.text;

import io.foresight.reward.Columns;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How many words a text shares with a row's reference: the harmonic mean (F1) of the share of the
 * text's words that are the reference's and of the share of the reference's that are the text's,
 * each word as often as it occurs; the measure of SQuAD (Rajpurkar et al. 2016), but articles
 * count. Words are those of {@link Words}. Of several references the best one counts. Of two texts
 * without words the similarity is 1. An unfinished text is compared as far as it has got, without a
 * word that touches its end, so that it scores low at first.
 *
 * @param referenceColumn column of a text or a list of texts; a row in which it is null or an empty
 *     list is not judged
 * @param stems whether words are compared by their stems (Lucene's KStem)
 */
public record Similarity(String referenceColumn, boolean stems) implements RewardFunction {

  /** Makes it from {@code reference-column} and {@code stems}. */
  public static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "similarity";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      return new Similarity(
          settings.column("reference-column", "reference"), settings.flag("stems", false));
    }
  }

  @Override
  public double threshold() {
    return 0.5;
  }

  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    List<String> texts =
        row.get(referenceColumn) instanceof List<?> list
            ? Columns.texts(list, referenceColumn)
            : Columns.text(row, referenceColumn).stream().toList();
    if (texts.isEmpty()) {
      return Optional.empty();
    }
    List<Bag> references = texts.stream().map(text -> bag(Words.of(text))).toList();
    return Optional.of(new Shared(references, stems));
  }

  private Bag bag(Words words) {
    return Bag.of(words, stems);
  }

  /**
   * Words as often as they occur.
   *
   * @param forms what each compared word is in the text
   */
  private record Bag(Map<String, Integer> counts, Map<String, String> forms, int size) {

    static Bag of(Words words, boolean stems) {
      List<String> compared = stems ? words.stems() : words.words();
      Map<String, Integer> counts = new HashMap<>();
      Map<String, String> forms = new LinkedHashMap<>();
      for (int i = 0; i < compared.size(); i++) {
        counts.merge(compared.get(i), 1, Integer::sum);
        forms.putIfAbsent(compared.get(i), words.words().get(i));
      }
      return new Bag(counts, forms, compared.size());
    }

    double similarity(Bag other) {
      if (size == 0 && other.size == 0) {
        return 1;
      }
      int shared = 0;
      for (Map.Entry<String, Integer> word : counts.entrySet()) {
        shared += Math.min(word.getValue(), other.counts.getOrDefault(word.getKey(), 0));
      }
      return 2.0 * shared / (size + other.size);
    }

    /** Words that occur more often here, in their order. */
    List<String> beyond(Bag other) {
      return forms.entrySet().stream()
          .filter(word -> counts.get(word.getKey()) > other.counts.getOrDefault(word.getKey(), 0))
          .map(Map.Entry::getValue)
          .toList();
    }
  }

  private record Shared(List<Bag> references, boolean stems) implements RowReward {

    @Override
    public double reward(String text, boolean finished) {
      Bag words = Bag.of(finished ? Words.of(text) : Words.ofUnfinished(text), stems);
      return references.stream().mapToDouble(words::similarity).max().orElseThrow();
    }

    /** The words that the text lacks of the reference that is most like it, in their order. */
    @Override
    public List<String> hints(String text) {
      Bag words = Bag.of(Words.of(text), stems);
      Bag best = references.get(0);
      for (Bag reference : references) {
        if (words.similarity(reference) > words.similarity(best)) {
          best = reference;
        }
      }
      return best.beyond(words);
    }
  }
}
