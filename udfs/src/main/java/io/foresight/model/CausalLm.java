package io.foresight.model;

import ai.djl.Device;
import ai.djl.pytorch.jni.IValue;
import java.nio.file.Path;

/**
 * A causal language model's weights on a device. Thread-safe: each thread opens a {@link
 * ModelSession} of its own, and all share the weights.
 */
public final class CausalLm implements AutoCloseable {

  private final Checkpoint checkpoint;
  private final Script script;
  private final boolean canonicalScores;

  private CausalLm(Checkpoint checkpoint, Script script, boolean canonicalScores) {
    this.checkpoint = checkpoint;
    this.script = script;
    this.canonicalScores = canonicalScores;
  }

  /**
   * Loads a model folder. The weights are mapped into memory and cast once.
   *
   * @throws ModelException if it cannot be loaded
   */
  public static CausalLm load(Path folder, Device device, Precision precision) {
    Checkpoint checkpoint = Checkpoint.inspect(folder);
    Script script = new Script(device);
    try {
      String where = device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
      String file = checkpoint.weights().toAbsolutePath().toString();
      for (Checkpoint.Tensor tensor : checkpoint.tensors()) {
        script
            .call(
                "load",
                IValue.from(file),
                IValue.from(tensor.name()),
                IValue.from((long) tensor.stored().dtype),
                IValue.from(tensor.offset() / tensor.stored().bytes),
                IValue.listFrom(tensor.shape()),
                IValue.from((long) precision.dtype()),
                IValue.from(where))
            .close();
      }
      LlamaConfig config = checkpoint.config();
      script
          .call(
              "assemble",
              IValue.from((long) config.layers()),
              IValue.from((long) config.heads()),
              IValue.from((long) config.keyValueHeads()),
              IValue.from((long) config.headDim()),
              IValue.from(config.normEpsilon()),
              IValue.from((long) config.context()),
              IValue.from(config.ropeKind()),
              IValue.listFrom(
                  config.ropeSettings().stream().mapToDouble(Double::doubleValue).toArray()))
          .close();
      // In bf16 close scores are equal scores, too many to compute anew; on a GPU a forward alone
      // costs as much as one of many rows.
      boolean canonical = precision == Precision.FP32 && !device.isGpu();
      return new CausalLm(checkpoint, script, canonical);
    } catch (RuntimeException e) {
      script.close();
      throw new ModelException("Cannot load model " + folder + ": " + e.getMessage(), e);
    }
  }

  /** What was loaded. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** Whether a choice by a hair is taken from a forward of that row alone. */
  boolean hasCanonicalScores() {
    return canonicalScores;
  }

  Script script() {
    return script;
  }

  /**
   * Opens a session with a cache of its own, for one thread. The caller closes it, before this
   * model.
   */
  public ModelSession newSession() {
    return new ModelSession(this);
  }

  @Override
  public void close() {
    script.close();
  }
}
