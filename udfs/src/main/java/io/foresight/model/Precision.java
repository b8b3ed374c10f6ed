package io.foresight.model;

/**
 * The dtype that a model's weights, activations and cache have in memory; logits are always fp32.
 */
public enum Precision {
  /** 32-bit floats, whatever the checkpoint stores. */
  FP32(6),
  /**
   * bfloat16. Moves logits by up to 0.04, so near-ties may be decided differently at different
   * batch sizes.
   */
  BF16(15);

  private final int dtype;

  Precision(int dtype) {
    this.dtype = dtype;
  }

  /** PyTorch's number of the dtype. */
  int dtype() {
    return dtype;
  }
}
