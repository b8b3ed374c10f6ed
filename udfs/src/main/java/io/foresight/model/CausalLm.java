package io.foresight.model;

import ai.djl.Device;
import io.foresight.decoding.budget.DraftFit;
import io.foresight.decoding.budget.ForwardCost;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.ModelConfig;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.TokenizerDifference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * A causal language model's weights on a device. Thread-safe: each thread opens a {@link
 * ModelSession} of its own, and all share the weights.
 */
public final class CausalLm implements AutoCloseable {

  private static final double CALL_SECONDS = 8e-5;
  private static final double CORE_BYTES_PER_SECOND = 12e9;
  private static final double CORE_FLOPS = 60e9;
  private static final double GPU_BYTES_PER_SECOND = 2e12;
  private static final double GPU_FLOPS = 2e14;

  private static final String TOKENIZER = "tokenizer.json";

  private final Map<CausalLm, DraftFit> fits = new WeakHashMap<>();
  private final Checkpoint checkpoint;
  private final Script script;
  private final Device device;
  private final Precision precision;
  private final ModelConfig config;

  private CausalLm(
      Checkpoint checkpoint,
      ModelConfig config,
      Script script,
      Device device,
      Precision precision) {
    this.checkpoint = checkpoint;
    this.config = config;
    this.script = script;
    this.device = device;
    this.precision = precision;
  }

  /**
   * Loads a model folder. The weights are mapped into memory, layer by layer, and cast once.
   *
   * @throws ModelException if it cannot be loaded
   */
  public static CausalLm load(Path folder, Device device, Precision precision) {
    return load(Checkpoint.inspect(folder), device, precision);
  }

  /** As {@link #load(Path, Device, Precision)}, of a folder that was inspected. */
  public static CausalLm load(Checkpoint checkpoint, Device device, Precision precision) {
    return load(checkpoint, device, precision, HeadIds.FULL);
  }

  /**
   * The same with a head of which the rows of some ids are kept. The others' probability is 0, and
   * they cannot be chosen; prompts may have them.
   *
   * @param ids how many, as {@link HeadIds#of} takes it
   */
  public static CausalLm load(Checkpoint checkpoint, Device device, Precision precision, int ids) {
    Path folder = checkpoint.folder();
    if (precision == Precision.INT8 && device.isGpu()) {
      throw new ModelException(
          "Cannot load model "
              + folder
              + " in int8 on a GPU: PyTorch has it on the CPU only. Use bf16.");
    }
    Script script = new Script(device);
    try {
      long[] headIds = HeadIds.of(checkpoint, ids);
      new Loader(checkpoint, script, device, precision, headIds).load();
      ModelConfig config = checkpoint.config();
      return new CausalLm(
          checkpoint,
          headIds.length == 0 ? config : config.withOutputs(headIds.length),
          script,
          device,
          precision);
    } catch (RuntimeException e) {
      script.close();
      throw new ModelException("Cannot load model " + folder + ": " + e.getMessage(), e);
    }
  }

  /** What was loaded. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** Its configuration; of the head's outputs, those that are scored. */
  ModelConfig config() {
    return config;
  }

  /** Whether it computes on a GPU. */
  boolean isOnGpu() {
    return device.isGpu();
  }

  /**
   * Whether a choice by a hair is taken from a forward of that row alone. In bf16 close scores are
   * equal scores, too many to compute anew, and in int8 rounding moves activations by whole steps;
   * on a GPU a forward alone costs as much as one of many rows.
   */
  public boolean hasCanonicalScores() {
    return precision == Precision.FP32 && !device.isGpu();
  }

  /**
   * What a forward of one task takes, roughly: a call per layer, all multiplied weights read once,
   * and a multiplication and an addition per weight and position. Rates of one core and of a GPU as
   * they were measured; what matters is how a draft's compare with its target's.
   */
  ForwardCost cost() {
    double weights = HeadIds.multipliedWeights(checkpoint, config.head().outputs());
    double calls = CALL_SECONDS * (1 + checkpoint.config().layers());
    double bytes = weights * precision.matrixBytes();
    return device.isGpu()
        ? new ForwardCost(calls + bytes / GPU_BYTES_PER_SECOND, 2 * weights / GPU_FLOPS)
        : new ForwardCost(calls + bytes / CORE_BYTES_PER_SECOND, 2 * weights / CORE_FLOPS);
  }

  /** As {@link #fitTo(CausalLm, CacheBudget)}, with as much memory as it takes. */
  public DraftFit fitTo(CausalLm target) {
    return fitTo(target, new CacheBudget(Long.MAX_VALUE));
  }

  /**
   * How this model, as a draft, fits a target; found out by a few forwards of both, once.
   *
   * @param budget memory that the forwards' caches share; given back afterwards
   * @return {@link DraftFit#UNKNOWN} where it does not hold them
   * @throws ModelException if the two have not the same tokens
   */
  public DraftFit fitTo(CausalLm target, CacheBudget budget) {
    synchronized (fits) {
      DraftFit fit = fits.get(target);
      if (fit == null) {
        requireTokensOf(target);
        if (!PairProbe.isHeldBy(budget, target, this)) {
          return DraftFit.UNKNOWN;
        }
        fit = PairProbe.of(target, this, budget);
        fits.put(target, fit);
      }
      return fit;
    }
  }

  /** Ids mean the same to both: else p scores other texts than q drafts, or ids that it has not. */
  private void requireTokensOf(CausalLm target) {
    Path ours = checkpoint.folder();
    Path theirs = target.checkpoint.folder();
    // A draft needs no tokenizer of its own: where it has none, all that is known is the number.
    if (Files.exists(ours.resolve(TOKENIZER)) && Files.exists(theirs.resolve(TOKENIZER))) {
      TokenizerDifference.requireNone(theirs, ours);
    }
    int vocabulary = checkpoint.vocabularySize();
    if (vocabulary != target.checkpoint.vocabularySize()) {
      throw new ModelException(
          "Cannot draft with %s: it has %d token ids, and the target %s has %d. Use a draft with the target's tokenizer."
              .formatted(ours, vocabulary, theirs, target.checkpoint.vocabularySize()));
    }
  }

  Script script() {
    return script;
  }

  /**
   * Opens a session with a cache of its own, for one thread. The caller closes it, before this
   * model.
   */
  public ModelSession newSession() {
    return newSession(new CacheBudget(Long.MAX_VALUE));
  }

  /** As {@link #newSession()}, with a cache that grows within a budget. */
  public ModelSession newSession(CacheBudget budget) {
    return new ModelSession(this, budget);
  }

  /**
   * The same with a cache that has room for so much from the beginning.
   *
   * @throws CacheMemoryException if the budget does not hold it
   */
  public ModelSession newSession(CacheBudget budget, int sequences, int positions) {
    return new ModelSession(this, budget, sequences, positions);
  }

  /** Memory that a cache of {@code slots} sequences of {@code positions} tokens takes, in bytes. */
  public long cacheBytes(long slots, long positions) {
    return checkpoint.cacheBytes(precision, slots, positions);
  }

  @Override
  public void close() {
    script.close();
  }
}
