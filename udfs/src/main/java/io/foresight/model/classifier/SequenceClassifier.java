package io.foresight.model.classifier;

import ai.djl.Device;
import io.foresight.model.CacheBudget;
import io.foresight.model.CacheMemoryException;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.ClassifierProblem;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;

/**
 * A model that classifies whole texts, or scores them: an encoder or a causal language model with a
 * head for labels, in fp32. A reward model is one with a single label. Thread-safe: the weights are
 * only read.
 */
public final class SequenceClassifier implements AutoCloseable {

  /** The network behind. */
  interface Network extends AutoCloseable {
    /** Memory of a text's cache, in bytes; 0 if it has none. */
    long cacheBytes(int tokens);

    /**
     * Logits [texts][labels] of texts of similar length, in as few forwards as there is memory for.
     *
     * @param budget memory for their caches
     */
    float[][] logits(List<int[]> texts, CacheBudget budget);

    @Override
    void close();
  }

  private final ClassifierCheckpoint checkpoint;
  private final Tokenizer tokenizer;
  private final Network network;

  private SequenceClassifier(
      ClassifierCheckpoint checkpoint, Tokenizer tokenizer, Network network) {
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
    this.network = network;
  }

  /**
   * Loads a model folder.
   *
   * @throws ModelException if it cannot be loaded
   */
  public static SequenceClassifier load(Path folder, Device device) {
    ClassifierCheckpoint checkpoint = ClassifierCheckpoint.inspect(folder);
    Tokenizer tokenizer = Tokenizer.load(folder, checkpoint.maxTokens());
    try {
      return new SequenceClassifier(
          checkpoint,
          tokenizer,
          checkpoint.encoder() == null
              ? ScoringNetwork.load(checkpoint.scorer(), device)
              : EncoderNetwork.load(checkpoint.encoder(), device));
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e instanceof ModelException
          ? e
          : new ModelException("Cannot load model " + folder + ": " + e.getMessage(), e);
    }
  }

  /** What was loaded. */
  public ClassifierCheckpoint checkpoint() {
    return checkpoint;
  }

  Network network() {
    return network;
  }

  /** Names of the labels, in the order of the logits. */
  public List<String> labels() {
    return checkpoint.labels();
  }

  /** What the logits mean. */
  public ClassifierProblem problem() {
    return checkpoint.problem();
  }

  /** Most tokens of a text, special ones included. */
  public int maxTokens() {
    return checkpoint.maxTokens();
  }

  /**
   * Ids of a text with the special tokens that the tokenizer puts around it, {@code [CLS] text
   * [SEP]} or {@code <s> text </s>}. At most {@link #maxTokens}: of a longer text, what fits of its
   * beginning, with the special tokens, as {@code truncation=True} has it in transformers. Empty
   * only for an empty text that the tokenizer puts nothing around.
   */
  public int[] encode(String text) {
    return tokenizer.encode(text);
  }

  /** Whether texts take memory for caches, as those of a causal language model do. */
  public boolean usesCache() {
    return cacheBytes(1) > 0;
  }

  /** Memory of the cache of a text of {@code tokens} ids, in bytes. */
  public long cacheBytes(int tokens) {
    return network.cacheBytes(tokens);
  }

  /** As {@link #logits(List, CacheBudget)}, with all the memory that it takes. */
  public float[][] logits(List<int[]> texts) {
    return logits(texts, new CacheBudget(Long.MAX_VALUE));
  }

  /**
   * Logits [texts][labels]. Texts of similar length are computed together, few enough that the
   * memory taken does not grow with the number of texts. No text sees another one; since matrix
   * libraries choose kernels by shape, its logits may still differ in their last bits with what
   * else is given.
   *
   * @param texts ids of each, as {@link #encode} gives them
   * @param budget memory that caches may take meanwhile
   * @throws IllegalArgumentException if a text has no id or too many, or an id that the model lacks
   * @throws CacheMemoryException if a text does not fit alone; see {@link #cacheBytes}
   * @throws ModelException if a logit is not finite
   */
  public float[][] logits(List<int[]> texts, CacheBudget budget) {
    texts.forEach(this::check);
    float[][] logits = new float[texts.size()][];
    for (int[] batch : TextBatches.of(texts)) {
      List<int[]> together = TextBatches.pick(texts, batch);
      float[][] some = network.logits(together, budget);
      for (int i = 0; i < batch.length; i++) {
        logits[batch[i]] = finite(some[i]);
      }
    }
    return logits;
  }

  private float[] finite(float[] logits) {
    for (float logit : logits) {
      if (!Float.isFinite(logit)) {
        throw new ModelException(
            "Cannot classify with model %s: its scores are not finite (NaN or infinite). Check its weights."
                .formatted(checkpoint.folder()));
      }
    }
    return logits;
  }

  private void check(int[] ids) {
    if (ids.length == 0 || ids.length > maxTokens()) {
      throw new IllegalArgumentException(
          "Cannot classify a text of %d tokens with model %s: it takes 1 to %d."
              .formatted(ids.length, checkpoint.folder(), maxTokens()));
    }
    for (int id : ids) {
      if (id < 0 || id >= checkpoint.vocabularySize()) {
        throw new IllegalArgumentException(
            "Cannot classify a text with token %d with model %s: ids are 0 to %d."
                .formatted(id, checkpoint.folder(), checkpoint.vocabularySize() - 1));
      }
    }
  }

  @Override
  public void close() {
    network.close();
    tokenizer.close();
  }
}
