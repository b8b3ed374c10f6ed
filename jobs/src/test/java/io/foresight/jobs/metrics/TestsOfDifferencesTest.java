package io.foresight.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.jobs.metrics.ApproximateRandomization.Pair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Approximate randomisation and Holm's correction. */
class TestsOfDifferencesTest {

  private static double mean(double[] sums) {
    return sums[1] / sums[0];
  }

  private static List<Pair> pairs(int rows, double first, double second, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      pairs.add(
          new Pair(
              new double[] {1, random.nextDouble() < first ? 1 : 0},
              new double[] {1, random.nextDouble() < second ? 1 : 0}));
    }
    return pairs;
  }

  @Test
  void whatIsTheSameIsNoDifference() {
    List<Pair> same =
        pairs(50, 0.5, 0.5, 1).stream().map(p -> new Pair(p.first(), p.first())).toList();
    assertThat(ApproximateRandomization.test(same, TestsOfDifferencesTest::mean, 1)).isEqualTo(1);
    assertThat(ApproximateRandomization.test(List.of(), TestsOfDifferencesTest::mean, 1))
        .isEqualTo(1);
  }

  @Test
  void aPlantedDifferenceIsFoundAndSignDoesNotMatter() {
    List<Pair> planted = pairs(200, 0.5, 0.75, 3);
    double p = ApproximateRandomization.test(planted, TestsOfDifferencesTest::mean, 1);
    assertThat(p).isLessThan(0.001);
    List<Pair> reversed =
        planted.stream()
            .map(one -> new Pair(/* first= */ one.second(), /* second= */ one.first()))
            .toList();
    assertThat(ApproximateRandomization.test(reversed, TestsOfDifferencesTest::mean, 1))
        .isLessThan(0.001);
  }

  /** Rows of which 8 differ, all one way: 2 of 2^8 swaps are as extreme. */
  @Test
  void isTheExactPOfFewDifferingRows() {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      pairs.add(new Pair(new double[] {1, 0}, new double[] {1, i < 8 ? 1 : 0}));
    }
    assertThat(ApproximateRandomization.test(pairs, TestsOfDifferencesTest::mean, 7))
        .isEqualTo(2 / 256.0, within(0.002));
  }

  @Test
  void ofEqualSystemsFewTestsAreSignificant() {
    int significant = 0;
    for (int i = 0; i < 40; i++) {
      significant +=
          ApproximateRandomization.test(
                      pairs(60, 0.5, 0.5, 100 + i), TestsOfDifferencesTest::mean, i)
                  < 0.05
              ? 1
              : 0;
    }
    assertThat(significant).isLessThan(7);
  }

  @Test
  void holmMultipliesByHowManyAreLeft() {
    assertThat(Holm.adjusted(new double[] {0.01, 0.04, 0.03, 0.005}))
        .containsExactly(new double[] {0.03, 0.06, 0.06, 0.02}, within(1e-12));
    assertThat(Holm.adjusted(new double[] {0.6, 0.7})).containsExactly(1, 1);
    assertThat(Holm.adjusted(new double[0])).isEmpty();
  }

  @Property(tries = 200)
  void holmIsMonotoneAndNeverBelowP(
      @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = 0, max = 1) Double> tests) {
    double[] p = tests.stream().mapToDouble(Double::doubleValue).toArray();
    double[] adjusted = Holm.adjusted(p);
    for (int i = 0; i < p.length; i++) {
      assertThat(adjusted[i]).isBetween(p[i], 1.0);
      for (int j = 0; j < p.length; j++) {
        if (p[i] <= p[j]) {
          assertThat(adjusted[i]).isLessThanOrEqualTo(adjusted[j]);
        }
      }
    }
    double least = Arrays.stream(p).min().orElseThrow();
    assertThat(Arrays.stream(adjusted).min().orElseThrow())
        .isEqualTo(Math.min(1, least * p.length), within(1e-12));
  }
}
