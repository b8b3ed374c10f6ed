package io.foresight.jobs.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Texts with one of two labels, split by a hash of the text: a tenth is held out and judges the
 * model at the end, a tenth of the rest chooses the best epoch.
 *
 * @param training what is learned
 * @param validation what the best epoch is chosen by
 * @param heldOut what the model is judged by
 */
record LabelledTexts(List<Line> training, List<Line> validation, List<Line> heldOut) {

  private static final int PARTS = 10;

  /** A text and its label, 0 or 1. */
  record Line(String text, int label) {}

  /**
   * Reads JSONL files.
   *
   * @param further a file of texts that are all trained on; {@code null} for none
   * @param labelColumn the column that is 0 or 1, or false or true
   * @throws IllegalArgumentException if a line is no object with both, or a part lacks a label
   */
  static LabelledTexts read(Path file, Path further, String labelColumn) throws IOException {
    LabelledTexts texts =
        new LabelledTexts(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    read(file, labelColumn).forEach(texts::add);
    for (List<Line> part : List.of(texts.training, texts.validation, texts.heldOut)) {
      if (part.stream().map(Line::label).distinct().count() < 2) {
        throw new IllegalArgumentException(
            "Cannot train on %s: some of its texts are to be trained on, some to choose the best epoch by and some held out, each of both labels. Give more texts."
                .formatted(file));
      }
    }
    if (further != null) {
      texts.training.addAll(read(further, labelColumn));
    }
    return texts;
  }

  private static List<Line> read(Path file, String labelColumn) throws IOException {
    List<Line> lines = new ArrayList<>();
    ObjectMapper mapper = new ObjectMapper();
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      for (String json = reader.readLine(); json != null; json = reader.readLine()) {
        JsonNode node = parse(mapper, json);
        JsonNode label = node.path(labelColumn);
        int value = label.isBoolean() ? (label.asBoolean() ? 1 : 0) : label.asInt(-1);
        if (!node.path("text").isTextual() || (value != 0 && value != 1)) {
          throw new IllegalArgumentException(
              "Cannot read %s: line %d is not an object with the text \"text\" and \"%s\", 0 or 1. Correct it."
                  .formatted(file, lines.size() + 1, labelColumn));
        }
        lines.add(new Line(node.get("text").asText(), value));
      }
    }
    return lines;
  }

  private void add(Line line) {
    CRC32 crc = new CRC32();
    crc.update(line.text().getBytes(StandardCharsets.UTF_8));
    long hash = crc.getValue();
    (hash % PARTS == 0 ? heldOut : hash / PARTS % PARTS == 0 ? validation : training).add(line);
  }

  /** A line that is no JSON has neither text nor label. */
  private static JsonNode parse(ObjectMapper mapper, String json) {
    try {
      return mapper.readTree(json);
    } catch (JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }
}
