package io.foresight.decoding;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What becomes of some ids' logits at one place: each has its bias added, and is then divided by
 * its penalty if it is above 0 and multiplied by it if not, as transformers' processors do. A bias
 * of -infinity excludes the id.
 *
 * @param ids distinct; those that are not named stay as they are
 * @param biases of each id; a number or -infinity
 * @param penalties of each id; above 0
 */
public record LogitsEdit(int[] ids, float[] biases, float[] penalties) {

  /** All stay as they are. */
  public static final LogitsEdit NONE = new LogitsEdit(new int[0], new float[0], new float[0]);

  /** Checks that there is a bias and a penalty for each id. */
  public LogitsEdit {
    if (ids.length != biases.length || ids.length != penalties.length) {
      throw new IllegalArgumentException(
          "Cannot change the logits of %s: there are %d biases and %d penalties."
              .formatted(Arrays.toString(ids), biases.length, penalties.length));
    }
  }

  /** The same of the ids that a model has. */
  public LogitsEdit within(int vocabulary) {
    int[] kept = IntStream.range(0, ids.length).filter(i -> ids[i] < vocabulary).toArray();
    if (kept.length == ids.length) {
      return this;
    }
    float[] keptBiases = new float[kept.length];
    float[] keptPenalties = new float[kept.length];
    for (int i = 0; i < kept.length; i++) {
      keptBiases[i] = biases[kept[i]];
      keptPenalties[i] = penalties[kept[i]];
    }
    return new LogitsEdit(
        Arrays.stream(kept).map(i -> ids[i]).toArray(), keptBiases, keptPenalties);
  }

  /** Changes logits, [vocabulary], in place. */
  public void apply(float[] logits) {
    for (int i = 0; i < ids.length; i++) {
      float logit = logits[ids[i]] + biases[i];
      logits[ids[i]] = logit > 0 ? logit / penalties[i] : logit * penalties[i];
    }
  }
}
