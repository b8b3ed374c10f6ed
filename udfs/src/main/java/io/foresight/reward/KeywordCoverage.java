package io.foresight.reward;

import io.foresight.decoding.RowFault;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Share of a row's concepts that the text uses. A concept counts in any inflected form: a word of
 * the text matches if it has the concept's stem (Lucene's KStem), is a regular form of it in -s,
 * -ing or -ed, or is one of the row's own alternatives. Words are runs of letters, digits and inner
 * apostrophes, compared without case; a concept or alternative of several words matches consecutive
 * words. In an unfinished text the last word does not count, unless something other than a letter,
 * digit or apostrophe follows it.
 *
 * @param conceptsColumn column of the list of concepts; a row in which it is null or empty is not
 *     judged
 * @param formsColumn column of the alternatives, a list per concept; may be absent from a row
 */
public record KeywordCoverage(String conceptsColumn, String formsColumn) implements RewardFunction {

  /** Makes it from {@code concepts-column} and {@code forms-column}. */
  static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "keyword-coverage";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      return new KeywordCoverage(
          settings.column("concepts-column", "concepts"), settings.text("forms-column", "forms"));
    }
  }

  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    if (row.get(conceptsColumn) == null) {
      return Optional.empty();
    }
    List<String> concepts = Columns.texts(row.get(conceptsColumn), conceptsColumn);
    List<?> forms = Columns.list(row, formsColumn, "a list of texts per concept").orElse(List.of());
    if (!forms.isEmpty() && forms.size() != concepts.size()) {
      throw new RowFault(
          RowFault.Kind.INPUT,
          "Cannot read column %s: it has %d lists for %d concepts. Give one list per concept, or none at all."
              .formatted(formsColumn, forms.size(), concepts.size()));
    }
    if (concepts.isEmpty()) {
      return Optional.empty();
    }
    List<Concept> parsed = new ArrayList<>();
    for (int i = 0; i < concepts.size(); i++) {
      Set<List<String>> alternatives = new LinkedHashSet<>();
      alternatives.add(Words.of(concepts.get(i)).words());
      if (!forms.isEmpty()) {
        Columns.texts(forms.get(i), formsColumn)
            .forEach(form -> alternatives.add(Words.of(form).words()));
      }
      Inflections.of(concepts.get(i)).forEach(form -> alternatives.add(List.of(form)));
      alternatives.removeIf(List::isEmpty);
      if (alternatives.isEmpty()) {
        throw new RowFault(
            RowFault.Kind.INPUT,
            "Cannot use concept \"%s\": it holds no word. Give words of letters or digits."
                .formatted(concepts.get(i)));
      }
      List<String> stems = Words.of(concepts.get(i)).stems();
      parsed.add(new Concept(concepts.get(i), stems, alternatives));
    }
    return Optional.of(new Coverage(parsed));
  }

  private record Concept(String name, List<String> stems, Set<List<String>> alternatives) {

    boolean in(Words text) {
      return contains(text.stems(), stems)
          || alternatives.stream().anyMatch(form -> contains(text.words(), form));
    }

    private static boolean contains(List<String> text, List<String> wanted) {
      return !wanted.isEmpty() && java.util.Collections.indexOfSubList(text, wanted) >= 0;
    }
  }

  private record Coverage(List<Concept> concepts) implements RowReward {

    @Override
    public double reward(String text, boolean finished) {
      Words words = finished ? Words.of(text) : Words.ofUnfinished(text);
      return (double) concepts.stream().filter(c -> c.in(words)).count() / concepts.size();
    }

    /** The missing concepts, in every form that counts. */
    @Override
    public List<String> hints(String text) {
      Words words = Words.of(text);
      Set<String> hints = new LinkedHashSet<>();
      for (Concept concept : concepts) {
        if (!concept.in(words)) {
          for (List<String> form : concept.alternatives()) {
            hints.add(String.join(" ", form));
          }
        }
      }
      return List.copyOf(hints);
    }

    /** Each concept, in lower case: 1 if it is there, 0 if not. */
    @Override
    public Map<String, Double> parts(String text) {
      Words words = Words.of(text);
      Map<String, Double> scores = new LinkedHashMap<>();
      for (Concept concept : concepts) {
        // A concept that is named twice is one constraint.
        scores.put(concept.name().toLowerCase(Locale.ROOT), concept.in(words) ? 1.0 : 0.0);
      }
      return scores;
    }
  }
}
