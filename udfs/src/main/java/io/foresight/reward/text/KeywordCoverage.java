package io.foresight.reward.text;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Columns;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Share of a row's concepts that the text uses. A concept counts in any inflected form (of
 * English), or as one of the row's own alternatives; one of several words matches consecutive
 * words. What words are, and what they are found in, {@link Phrases} says. In an unfinished text
 * the last word does not count, unless something follows it that is no part of a word.
 *
 * @param conceptsColumn column of the list of concepts; a row in which it is null or empty is not
 *     judged
 * @param formsColumn column of the alternatives, a list per concept; may be absent from a row
 */
public record KeywordCoverage(String conceptsColumn, String formsColumn) implements RewardFunction {

  /** Makes it from {@code concepts-column} and {@code forms-column}. */
  public static final class Factory implements RewardFactory {

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

  /** Whether a concept holds something that a text can be searched for. */
  public static boolean isConcept(String text) {
    return Phrases.isPhrase(text);
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
    List<List<String>> alternatives = new ArrayList<>();
    for (int i = 0; i < concepts.size(); i++) {
      List<String> ofConcept =
          forms.isEmpty() ? List.of() : Columns.texts(forms.get(i), formsColumn);
      if (!Phrases.isPhrase(concepts.get(i)) && ofConcept.stream().noneMatch(Phrases::isPhrase)) {
        throw new RowFault(
            RowFault.Kind.INPUT,
            "Cannot use concept \"%s\": it holds no word. Give words of letters or digits."
                .formatted(Columns.shown(concepts.get(i))));
      }
      alternatives.add(ofConcept);
    }
    return Optional.of(new Coverage(concepts, alternatives));
  }

  private static final class Coverage implements RowReward {

    private final List<String> concepts;
    private final List<List<String>> alternatives;
    private final Phrases search;

    /** Which concept each phrase of the search stands for. */
    private final List<Integer> conceptOf = new ArrayList<>();

    /** Hints of concepts that were missing so far. */
    private final Map<Integer, List<String>> hints = new ConcurrentHashMap<>();

    Coverage(List<String> concepts, List<List<String>> alternatives) {
      this.concepts = concepts;
      this.alternatives = alternatives;
      List<Phrases.Phrase> phrases = new ArrayList<>();
      for (int i = 0; i < concepts.size(); i++) {
        for (Phrases.Phrase phrase : phrases(i)) {
          phrases.add(phrase);
          conceptOf.add(i);
        }
      }
      search = new Phrases(phrases, false);
    }

    private List<Phrases.Phrase> phrases(int concept) {
      return Stream.concat(
              Stream.of(new Phrases.Phrase(concepts.get(concept), true)),
              alternatives.get(concept).stream().map(form -> new Phrases.Phrase(form, false)))
          .filter(phrase -> Phrases.isPhrase(phrase.text()))
          .toList();
    }

    private BitSet covered(String text, boolean finished) {
      BitSet covered = new BitSet();
      Phrases.find(
          List.of(search), text, finished, (phrase, word) -> covered.set(conceptOf.get(phrase)));
      return covered;
    }

    @Override
    public double reward(String text, boolean finished) {
      return (double) covered(text, finished).cardinality() / concepts.size();
    }

    /** One concept. */
    @Override
    public double step() {
      return 1.0 / concepts.size();
    }

    /** The missing concepts, as they are written and in every form that is known. */
    @Override
    public List<String> hints(String text) {
      BitSet covered = covered(text, true);
      Set<String> all = new LinkedHashSet<>();
      for (int i = covered.nextClearBit(0); i < concepts.size(); i = covered.nextClearBit(i + 1)) {
        all.addAll(hints.computeIfAbsent(i, this::hintsOf));
      }
      return List.copyOf(all);
    }

    private List<String> hintsOf(int concept) {
      Phrases own = new Phrases(phrases(concept), false);
      Stream<String> texts =
          Stream.concat(Stream.of(concepts.get(concept)), alternatives.get(concept).stream());
      return Stream.concat(
              texts.flatMap(text -> spellings(text.strip())),
              Inflections.of(concepts.get(concept)).stream())
          .distinct()
          .filter(hint -> !own.in(hint, true).isEmpty())
          .toList();
    }

    /** In lower case; in its own first where that is no matter of where a sentence begins. */
    private static Stream<String> spellings(String text) {
      String lower = text.toLowerCase(Locale.ROOT);
      String rest = text.isEmpty() ? "" : text.substring(text.offsetByCodePoints(0, 1));
      return lower.endsWith(rest) ? Stream.of(lower) : Stream.of(text, lower);
    }

    /** Each concept, in lower case: 1 if it is there, 0 if not. */
    @Override
    public Map<String, Double> parts(String text) {
      BitSet covered = covered(text, true);
      Map<String, Double> scores = new LinkedHashMap<>();
      for (int i = 0; i < concepts.size(); i++) {
        // A concept that is named twice is one constraint.
        scores.put(concepts.get(i).toLowerCase(Locale.ROOT), covered.get(i) ? 1.0 : 0.0);
      }
      return scores;
    }
  }
}
