package io.foresight.model.checkpoint;

import java.util.List;
import java.util.Set;

/**
 * What {@code causal_lm.py} needs to know of a checkpoint, whatever its family. Immutable.
 *
 * @param family its {@code model_type}
 * @param vocabulary number of token ids
 * @param context most positions
 * @param rope {@code null} if positions are not rotated
 * @param windowRope that of layers with a window; {@code null} if it is the same
 * @param residualScale what attention and MLP return is multiplied by
 * @param eos ids that end a sequence; may be empty
 * @param names where the tensors are
 */
public record ModelConfig(
    String family,
    int vocabulary,
    int hidden,
    int layers,
    int context,
    Embedding embedding,
    Norms norms,
    Attention attention,
    Rope rope,
    Rope windowRope,
    Mlp mlp,
    double residualScale,
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
            windowRope,
            mlp,
            residualScale,
            new Head(head.rows(), ids, head.tied(), head.bias(), head.scale(), head.softcap()),
            eos,
            names);
  }

  /** The same model with a head of which so many rows are kept, whichever they are. */
  public ModelConfig withOutputs(int outputs) {
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
        windowRope,
        mlp,
        residualScale,
        new Head(head.rows(), outputs, head.tied(), head.bias(), head.scale(), head.softcap()),
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
        windowRope,
        mlp,
        residualScale,
        new Head(labels, labels, false, false, 1, 0),
        eos,
        names.with("head", "/score"));
  }

  /**
   * @param rows of the embedding: at least as many as there are token ids
   * @param width of an embedding before it is projected
   * @param scale that it is multiplied by
   * @param normed whether a layer norm follows
   * @param positions rows of the learned positions; 0 if positions are not learned
   * @param firstPosition the row of position 0
   */
  public record Embedding(
      int rows, int width, double scale, boolean normed, int positions, int firstPosition) {}

  /**
   * @param layerNorm layer norms, or else RMS norms
   * @param weighted whether they have weights
   * @param biased whether they have biases, if they have weights and are layer norms
   * @param placement of those in a layer
   * @param offset added to the weights
   * @param last whether there is one before the LM head
   */
  public record Norms(
      boolean layerNorm,
      double epsilon,
      boolean weighted,
      boolean biased,
      Placement placement,
      double offset,
      boolean last) {}

  /** What of a layer is normalised. */
  public enum Placement {
    /** What attention and MLP read. */
    INPUTS,
    /** What they return. */
    OUTPUTS,
    /** Both. */
    INPUTS_AND_OUTPUTS,
    /** The residual sums. */
    SUMS;

    public boolean hasInputs() {
      return this == INPUTS || this == INPUTS_AND_OUTPUTS;
    }

    boolean hasOutputs() {
      return this == OUTPUTS || this == INPUTS_AND_OUTPUTS;
    }
  }

  /** How queries and keys are normalised. */
  public enum HeadNorms {
    NONE,
    /** Each head, by weights that all share. */
    SHARED,
    /** Each head, by weights of its own. */
    OWN,
    /** All heads of the queries together, and all of the keys. */
    TOGETHER
  }

  /**
   * @param bias whether the projections of queries, keys and values have one
   * @param outputBias whether that of the output has
   * @param queryScales what each layer's queries are multiplied by, beside 1 / sqrt(headDim)
   * @param window positions that a layer with a window sees, its own included; 0 if none has one
   * @param windowed layers that have the window
   * @param softcap bound of the scores; 0 if there is none
   * @param alibi whether scores fall with the distance
   * @param interleaved whether neighbours are rotated together, and not numbers half a head apart
   */
  public record Attention(
      int heads,
      int keyValueHeads,
      int headDim,
      boolean bias,
      boolean outputBias,
      HeadNorms headNorms,
      List<Double> queryScales,
      int window,
      List<Boolean> windowed,
      double softcap,
      boolean alibi,
      boolean interleaved) {}

  /**
   * @param activation {@code silu}, {@code relu}, {@code gelu} or {@code gelu_tanh}
   * @param gated whether a gate is activated and multiplied, or else the input itself activated
   * @param parallel whether it reads what attention reads, and not its sum with attention's output
   * @param experts {@code null} if no layer has any
   */
  public record Mlp(
      int width,
      String activation,
      boolean gated,
      boolean bias,
      boolean parallel,
      Experts experts) {

    /** Whether a layer has experts. */
    public boolean isSparse(int layer) {
      return experts != null && experts.layers().get(layer);
    }
  }

  /**
   * Several MLPs, of which a router chooses some for each position (Shazeer et al., 2017).
   *
   * @param count of a layer
   * @param chosen for a position
   * @param width of each
   * @param rescaled whether the shares of those that are chosen are made to sum to 1
   * @param layers that have them, and no single MLP
   */
  public record Experts(int count, int chosen, int width, boolean rescaled, List<Boolean> layers) {}

  /**
   * @param rows as many as are stored
   * @param outputs the first rows, those that score something: token ids or labels
   * @param tied whether it is the embedding
   * @param bias whether it has one
   * @param scale that the scores are multiplied by
   * @param softcap bound of the scores; 0 if there is none
   */
  public record Head(
      int rows, int outputs, boolean tied, boolean bias, double scale, double softcap) {

    /** Outputs from which logits of a few positions do not stay in a processor's cache. */
    private static final int MANY = 65_536;

    /**
     * Positions that a CPU scores in one pass: few, so that their logits stay in its cache; where
     * they do not either way, more, so that the head's weights are read less often.
     */
    public int positionsTogether() {
      return outputs < MANY ? 24 : 48;
    }
  }
}
