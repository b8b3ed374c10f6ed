package io.foresight.jobs.train;

import io.foresight.model.Tokenizer;
import io.foresight.spark.PromptTemplate;
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
   * @param ids the prompt as generation builds it, the sentence, EOS
   * @param sentence index of the sentence's first id
   */
  record Example(int[] ids, int sentence) {}

  private final TrainingCorpus corpus;
  private final List<TrainingCorpus.Line> taught;
  private final Tokenizer tokenizer;
  private final PromptTemplate prompt = new PromptTemplate("{concepts} =");
  private final int eos;
  private final int size;
  private final long seed;
  private final Map<String, int[]> sentences = new HashMap<>();

  /**
   * @param taught a teacher's lines, a multiple of the corpus's number; empty for none
   * @param eos id that ends a sentence
   * @param size lines per batch
   */
  Batches(
      TrainingCorpus corpus,
      List<TrainingCorpus.Line> taught,
      Tokenizer tokenizer,
      int eos,
      int size,
      long seed) {
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

  /** One epoch: like lengths together, other concepts and orders than in any other epoch. */
  List<List<Example>> epoch(long epoch) {
    Random random = new Random(seed * 1_000_003 + epoch);
    List<Example> examples = new ArrayList<>();
    int lines = corpus.training().size();
    int pass = taught.isEmpty() ? 0 : (int) (epoch % (taught.size() / lines));
    for (int i = 0; i < lines; i++) {
      TrainingCorpus.Line line = corpus.training().get(i);
      if (!taught.isEmpty() && random.nextDouble() < TAUGHT_SHARE) {
        line = taught.get(pass * lines + i);
        examples.add(example(line.concepts(), line.text()));
      } else {
        examples.add(example(corpus.augmentedConcepts(line, random), line.text()));
      }
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

  /** The held-out lines with the concepts that they came with. */
  List<List<Example>> heldOut() {
    List<Example> examples = new ArrayList<>();
    for (TrainingCorpus.Line line : corpus.heldOut()) {
      examples.add(example(line.concepts(), line.text()));
    }
    examples.sort(Comparator.comparingInt(e -> e.ids().length));
    List<List<Example>> batches = new ArrayList<>();
    for (int i = 0; i < examples.size(); i += size) {
      batches.add(examples.subList(i, Math.min(examples.size(), i + size)));
    }
    return batches;
  }

  Example example(List<String> concepts, String text) {
    int[] asked = tokenizer.encode(prompt.render(Map.of("concepts", concepts)));
    int[] said = sentences.computeIfAbsent(text, this::sentence);
    int[] ids = Arrays.copyOf(asked, asked.length + said.length);
    System.arraycopy(said, 0, ids, asked.length, said.length);
    return new Example(ids, asked.length);
  }

  /** A text's ids as they follow a prompt: without BOS, with EOS. */
  private int[] sentence(String text) {
    int[] withBos = tokenizer.encode(text);
    int[] ids = Arrays.copyOfRange(withBos, 1, withBos.length + 1);
    ids[ids.length - 1] = eos;
    return ids;
  }
}
