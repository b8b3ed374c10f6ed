package io.foresight.jobs.benchmark;

import io.foresight.reward.RowRewards;
import io.foresight.reward.text.Words;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The words that a text may have, by which broken ones are found: those of a file. Immutable.
 *
 * @param words without case
 */
public record KnownWords(Set<String> words) {

  /** Copies. */
  public KnownWords {
    words = Set.copyOf(words);
  }

  /**
   * All words of a file: a list, or texts of any kind.
   *
   * @throws IOException if it cannot be read
   */
  public static KnownWords of(Path file) throws IOException {
    Set<String> words = new HashSet<>();
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        words.addAll(Words.of(line).words());
      }
    }
    return new KnownWords(words);
  }

  /**
   * How many of a text's words are neither known nor asked for.
   *
   * @param asked coverage of the words that the text was to have
   */
  long unknown(List<String> of, RowRewards asked) {
    if (!asked.isJudging()) {
      return of.stream().filter(word -> !words.contains(word)).count();
    }
    // Words of what has several are asked for too, and alone cover nothing.
    Set<String> parts = new HashSet<>();
    asked.hints("").forEach(form -> parts.addAll(Words.of(form).words()));
    return of.stream()
        .filter(word -> !words.contains(word) && !parts.contains(word) && !covers(asked, word))
        .count();
  }

  private static boolean covers(RowRewards asked, String word) {
    return asked.outcome(word).scores().values().stream().anyMatch(score -> score > 0);
  }
}
