package io.foresight.model;

import java.util.List;
import java.util.Set;

/**
 * What {@code causal_lm.py} needs to know of a checkpoint, whatever its family. Immutable.
 *
 * @param family its {@code model_type}
 * @param vocabulary number of token ids
 * @param outputs rows of the head: the vocabulary's, or labels
 * @param context most positions
 * @param tied whether the LM head is the embedding
 * @param rope {@code null} if positions are not rotated
 * @param logitSoftcap bound of the logits; 0 if there is none
 * @param eos ids that end a sequence; may be empty
 * @param names where the tensors are
 */
record ModelConfig(
    String family,
    int vocabulary,
    int outputs,
    int hidden,
    int layers,
    int context,
    boolean tied,
    Embedding embedding,
    Norms norms,
    Attention attention,
    Rope rope,
    Mlp mlp,
    double logitSoftcap,
    Set<Integer> eos,
    TensorNames names) {

  /** The same model with a head that scores labels, as transformers' sequence classifiers have. */
  ModelConfig scoring(int labels) {
    return new ModelConfig(
        family,
        vocabulary,
        labels,
        hidden,
        layers,
        context,
        false,
        embedding,
        norms,
        attention,
        rope,
        mlp,
        0,
        eos,
        names.withHead("/score"));
  }

  /**
   * @param width of an embedding before it is projected
   * @param scale that it is multiplied by
   * @param normed whether a layer norm follows
   * @param positions rows of the learned positions; 0 if positions are not learned
   * @param firstPosition the row of position 0
   */
  record Embedding(int width, double scale, boolean normed, int positions, int firstPosition) {

    static Embedding plain(int width) {
      return new Embedding(width, 1, false, 0, 0);
    }
  }

  /**
   * @param layerNorm layer norms, or else RMS norms
   * @param weighted whether they have weights (and biases, if layer norms)
   * @param after of each residual sum, or else of what attention and MLP read
   * @param branches whether what attention and MLP return is normalised too
   * @param offset added to the weights
   * @param last whether there is one before the LM head
   */
  record Norms(
      boolean layerNorm,
      double epsilon,
      boolean weighted,
      boolean after,
      boolean branches,
      double offset,
      boolean last) {

    static Norms rms(double epsilon) {
      return new Norms(false, epsilon, true, false, false, 0, true);
    }

    static Norms layer(double epsilon) {
      return new Norms(true, epsilon, true, false, false, 0, true);
    }
  }

  /**
   * @param bias whether the projections of queries, keys and values have one
   * @param outputBias whether that of the output has
   * @param headNorms whether queries and keys are normalised
   * @param queryScales what each layer's queries are multiplied by, beside 1 / sqrt(headDim)
   * @param window positions that a layer with a window sees, its own included; 0 if none has one
   * @param windowed layers that have the window
   * @param softcap bound of the scores; 0 if there is none
   * @param alibi whether scores fall with the distance
   */
  record Attention(
      int heads,
      int keyValueHeads,
      int headDim,
      boolean bias,
      boolean outputBias,
      boolean headNorms,
      List<Double> queryScales,
      int window,
      List<Boolean> windowed,
      double softcap,
      boolean alibi) {}

  /**
   * @param activation {@code silu}, {@code relu}, {@code gelu} or {@code gelu_tanh}
   * @param gated whether a gate is activated and multiplied, or else the input itself activated
   * @param parallel whether it reads what attention reads, and not its sum with attention's output
   */
  record Mlp(int width, String activation, boolean gated, boolean bias, boolean parallel) {}
}
