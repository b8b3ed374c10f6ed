package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.model.ModelSession;
import io.foresight.model.text.Tokenizer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/**
 * What a target model says greedily for a corpus's prompts. A draft that is trained on it agrees
 * with that target more often than one trained on the corpus alone: sequence-level distillation
 * (Kim and Rush 2016).
 */
final class Teacher {

  private static final int BATCH = 64;
  private static final int MAX_TOKENS = 48;

  private final ModelSession model;
  private final Tokenizer tokenizer;

  Teacher(ModelSession model, Tokenizer tokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /**
   * Writes a line per prompt of the corpus's training lines, varied at random, {@code passes} times
   * over; the file appears only when it is whole.
   */
  void write(Corpus corpus, int passes, long seed, Path file) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    ObjectMapper mapper = new ObjectMapper();
    long started = System.nanoTime();
    long done = 0;
    int lines = corpus.training().size();
    long total = (long) passes * lines;
    try (BufferedWriter out = Files.newBufferedWriter(part)) {
      for (int pass = 0; pass < passes; pass++) {
        Random random = new Random(seed * 31 + pass);
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < lines; i++) {
          prompts.add(corpus.vary(i, random).prompt());
        }
        prompts.removeIf(String::isEmpty);
        // Like lengths share a batch, so that little of it is padding.
        prompts.sort(Comparator.comparingInt(String::length));
        for (int from = 0; from < prompts.size(); from += BATCH) {
          List<String> batch = prompts.subList(from, Math.min(prompts.size(), from + BATCH));
          List<String> texts = say(batch);
          for (int i = 0; i < texts.size(); i++) {
            ObjectNode line = mapper.createObjectNode().put("prompt", batch.get(i));
            out.write(line.put("text", texts.get(i)).toString());
            out.newLine();
          }
          done += batch.size();
          if (done / BATCH % 100 == 0) {
            double seconds = (System.nanoTime() - started) / 1e9;
            System.out.printf(
                "teacher: %d of %d lines, %.0f min left%n",
                done, total, seconds / done * (total - done) / 60);
          }
        }
      }
    }
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Reads what {@link #write} wrote. */
  static List<Corpus.Line> read(Path file) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<Corpus.Line> lines = new ArrayList<>();
    for (String json : Files.readAllLines(file)) {
      JsonNode node = mapper.readTree(json);
      lines.add(new Corpus.Line(node.get("prompt").asText(), node.get("text").asText(), false));
    }
    return lines;
  }

  /** The greedy text per prompt; rows that have ended leave the batch. */
  private List<String> say(List<String> prompts) {
    List<Sequence> sequences = new ArrayList<>();
    List<List<Integer>> said = new ArrayList<>();
    try {
      List<ForwardRequest> extensions = new ArrayList<>();
      List<Integer> going = new ArrayList<>();
      for (int row = 0; row < prompts.size(); row++) {
        int[] ids = tokenizer.encode(prompts.get(row));
        sequences.add(model.open());
        said.add(new ArrayList<>());
        extensions.add(
            ForwardRequest.of(sequences.get(row), ids, LogitsRequest.argmax(ids.length - 1)));
        going.add(row);
      }
      while (!extensions.isEmpty()) {
        List<Scores> scores = model.extend(extensions);
        List<ForwardRequest> next = new ArrayList<>();
        List<Integer> still = new ArrayList<>();
        for (int i = 0; i < scores.size(); i++) {
          int row = going.get(i);
          int id = scores.get(i).argmax()[0];
          said.get(row).add(id);
          if (!model.isEos(id) && said.get(row).size() < MAX_TOKENS) {
            next.add(
                ForwardRequest.of(sequences.get(row), new int[] {id}, LogitsRequest.argmax(0)));
            still.add(row);
          }
        }
        extensions = next;
        going = still;
      }
    } finally {
      sequences.forEach(Sequence::close);
    }
    return said.stream()
        .map(ids -> tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray()))
        .toList();
  }
}
