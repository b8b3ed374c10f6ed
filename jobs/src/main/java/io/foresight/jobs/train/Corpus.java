package io.foresight.jobs.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;

/**
 * What a model is trained on: texts that follow prompts, cleaned and split so that nothing that a
 * held-out prompt asks for is trained on.
 */
interface Corpus {

  /**
   * A cleaned line.
   *
   * @param prompt the prompt as generation builds it; empty for a text that stands alone
   * @param text what follows the prompt
   * @param wholly whether the prompt is to be learned too, and not the text alone
   */
  record Line(String prompt, String text, boolean wholly) {}

  /** The training lines as they were read. */
  List<Line> training();

  /** A training line as one epoch puts it, which may be otherwise than another does. */
  default Line vary(int index, Random random) {
    return training().get(index);
  }

  /** The held-out lines; each has a prompt, and only its text counts. */
  List<Line> heldOut();

  /** The distinct columns from which the held-out prompts are built, in order. */
  List<Map<String, Object>> heldOutRows();

  /** Takes one JSON object of a file. */
  @FunctionalInterface
  interface Reader {
    void read(JsonNode node);
  }

  /**
   * Reads JSONL files.
   *
   * @param valid what a line must be
   * @param what the same in words, for the error
   * @throws IOException if a file cannot be read
   * @throws IllegalArgumentException if a line is not valid
   */
  static void read(List<Path> files, Predicate<JsonNode> valid, String what, Reader reader)
      throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    for (Path file : files) {
      int number = 0;
      try (BufferedReader lines = Files.newBufferedReader(file)) {
        for (String json = lines.readLine(); json != null; json = lines.readLine()) {
          number++;
          JsonNode node = parse(mapper, json);
          if (!valid.test(node)) {
            throw new IllegalArgumentException(
                "Cannot read %s: line %d is not an object with %s. Correct it."
                    .formatted(file, number, what));
          }
          reader.read(node);
        }
      }
    }
  }

  /** A line that is no JSON has no fields. */
  private static JsonNode parse(ObjectMapper mapper, String json) {
    try {
      return mapper.readTree(json);
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  /** The error of a corpus with nothing to train on, or nothing to judge it by. */
  static IllegalArgumentException tooFew(List<Path> files, int training, int heldOut) {
    return new IllegalArgumentException(
        "Cannot train on %s: %d clean lines with prompts are left for training and %d are held out. Give more lines."
            .formatted(files, training, heldOut));
  }
}
