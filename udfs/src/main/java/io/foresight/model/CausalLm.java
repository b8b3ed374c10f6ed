package io.foresight.model;

import ai.djl.Device;
import ai.djl.pytorch.jni.IValue;
import java.nio.file.Path;
import java.util.List;

/**
 * A causal language model's weights on a device. Thread-safe: each thread opens a {@link
 * ModelSession} of its own, and all share the weights.
 */
public final class CausalLm implements AutoCloseable {

  private final Checkpoint checkpoint;
  private final Script script;
  private final Device device;
  private final Precision precision;

  private CausalLm(Checkpoint checkpoint, Script script, Device device, Precision precision) {
    this.checkpoint = checkpoint;
    this.script = script;
    this.device = device;
    this.precision = precision;
  }

  /**
   * Loads a model folder. The weights are mapped into memory and cast once.
   *
   * @throws ModelException if it cannot be loaded
   */
  public static CausalLm load(Path folder, Device device, Precision precision) {
    Checkpoint checkpoint = Checkpoint.inspect(folder);
    if (precision == Precision.INT8 && device.isGpu()) {
      throw new ModelException(
          "Cannot load model "
              + folder
              + " in int8 on a GPU: PyTorch has it on the CPU only. Use bf16.");
    }
    Script script = new Script(device);
    try {
      String where = device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
      for (List<Safetensors.Tensor> tensors : checkpoint.tensorsByFile().values()) {
        for (Safetensors.Tensor tensor : tensors) {
          script
              .call(
                  "load",
                  IValue.from(tensor.file().toAbsolutePath().toString()),
                  IValue.from(tensor.name()),
                  IValue.from((long) tensor.stored().dtype),
                  IValue.from(tensor.first()),
                  IValue.listFrom(tensor.shape()),
                  IValue.from((long) precision.dtype()),
                  IValue.from(where))
              .close();
        }
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
                  config.ropeSettings().stream().mapToDouble(Double::doubleValue).toArray()),
              IValue.from((long) layout(device, precision)))
          .close();
      return new CausalLm(checkpoint, script, device, precision);
    } catch (RuntimeException e) {
      script.close();
      throw new ModelException("Cannot load model " + folder + ": " + e.getMessage(), e);
    }
  }

  /** How {@code causal_lm.py} lays matrices out. */
  private static int layout(Device device, Precision precision) {
    if (precision == Precision.INT8) {
      return 2;
    }
    return device.isGpu() ? 0 : 1;
  }

  /** What was loaded. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** Whether it computes on a GPU. */
  boolean isOnGpu() {
    return device.isGpu();
  }

  /**
   * Whether a choice by a hair is taken from a forward of that row alone. In bf16 close scores are
   * equal scores, too many to compute anew, and int8 quantizes a forward's activations together; on
   * a GPU a forward alone costs as much as one of many rows.
   */
  boolean hasCanonicalScores() {
    return precision == Precision.FP32 && !device.isGpu();
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

  /** Memory that a cache of {@code slots} sequences of {@code positions} tokens takes, in bytes. */
  public long cacheBytes(long slots, long positions) {
    LlamaConfig config = checkpoint.config();
    return slots
        * positions
        * config.layers()
        * 2
        * config.keyValueHeads()
        * config.headDim()
        * precision.cacheBytes();
  }

  @Override
  public void close() {
    script.close();
  }
}
