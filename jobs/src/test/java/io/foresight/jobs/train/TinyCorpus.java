package io.foresight.jobs.train;

import io.foresight.engine.prompt.PromptTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A corpus of made-up sentences, large enough that some are held out. */
final class TinyCorpus {

  private static final List<String> WHO = List.of("dog", "cat", "farmer", "girl", "horse", "chef");
  private static final List<String> WHERE =
      List.of("park", "field", "house", "garden", "street", "barn", "river", "kitchen");
  private static final List<String> WHAT =
      List.of("ball", "stick", "book", "flower", "apple", "cake", "hat");

  static final PromptTemplate PROMPT = new PromptTemplate("{concepts} =");

  private TinyCorpus() {}

  static ConceptCorpus write(Path folder) throws IOException {
    return ConceptCorpus.read(List.of(file(folder)), PROMPT);
  }

  /** Dialogues of which every prompt comes twice, in other capitals and with other responses. */
  static Path dialogues(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String who : WHO) {
      for (String where : WHERE) {
        lines.add(
            "{\"prompt\": \"How do I find a %s in the %s?\", \"response\": \"look for the %s by the gate of the %s\"}"
                .formatted(who, where, who, where));
        lines.add(
            "{\"prompt\": \"how do i find a %s in the %s?\", \"response\": \"Why would I know?\", \"source\": \"rejected\"}"
                .formatted(who, where));
      }
    }
    return Files.write(folder.resolve("dialogues.jsonl"), lines);
  }

  static Path file(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String who : WHO) {
      for (String where : WHERE) {
        for (String what : WHAT) {
          lines.add(
              "{\"concepts\": [\"%s\", \"%s\", \"%s\"], \"text\": \"the %s holds a small %s in the old %s .\"}"
                  .formatted(who, where, what, who, what, where));
        }
      }
    }
    return Files.write(folder.resolve("corpus.jsonl"), lines);
  }
}
