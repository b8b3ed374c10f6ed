package io.foresight.jobs.train;

import io.foresight.model.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A corpus as batches of token ids: the same on every run, in another order in every epoch. */
final class Batches {

  /** Batches among which lines are sorted by length, so that little of a batch is padding. */
  private static final int POOL = 64;

  /** Share of the lines that are the teacher's where there is one; the rest keeps the style. */
  private static final double TAUGHT_SHARE = 0.75;

  /**
   * A tokenised line.
   *
   * @param ids the prompt as generation builds it, the text, EOS
   * @param learned index of the first id that is to be learned: the text's, or the one after BOS
   */
  record Example(int[] ids, int learned) {}

  private final Corpus corpus;
  private final List<Corpus.Line> taught;
  private final Tokenizer tokenizer;
  private final int eos;
  private final int size;
  private final long seed;
  private final Map<String, int[]> texts = new HashMap<>();

  /**
   * @param taught a teacher's lines; empty for none
   * @param eos id that ends a text
   * @param size lines per batch
   */
  Batches(
      Corpus corpus, List<Corpus.Line> taught, Tokenizer tokenizer, int eos, int size, long seed) {
    this.corpus = corpus;
    this.taught = taught;
    this.tokenizer = tokenizer;
    this.eos = eos;
    this.size = Math.min(size, corpus.training().size());
    this.seed = seed;
  }

  int perEpoch() {
    return corpus.training().size() / size;
  }

  /** One epoch: like lengths together, lines and orders varied from epoch to epoch. */
  List<List<Example>> epoch(long epoch) {
    Random random = new Random(seed * 1_000_003 + epoch);
    List<Example> examples = new ArrayList<>();
    int lines = corpus.training().size();
    for (int i = 0; i < lines; i++) {
      boolean teach = !taught.isEmpty() && random.nextDouble() < TAUGHT_SHARE;
      examples.add(
          example(
              teach
                  ? taught.get((int) ((epoch * lines + i) % taught.size()))
                  : corpus.vary(i, random)));
    }
    Collections.shuffle(examples, random);
    List<List<Example>> batches = new ArrayList<>();
    for (int from = 0; from < examples.size(); from += size * POOL) {
      List<Example> near =
          new ArrayList<>(examples.subList(from, Math.min(examples.size(), from + size * POOL)));
      near.sort(Comparator.comparingInt(e -> e.ids().length));
      for (int i = 0; i + size <= near.size(); i += size) {
        batches.add(near.subList(i, i + size));
      }
    }
    Collections.shuffle(batches, random);
    return batches;
  }

  /** The held-out lines as they were read. */
  List<List<Example>> heldOut() {
    List<Example> examples = new ArrayList<>();
    for (Corpus.Line line : corpus.heldOut()) {
      examples.add(example(line));
    }
    examples.sort(Comparator.comparingInt(e -> e.ids().length));
    List<List<Example>> batches = new ArrayList<>();
    for (int i = 0; i < examples.size(); i += size) {
      batches.add(examples.subList(i, Math.min(examples.size(), i + size)));
    }
    return batches;
  }

  Example example(Corpus.Line line) {
    int[] asked = tokenizer.encode(line.prompt());
    int[] said = texts.computeIfAbsent(line.text(), this::text);
    int[] ids = Arrays.copyOf(asked, asked.length + said.length);
    System.arraycopy(said, 0, ids, asked.length, said.length);
    return new Example(ids, line.wholly() ? 1 : asked.length);
  }

  /** A text's ids as they follow a prompt: without BOS, with EOS. */
  private int[] text(String text) {
    int[] withBos = tokenizer.encode(text);
    int[] ids = Arrays.copyOfRange(withBos, 1, withBos.length + 1);
    ids[ids.length - 1] = eos;
    return ids;
  }
}
