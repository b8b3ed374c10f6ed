package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.JsonNode;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.reward.text.Stemmer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.apache.lucene.analysis.en.EnglishAnalyzer;

/**
 * Lines of {concepts, text}, split by their set of concepts, whose prompts ask for other concepts
 * of the text in every epoch.
 */
final class ConceptCorpus implements Corpus {

  private record Sentence(List<String> concepts, String text) {}

  /** One in so many sets of concepts is held out. */
  private static final int HELD_OUT_SHARE = 64;

  private static final int MIN_WORDS = 4;
  private static final int MAX_WORDS = 28;
  private static final int MAX_CONCEPTS = 5;

  private final PromptTemplate prompt;
  private final List<Sentence> sentences = new ArrayList<>();
  private final List<Line> training = new ArrayList<>();
  private final List<Line> heldOut = new ArrayList<>();
  private final Set<Map<String, Object>> heldOutRows = new LinkedHashSet<>();
  private final Map<String, String> conceptOfStem = new HashMap<>();

  private ConceptCorpus(PromptTemplate prompt) {
    this.prompt = prompt;
  }

  /**
   * Reads JSONL files.
   *
   * @param prompt names the column concepts
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if a line is not an object with {@code concepts} and {@code
   *     text}, or too few lines are clean enough to train on
   */
  static ConceptCorpus read(List<Path> files, PromptTemplate prompt) throws IOException {
    ConceptCorpus corpus = new ConceptCorpus(prompt);
    Map<String, Map<String, Integer>> conceptCounts = new HashMap<>();
    Corpus.read(
        files,
        node -> node.path("concepts").isArray() && node.path("text").isTextual(),
        "the list \"concepts\" and the text \"text\"",
        node -> corpus.add(node, conceptCounts));
    conceptCounts.forEach(
        (stem, counts) ->
            corpus.conceptOfStem.put(
                stem, Collections.max(counts.entrySet(), Map.Entry.comparingByValue()).getKey()));
    if (corpus.training.isEmpty() || corpus.heldOut.isEmpty()) {
      throw Corpus.tooFew(files, corpus.training.size(), corpus.heldOut.size());
    }
    return corpus;
  }

  private void add(JsonNode node, Map<String, Map<String, Integer>> conceptCounts) {
    List<String> concepts = new ArrayList<>();
    node.get("concepts").forEach(c -> concepts.add(c.asText().toLowerCase(Locale.ROOT)));
    Optional<String> text = clean(node.get("text").asText());
    if (text.isEmpty() || concepts.isEmpty()) {
      return;
    }
    for (String concept : concepts) {
      conceptCounts
          .computeIfAbsent(Stemmer.stem(concept), s -> new HashMap<>())
          .merge(concept, 1, Integer::sum);
    }
    int hash = new TreeSet<>(concepts).toString().hashCode();
    Line line = line(concepts, text.get());
    if (Math.floorMod(hash, HELD_OUT_SHARE) == 0) {
      heldOut.add(line);
      heldOutRows.add(Map.of("concepts", List.copyOf(concepts)));
    } else {
      training.add(line);
      sentences.add(new Sentence(List.copyOf(concepts), text.get()));
    }
  }

  private Line line(List<String> concepts, String text) {
    return new Line(prompt.render(Map.of("concepts", concepts)), text, false);
  }

  @Override
  public List<Line> training() {
    return Collections.unmodifiableList(training);
  }

  @Override
  public Line vary(int index, Random random) {
    Sentence sentence = sentences.get(index);
    return line(augmentedConcepts(sentence, random), sentence.text());
  }

  @Override
  public List<Line> heldOut() {
    return Collections.unmodifiableList(heldOut);
  }

  @Override
  public List<Map<String, Object>> heldOutRows() {
    return List.copyOf(heldOutRows);
  }

  /**
   * Joins tokenised punctuation, starts with a capital, ends with one stop; empty for what is no
   * sentence of plain words.
   */
  static Optional<String> clean(String raw) {
    String text = raw.replace('\u2019', '\'').replaceAll("\\s+", " ").strip();
    text =
        text.replaceAll(" ([,.;:!?])", "$1")
            .replaceAll(" ('(?:s|re|ve|ll|d|m|t)\\b)", "$1")
            .replaceAll(" n't\\b", "n't");
    text = text.replaceAll("[.!?;:, ]+$", "");
    if (!text.matches("[A-Za-z0-9 ,.'\\-]+")) {
      return Optional.empty();
    }
    int words = text.split(" ").length;
    if (words < MIN_WORDS || words > MAX_WORDS || !Character.isLetter(text.charAt(0))) {
      return Optional.empty();
    }
    return Optional.of(Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".");
  }

  /**
   * The sentence's concepts, often with further content words of it, in random order; at most 5.
   */
  private List<String> augmentedConcepts(Sentence sentence, Random random) {
    List<String> concepts = new ArrayList<>(sentence.concepts());
    int wanted = 3 + random.nextInt(MAX_CONCEPTS - 2);
    if (concepts.size() < wanted) {
      Set<String> present = new HashSet<>();
      concepts.forEach(c -> present.add(Stemmer.stem(c)));
      List<String> further = new ArrayList<>();
      for (String word : sentence.text().toLowerCase(Locale.ROOT).split("[^a-z]+")) {
        if (word.length() < 3 || EnglishAnalyzer.ENGLISH_STOP_WORDS_SET.contains(word)) {
          continue;
        }
        String concept = conceptOfStem.get(Stemmer.stem(word));
        if (concept != null && present.add(Stemmer.stem(word))) {
          further.add(concept);
        }
      }
      Collections.shuffle(further, random);
      concepts.addAll(further.subList(0, Math.min(further.size(), wanted - concepts.size())));
    }
    Collections.shuffle(concepts, random);
    return concepts;
  }
}
