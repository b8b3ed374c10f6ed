package io.foresight.jobs.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.foresight.reward.Stemmer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.apache.lucene.analysis.en.EnglishAnalyzer;

/**
 * Lines of {concepts, text} for training, cleaned and split into training and held-out lines by
 * their set of concepts, so that no held-out set is ever trained on.
 */
final class TrainingCorpus {

  /** One cleaned line. */
  record Line(List<String> concepts, String text) {}

  private static final int HELD_OUT_SHARE = 64;
  private static final int MIN_WORDS = 4;
  private static final int MAX_WORDS = 28;
  private static final int MAX_CONCEPTS = 5;

  private final List<Line> training = new ArrayList<>();
  private final List<Line> heldOut = new ArrayList<>();
  private final Map<String, String> conceptOfStem = new HashMap<>();

  private TrainingCorpus() {}

  /**
   * Reads a JSONL file.
   *
   * @throws IOException if the file cannot be read
   * @throws IllegalArgumentException if a line is not an object with {@code concepts} and {@code
   *     text}, or too few lines are clean enough to train on
   */
  static TrainingCorpus read(Path file) throws IOException {
    TrainingCorpus corpus = new TrainingCorpus();
    ObjectMapper mapper = new ObjectMapper();
    Map<String, Map<String, Integer>> conceptCounts = new HashMap<>();
    int number = 0;
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (String json = reader.readLine(); json != null; json = reader.readLine()) {
        number++;
        JsonNode node = parse(mapper, json);
        if (!node.path("concepts").isArray() || !node.path("text").isTextual()) {
          throw new IllegalArgumentException(
              "Cannot read %s: line %d is not an object with the list \"concepts\" and the text \"text\". Correct it."
                  .formatted(file, number));
        }
        List<String> concepts = new ArrayList<>();
        node.get("concepts").forEach(c -> concepts.add(c.asText().toLowerCase(Locale.ROOT)));
        Optional<String> text = clean(node.get("text").asText());
        if (text.isEmpty() || concepts.isEmpty()) {
          continue;
        }
        for (String concept : concepts) {
          conceptCounts
              .computeIfAbsent(Stemmer.stem(concept), s -> new HashMap<>())
              .merge(concept, 1, Integer::sum);
        }
        int hash = new TreeSet<>(concepts).toString().hashCode();
        Line line = new Line(List.copyOf(concepts), text.get());
        (Math.floorMod(hash, HELD_OUT_SHARE) == 0 ? corpus.heldOut : corpus.training).add(line);
      }
    }
    conceptCounts.forEach(
        (stem, counts) ->
            corpus.conceptOfStem.put(
                stem, Collections.max(counts.entrySet(), Map.Entry.comparingByValue()).getKey()));
    if (corpus.training.isEmpty() || corpus.heldOut.isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot train on %s: %d clean lines are left for training and %d are held out. Give more lines."
              .formatted(file, corpus.training.size(), corpus.heldOut.size()));
    }
    return corpus;
  }

  /** A line that is no JSON has neither concepts nor a text. */
  private static JsonNode parse(ObjectMapper mapper, String json) {
    try {
      return mapper.readTree(json);
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  List<Line> training() {
    return Collections.unmodifiableList(training);
  }

  List<Line> heldOut() {
    return Collections.unmodifiableList(heldOut);
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
   * The line's concepts, often with further content words of its sentence, in random order; at most
   * 5.
   */
  List<String> augmentedConcepts(Line line, Random random) {
    List<String> concepts = new ArrayList<>(line.concepts());
    int wanted = 3 + random.nextInt(MAX_CONCEPTS - 2);
    if (concepts.size() < wanted) {
      Set<String> present = new HashSet<>();
      concepts.forEach(c -> present.add(Stemmer.stem(c)));
      List<String> further = new ArrayList<>();
      for (String word : line.text().toLowerCase(Locale.ROOT).split("[^a-z]+")) {
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
