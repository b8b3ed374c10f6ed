package io.foresight.model;

import ai.djl.Device;
import java.util.Arrays;
import java.util.List;

/**
 * A causal language model that scores a text at its last token, as transformers' do: the last that
 * is not padding, be it written out in the text.
 */
final class ScoringNetwork implements SequenceClassifier.Network {

  private final CausalLm model;
  private final int padding;

  private ScoringNetwork(CausalLm model, int padding) {
    this.model = model;
    this.padding = padding;
  }

  /** Loads it; the caller closes it. */
  static ScoringNetwork load(ClassifierCheckpoint.Scorer scorer, Device device) {
    return new ScoringNetwork(
        CausalLm.load(scorer.checkpoint(), device, Precision.FP32), scorer.padding());
  }

  @Override
  public float[][] logits(List<int[]> texts) {
    // A cache of its own, since others may call at the same time.
    try (ModelSession session = model.newSession()) {
      return session.logits(texts.stream().map(this::toTheEnd).toList());
    }
  }

  /**
   * The text to the token that is scored, since none sees what follows it; of nothing but padding,
   * that is the first one.
   */
  private int[] toTheEnd(int[] ids) {
    int length = ids.length;
    while (length > 1 && ids[length - 1] == padding) {
      length--;
    }
    return Arrays.copyOf(ids, length);
  }

  @Override
  public void close() {
    model.close();
  }
}
