package io.foresight.model;

import java.util.List;
import java.util.Set;

/**
 * What {@code causal_lm.py} needs to know of a checkpoint, whatever its family. Immutable.
 *
 * @param family its {@code model_type}
 * @param vocabulary number of token ids
 * @param context most positions
 * @param rope {@code null} if positions are not rotated
 * @param eos ids that end a sequence; may be empty
 * @param names where the tensors are
 */
record ModelConfig(
    String family,
    int vocabulary,
    int hidden,
    int layers,
    int context,
    Embedding embedding,
    Norms norms,
    Attention attention,
    Rope rope,
    Mlp mlp,
    Head head,
    Set<Integer> eos,
    TensorNames names) {

  /**
   * The same model with a tokenizer that gives the ids below {@code ids}. What the embedding and
   * the head have beyond them is padding, which no text has and no strategy may choose.
   */
  ModelConfig withTokens(int ids) {
    return ids >= vocabulary
        ? this
        : new ModelConfig(
            family,
            ids,
            hidden,
            layers,
            context,
            embedding,
            norms,
            attention,
            rope,
            mlp,
            new Head(head.rows(), ids, head.tied(), head.softcap()),
            eos,
            names);
  }

  /** The same model with a head that scores labels, as transformers' sequence classifiers have. */
  ModelConfig scoring(int labels) {
    return new ModelConfig(
        family,
        vocabulary,
        hidden,
        layers,
        context,
        embedding,
        norms,
        attention,
        rope,
        mlp,
        new Head(labels, labels, false, 0),
        eos,
        names.withHead("/score"));
  }

  /**
   * @param rows of the embedding: at least as many as there are token ids
   * @param width of an embedding before it is projected
   * @param scale that it is multiplied by
   * @param normed whether a layer norm follows
   * @param positions rows of the learned positions; 0 if positions are not learned
   * @param firstPosition the row of position 0
   */
  record Embedding(
      int rows, int width, double scale, boolean normed, int positions, int firstPosition) {}

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
      boolean last) {}

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

  /**
   * @param rows as many as are stored
   * @param outputs the first rows, those that score something: token ids or labels
   * @param tied whether it is the embedding
   * @param softcap bound of the scores; 0 if there is none
   */
  record Head(int rows, int outputs, boolean tied, double softcap) {}
}
