package io.foresight.jobs.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.text.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Writes which ids are frequent in texts into a draft's folder, for a head that scores those alone.
 * The same texts give the same file.
 */
@Command(
    name = "rank-ids",
    description =
        "Counts a model's ids in texts and writes the order into its folder, for models.draft-head.",
    mixinStandardHelpOptions = true)
public final class RankIdsJob implements Callable<Integer> {

  private static final ObjectMapper JSON = new ObjectMapper();

  @Option(names = "--model", required = true, paramLabel = "FOLDER", description = "The draft.")
  private Path model;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description =
          "Texts like those to be written: prompts, outputs, examples. A line is a text, or a JSON object whose strings are. May be given several times.")
  private List<Path> inputs;

  @Override
  public Integer call() throws IOException {
    Checkpoint checkpoint = Checkpoint.inspect(model);
    long[] counts = new long[checkpoint.vocabularySize()];
    long texts = 0;
    try (Tokenizer tokenizer = Tokenizer.load(model)) {
      for (Path input : inputs) {
        texts += count(input, tokenizer, counts);
      }
    }
    int[] ranked =
        IntStream.range(0, counts.length)
            .filter(id -> counts[id] > 0)
            .boxed()
            .sorted(Comparator.comparingLong((Integer id) -> -counts[id]))
            .mapToInt(Integer::intValue)
            .toArray();
    if (ranked.length == 0) {
      throw new IllegalArgumentException(
          "Cannot rank the ids of model %s: %s hold no text. Give files with texts."
              .formatted(model, inputs));
    }
    Path file = model.resolve(HeadIds.FILE);
    Files.writeString(
        file,
        IntStream.of(ranked).mapToObj(String::valueOf).collect(Collectors.joining("\n", "", "\n")));
    System.out.printf("%,d ids of %,d texts, written to %s%n", ranked.length, texts, file);
    return 0;
  }

  private static long count(Path input, Tokenizer tokenizer, long[] counts) throws IOException {
    long texts = 0;
    try (BufferedReader lines = Files.newBufferedReader(input)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        texts += line.startsWith("{") ? count(json(input, line), tokenizer, counts) : 0;
        if (!line.startsWith("{") && !line.isBlank()) {
          count(line, tokenizer, counts);
          texts++;
        }
      }
    }
    return texts;
  }

  private static JsonNode json(Path input, String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "Cannot read %s: a line is no JSON object (%s). Give one object a line, or texts."
              .formatted(input, e.getOriginalMessage()),
          e);
    }
  }

  private static long count(JsonNode node, Tokenizer tokenizer, long[] counts) {
    if (node.isTextual()) {
      count(node.asText(), tokenizer, counts);
      return 1;
    }
    long texts = 0;
    for (JsonNode below : node) {
      texts += count(below, tokenizer, counts);
    }
    return texts;
  }

  /** As it is and as it continues a text: vocabularies have words with the space before them. */
  private static void count(String text, Tokenizer tokenizer, long[] counts) {
    for (String written : new String[] {text, " " + text}) {
      for (int id : tokenizer.encodeWritten(written)) {
        counts[id]++;
      }
    }
  }
}
