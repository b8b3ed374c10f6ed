package io.foresight.jobs.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.model.cost.ForwardSizes;
import org.junit.jupiter.api.Test;

class SizeCostTest {

  private static final double[] LINES = {1, 1.5, 2, 3};
  private static final double[] ROWS = {1, 2, 3, 5};

  private static double seconds(int bucket, long forwards, long sequences, long positions) {
    ForwardSizes sizes = new ForwardSizes(new long[5], new long[5], new long[5]);
    sizes.forwards()[bucket] = forwards;
    sizes.sequences()[bucket] = sequences;
    sizes.positions()[bucket] = positions;
    return new SizeCost(LINES, ROWS).seconds(sizes);
  }

  @Test
  void isWhatWasMeasuredAtPowersOfTwo() {
    assertThat(seconds(0, 7, 7, 7)).isEqualTo(7, within(1e-9));
    assertThat(seconds(1, 1, 1, 2)).isEqualTo(1.5, within(1e-9));
    assertThat(seconds(3, 2, 2, 16)).isEqualTo(6, within(1e-9));
    assertThat(seconds(3, 2, 16, 16)).isEqualTo(10, within(1e-9));
  }

  @Test
  void isLinearInBetweenAndBeyond() {
    // Forwards of 5 and 7 positions, each of one sequence.
    assertThat(seconds(3, 2, 2, 12)).isEqualTo(2.25 + 2.75, within(1e-9));
    // 16 positions: the last slope, 1 in 4, goes on.
    assertThat(seconds(4, 1, 1, 16)).isEqualTo(5, within(1e-9));
    // 5 positions of 3 sequences lie half-way between one sequence and five.
    assertThat(seconds(3, 1, 3, 5)).isEqualTo((2.25 + 3.5) / 2, within(1e-9));
  }
}
