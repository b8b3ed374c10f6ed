package io.foresight.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.ToDoubleFunction;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BootstrapTest {

  private static final ToDoubleFunction<double[]> SHARE = sums -> sums[1] / sums[0];
  private static final ToDoubleFunction<double[]> PERPLEXITY = sums -> Math.exp(-sums[3] / sums[2]);

  private static Bootstrap of(int rows) {
    Bootstrap bootstrap = new Bootstrap(4);
    for (int i = 0; i < rows; i++) {
      bootstrap.add(i, 1, i % 2 == 0 ? 1 : 0, 10, -10 - i % 3);
    }
    return bootstrap;
  }

  @Test
  void holdsTheMeanAndNarrowsWithTheRoot() {
    Bootstrap.Interval coverage = of(400).interval(SHARE);
    // 1.96 standard errors of a half.
    assertThat(coverage.low()).isEqualTo(0.5 - 0.049, within(0.01));
    assertThat(coverage.high()).isEqualTo(0.5 + 0.049, within(0.01));
    Bootstrap.Interval perplexity = of(399).interval(PERPLEXITY);
    assertThat(perplexity.low()).isLessThan(Math.exp(1.1));
    assertThat(perplexity.high()).isGreaterThan(Math.exp(1.1));
  }

  @Property(tries = 30)
  void holdsTheMeanOfAnyRows(
      @ForAll @Size(min = 20, max = 60) double @DoubleRange(min = 0, max = 1) [] values) {
    Bootstrap bootstrap = new Bootstrap(2);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      bootstrap.add(i, 1, values[i]);
      sum += values[i];
    }
    Bootstrap.Interval interval = bootstrap.interval(SHARE);
    double mean = sum / values.length;
    assertThat(interval.low()).isLessThanOrEqualTo(mean + 1e-12);
    assertThat(interval.high()).isGreaterThanOrEqualTo(mean - 1e-12);
  }

  @Test
  void aRowThatNothingJudgedIsInNoShare() {
    Bootstrap bootstrap = new Bootstrap(4);
    for (int i = 0; i < 400; i++) {
      int judged = i % 4 == 0 ? 0 : 1;
      bootstrap.add(i, judged, judged, 10, -10);
    }
    assertThat(bootstrap.interval(SHARE)).isEqualTo(new Bootstrap.Interval(1, 1));
    Bootstrap none = new Bootstrap(4);
    none.add(0, 0, 0, 10, -10);
    assertThat(none.interval(SHARE).low()).isNaN();
    assertThat(none.interval(PERPLEXITY).low()).isEqualTo(Math.exp(1));
  }

  @Test
  void isTheSameEachTimeAndInAnyOrder() {
    assertThat(of(30).interval(SHARE)).isEqualTo(of(30).interval(SHARE));
    assertThat(of(0).interval(PERPLEXITY).low()).isNaN();
    // A replicate without rows is left out.
    assertThat(of(1).interval(SHARE)).isEqualTo(new Bootstrap.Interval(1, 1));
    Bootstrap backwards = new Bootstrap(4);
    for (int i = 29; i >= 0; i--) {
      backwards.add(i, 1, i % 2 == 0 ? 1 : 0, 10, -10 - i % 3);
    }
    assertThat(backwards.interval(SHARE)).isEqualTo(of(30).interval(SHARE));
  }

  @Test
  void rowsOfOneKeyAreTakenAlikeSoThatADifferenceIsSurer() {
    Bootstrap first = of(400);
    Bootstrap second = new Bootstrap(4);
    for (int i = 0; i < 400; i++) {
      second.add(i, 1, i % 2 == 0 || i % 40 == 1 ? 1 : 0, 10, -10);
    }
    Bootstrap.Interval difference = Bootstrap.ofDifference(first, second, SHARE);
    assertThat(difference.low()).isPositive();
    assertThat(difference.high()).isLessThan(0.05);
    assertThat(second.interval(SHARE).low()).isLessThan(first.interval(SHARE).high());
  }
}
