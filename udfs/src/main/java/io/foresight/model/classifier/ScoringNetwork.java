package io.foresight.model.classifier;

import ai.djl.Device;
import io.foresight.model.CacheBudget;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.Precision;
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
  public long cacheBytes(int tokens) {
    return model.cacheBytes(1, ModelSession.roundedPositions(tokens));
  }

  @Override
  public float[][] logits(List<int[]> texts, CacheBudget budget) {
    List<int[]> ends = texts.stream().map(this::toTheEnd).toList();
    float[][] logits = new float[ends.size()][];
    int done = 0;
    while (done < logits.length) {
      List<int[]> rest = ends.subList(done, ends.size());
      int longest = rest.stream().mapToInt(ids -> ids.length).max().orElseThrow();
      long rooms = Math.max(1, budget.rooms(cacheBytes(longest)));
      int together = (int) Math.min(rest.size(), rooms);
      // A cache of its own, since others may call at the same time, of the size that it needs.
      try (ModelSession session = model.newSession(budget, together, longest)) {
        float[][] some = session.logits(rest.subList(0, together));
        System.arraycopy(some, 0, logits, done, together);
      }
      done += together;
    }
    return logits;
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
