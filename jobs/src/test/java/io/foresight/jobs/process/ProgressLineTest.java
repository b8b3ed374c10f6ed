package io.foresight.jobs.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.spark.Progress;
import org.junit.jupiter.api.Test;

class ProgressLineTest {

  @Test
  void showsWhatIsKnown() {
    assertThat(ProgressLine.text(new Progress.Snapshot(0, 0, 0, 0, 0), 0, 100, 1))
        .isEqualTo("0 of 100 rows written, 0 in flight");
    assertThat(ProgressLine.text(new Progress.Snapshot(25, 5, 500, 100, 61), 20, 100, 10))
        .isEqualTo(
            "20 of 100 rows written, 5 in flight, 50 tokens/s, acceptance rate 61 %, 0:30 left");
    // Rows that an earlier start has written say nothing of this one's speed.
    assertThat(ProgressLine.text(new Progress.Snapshot(10, 10, 100, 0, 0), 9000, 45010, 10))
        .isEqualTo("9000 of 45010 rows written, 10 in flight, 10 tokens/s, 10:00:00 left");
  }
}
