package io.foresight.model.checkpoint;

/** The numbers that a model computes with; logits are always fp32. */
public enum Precision {
  /** Weights, activations and cache in 32-bit floats, whatever the checkpoint stores. */
  FP32(6),
  /**
   * Weights, activations and cache in bfloat16. Moves logits by up to 0.04, so near-ties may be
   * decided differently at different batch sizes.
   */
  BF16(15),
  /**
   * Weights in 8-bit integers with a scale per output, activations by a scale per position (dynamic
   * quantization), everything else in fp32. On the CPU only.
   */
  INT8(6);

  private final int dtype;

  Precision(int dtype) {
    this.dtype = dtype;
  }

  /** PyTorch's number of the dtype that activations and cache have. */
  public int dtype() {
    return dtype;
  }

  /** Bytes of a cached number. */
  int cacheBytes() {
    return this == BF16 ? 2 : 4;
  }

  /** Bytes of a number of a weight matrix. */
  public int matrixBytes() {
    return this == INT8 ? 1 : cacheBytes();
  }
}
