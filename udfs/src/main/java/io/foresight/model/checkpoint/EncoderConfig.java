package io.foresight.model.checkpoint;

/**
 * What {@code sequence_classifier.py} needs to know of an encoder, whatever its family. Immutable.
 *
 * @param vocabulary number of token ids
 * @param width of the MLPs
 * @param activation of the MLPs: {@code gelu}, {@code gelu_tanh}, {@code relu}, {@code silu} or
 *     {@code tanh}
 * @param pooling the activation between the first token's state and the labels
 * @param scoreParts terms that the scale of the attention's scores counts
 * @param distances {@code null} if attention does not look at them
 * @param convolution {@code null} if there is none
 * @param names where the tensors are
 */
public record EncoderConfig(
    int vocabulary,
    int hidden,
    int layers,
    int heads,
    int width,
    double epsilon,
    String activation,
    String pooling,
    Embedding embedding,
    int scoreParts,
    Distances distances,
    Convolution convolution,
    TensorNames names) {

  /**
   * @param width of an embedding before it is projected
   * @param context most tokens of a text
   * @param learned whether positions are learned
   * @param firstPosition the row of a text's first token
   * @param padding the id that does not count as a position; -1 if all do
   * @param types rows of the embedding of token types, of which the first is used; 0 if there is
   *     none
   */
  public record Embedding(
      int width, int context, boolean learned, int firstPosition, int padding, int types) {

    /** Rows of the embedding of positions. */
    public int positions() {
      return context + firstPosition;
    }

    /** Lays the rows of the positions of {@code ids} out from {@code at} on. */
    public void positions(int[] ids, long[] rows, int at) {
      int next = firstPosition;
      for (int i = 0; i < ids.length; i++) {
        rows[at + i] = ids[i] == padding ? padding : next++;
      }
    }
  }

  /**
   * Disentangled attention.
   *
   * @param fromContent whether what a query holds looks at distances
   * @param toContent whether distances look at what a key holds
   * @param reach distances -reach to reach - 1 are told apart
   * @param buckets that the distances share; 0 if each has its own
   * @param farthest the distance of the last bucket
   * @param shared whether distances are projected as contents are
   * @param normed whether they are normalised
   */
  public record Distances(
      boolean fromContent,
      boolean toContent,
      int reach,
      int buckets,
      int farthest,
      boolean shared,
      boolean normed) {}

  /**
   * A convolution beside the first layer.
   *
   * @param kernel tokens that it sees at once; odd
   */
  public record Convolution(int kernel, int groups, String activation) {}
}
