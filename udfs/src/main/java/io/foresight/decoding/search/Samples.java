package io.foresight.decoding.search;

import io.foresight.decoding.Noise;
import io.foresight.decoding.hypothesis.Hypotheses;
import io.foresight.decoding.hypothesis.Hypothesis;
import java.util.Arrays;
import java.util.List;

/** Samples of one row from p, extended together in one forward per token. */
public final class Samples {

  private Samples() {}

  /**
   * Draws a sample for each noise, up to EOS or the row's limit. The caller closes them.
   *
   * @param noises at least one
   */
  public static Hypotheses draw(DecodingRow row, List<Noise> noises) {
    Hypotheses samples = new Hypotheses();
    try {
      Hypothesis first =
          samples.add(
              Hypothesis.open(
                  row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noises.get(0)));
      if (noises.size() > 1) {
        first.fill();
      }
      for (Noise noise : noises.subList(1, noises.size())) {
        samples.add(first.fork(noise));
      }
      int[] counts = new int[noises.size()];
      Arrays.fill(counts, row.remaining());
      Hypothesis.rollOut(row.target(), samples.all(), counts, 0, 0);
      return samples;
    } catch (RuntimeException | Error e) {
      samples.close();
      throw e;
    }
  }
}
