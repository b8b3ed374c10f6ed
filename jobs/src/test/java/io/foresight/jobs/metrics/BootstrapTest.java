package io.foresight.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BootstrapTest {

  private static double share(double[] sums) {
    return sums[1] / sums[0];
  }

  private static double perplexity(double[] sums) {
    return Math.exp(-sums[3] / sums[2]);
  }

  private static Bootstrap of(int rows) {
    Bootstrap bootstrap = new Bootstrap(4);
    for (int i = 0; i < rows; i++) {
      bootstrap.add(i, 1, i % 2 == 0 ? 1 : 0, 10, -10 - i % 3);
    }
    return bootstrap;
  }

  @Test
  void holdsTheMeanAndNarrowsWithTheRoot() {
    Bootstrap.Interval coverage = of(400).interval(BootstrapTest::share);
    // 1.96 standard errors of a half.
    assertThat(coverage.low()).isEqualTo(0.5 - 0.049, within(0.01));
    assertThat(coverage.high()).isEqualTo(0.5 + 0.049, within(0.01));
    Bootstrap.Interval perplexity = of(399).interval(BootstrapTest::perplexity);
    assertThat(perplexity.low()).isLessThan(Math.exp(1.1));
    assertThat(perplexity.high()).isGreaterThan(Math.exp(1.1));
  }

  @Property(tries = 30)
  void holdsTheMeanOfAnyRows(
      @ForAll @Size(min = 20, max = 60) List<@DoubleRange(min = 0, max = 1) Double> values) {
    Bootstrap bootstrap = new Bootstrap(2);
    double sum = 0;
    for (int i = 0; i < values.size(); i++) {
      bootstrap.add(i, 1, values.get(i));
      sum += values.get(i);
    }
    Bootstrap.Interval interval = bootstrap.interval(BootstrapTest::share);
    double mean = sum / values.size();
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
    assertThat(bootstrap.interval(BootstrapTest::share)).isEqualTo(new Bootstrap.Interval(1, 1));
    Bootstrap none = new Bootstrap(4);
    none.add(0, 0, 0, 10, -10);
    assertThat(none.interval(BootstrapTest::share).low()).isNaN();
    assertThat(none.interval(BootstrapTest::perplexity).low()).isEqualTo(Math.exp(1));
  }

  @Test
  void isTheSameEachTimeAndInAnyOrder() {
    assertThat(of(30).interval(BootstrapTest::share))
        .isEqualTo(of(30).interval(BootstrapTest::share));
    assertThat(of(0).interval(BootstrapTest::perplexity).low()).isNaN();
    // A replicate without rows is left out.
    assertThat(of(1).interval(BootstrapTest::share)).isEqualTo(new Bootstrap.Interval(1, 1));
    Bootstrap backwards = new Bootstrap(4);
    for (int i = 29; i >= 0; i--) {
      backwards.add(i, 1, i % 2 == 0 ? 1 : 0, 10, -10 - i % 3);
    }
    assertThat(backwards.interval(BootstrapTest::share))
        .isEqualTo(of(30).interval(BootstrapTest::share));
  }

  @Test
  void rowsOfOneKeyAreTakenAlikeSoThatADifferenceIsSurer() {
    Bootstrap first = of(400);
    Bootstrap second = new Bootstrap(4);
    for (int i = 0; i < 400; i++) {
      second.add(i, 1, i % 2 == 0 || i % 40 == 1 ? 1 : 0, 10, -10);
    }
    Bootstrap.Interval difference = Bootstrap.ofDifference(first, second, BootstrapTest::share);
    assertThat(difference.low()).isPositive();
    assertThat(difference.high()).isLessThan(0.05);
    assertThat(second.interval(BootstrapTest::share).low())
        .isLessThan(first.interval(BootstrapTest::share).high());
  }
}
