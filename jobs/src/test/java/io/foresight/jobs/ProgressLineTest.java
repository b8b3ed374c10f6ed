package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.spark.Progress;
import org.junit.jupiter.api.Test;

class ProgressLineTest {

  @Test
  void showsRowsSpeedAcceptanceAndTimeLeft() {
    assertThat(ProgressLine.text(new Progress.Snapshot(25, 250, 200, 122), 100, 5))
        .isEqualTo("25 of 100 rows, 50 tokens/s, acceptance rate 61 %, 0:15 left");
    assertThat(ProgressLine.text(new Progress.Snapshot(1, 10, 0, 0), 10_000, 1))
        .isEqualTo("1 of 10000 rows, 10 tokens/s, 2:46:39 left");
    assertThat(ProgressLine.text(new Progress.Snapshot(0, 0, 0, 0), 100, 1))
        .isEqualTo("0 of 100 rows, 0 tokens/s");
  }
}
