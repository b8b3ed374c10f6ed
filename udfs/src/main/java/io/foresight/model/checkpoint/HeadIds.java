package io.foresight.model.checkpoint;

import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;

/**
 * The ids that a draft's head scores, where it does not score all (FR-Spec, arXiv 2502.14856):
 * those that end a text, then the most frequent ones. Which are, the file {@link #FILE} beside the
 * weights says, or else the order of the ids themselves, of which a byte-pair vocabulary has the
 * frequent ones first. So they are a function of the model's folder and a number, and of no row.
 */
public final class HeadIds {

  /** Ids, one a line, most frequent first; what it does not name comes after, by ascending id. */
  public static final String FILE = "frequent_ids.txt";

  /** All ids are scored. */
  public static final int FULL = 0;

  /**
   * {@link #AUTO_IDS} of them where the model has {@link #FILE} and at least twice as many ids,
   * else all.
   */
  public static final int AUTO = -1;

  /** Fewest that may be scored, so that a few choices can be told apart. */
  public static final int LEAST = 64;

  /** How many are under {@link #AUTO}. */
  public static final int AUTO_IDS = 16_384;

  private HeadIds() {}

  /**
   * The ids that are scored, ascending.
   *
   * @param wanted how many, {@link #FULL} or {@link #AUTO}; rounded up to a multiple of 64
   * @return none if all are
   * @throws ModelException if the model's file of frequent ids cannot be used
   */
  public static long[] of(Checkpoint checkpoint, int wanted) {
    int all = checkpoint.config().head().outputs();
    Path file = checkpoint.folder().resolve(FILE);
    int count = wanted;
    if (wanted == AUTO) {
      count = all >= 2 * AUTO_IDS && Files.exists(file) ? AUTO_IDS : FULL;
    }
    // What fills up to 64 rows costs nothing.
    count = (Math.max(count, 0) + 63) / 64 * 64;
    if (count == 0 || count >= all) {
      return new long[0];
    }
    BitSet ids = new BitSet(all);
    checkpoint.eos().stream().filter(id -> id < all).forEach(ids::set);
    int taken = ids.cardinality();
    if (Files.exists(file)) {
      List<String> lines = lines(file);
      for (int i = 0; i < lines.size(); i++) {
        int id = id(lines.get(i), all, file, i + 1);
        if (taken < count && !ids.get(id)) {
          ids.set(id);
          taken++;
        }
      }
    }
    for (int id = 0; taken < count; id++) {
      if (!ids.get(id)) {
        ids.set(id);
        taken++;
      }
    }
    return ids.stream().asLongStream().toArray();
  }

  /** {@link Checkpoint#multipliedWeights} with a head of so many ids; 0 for all. */
  public static long multipliedWeights(Checkpoint checkpoint, int ids) {
    long all = checkpoint.config().head().outputs();
    long left = ids == 0 ? 0 : all - ids;
    return checkpoint.multipliedWeights() - left * checkpoint.config().hidden();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new ModelException(
          "Cannot read %s: %s. Make it readable, or remove it.".formatted(file, e), e);
    }
  }

  private static int id(String line, int all, Path file, int number) {
    try {
      int id = Integer.parseInt(line.strip());
      if (id >= 0 && id < all) {
        return id;
      }
    } catch (NumberFormatException e) {
      // As an id that the model does not have.
    }
    throw new ModelException(
        "Cannot use %s: line %d is \"%s\", and must be an id from 0 to %d. Write it anew by ./submit.sh rank-ids."
            .formatted(file, number, line.length() > 40 ? line.substring(0, 40) : line, all - 1));
  }
}
