package io.foresight.jobs.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class BootstrapTest {

  private static Bootstrap of(int rows) {
    Bootstrap bootstrap = new Bootstrap();
    for (int i = 0; i < rows; i++) {
      bootstrap.add(i % 2 == 0, 10, -10 - i % 3);
    }
    return bootstrap;
  }

  @Test
  void holdsTheMeanAndNarrowsWithTheRoot() {
    Bootstrap.Interval coverage = of(400).satisfied();
    // 1.96 standard errors of a half.
    assertThat(coverage.low()).isEqualTo(0.5 - 0.049, within(0.01));
    assertThat(coverage.high()).isEqualTo(0.5 + 0.049, within(0.01));
    Bootstrap.Interval perplexity = of(399).perplexity();
    assertThat(perplexity.low()).isLessThan(Math.exp(1.1));
    assertThat(perplexity.high()).isGreaterThan(Math.exp(1.1));
  }

  @Test
  void aRowThatNothingJudgedIsInNoShare() {
    Bootstrap bootstrap = new Bootstrap();
    for (int i = 0; i < 400; i++) {
      bootstrap.add(i % 4 == 0 ? null : (Boolean) true, 10, -10);
    }
    assertThat(bootstrap.satisfied()).isEqualTo(new Bootstrap.Interval(1, 1));
    Bootstrap none = new Bootstrap();
    none.add(null, 10, -10);
    assertThat(none.satisfied().low()).isNaN();
    assertThat(none.perplexity().low()).isEqualTo(Math.exp(1));
  }

  @Test
  void isTheSameEachTime() {
    assertThat(of(30).satisfied()).isEqualTo(of(30).satisfied());
    assertThat(of(0).perplexity().low()).isNaN();
    // A replicate without rows is left out.
    assertThat(of(1).satisfied()).isEqualTo(new Bootstrap.Interval(1, 1));
  }
}
