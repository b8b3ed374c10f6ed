package io.foresight.jobs.train;

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

  private TinyCorpus() {}

  static TrainingCorpus write(Path folder) throws IOException {
    return TrainingCorpus.read(file(folder));
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
