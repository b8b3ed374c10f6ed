package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a reward comes to if it rises by some of its steps. */
class ReachTest {

  @Test
  void keywordCoverageRisesByAConcept() {
    try (Rewards rewards =
        Rewards.open(RewardSpec.keywordCoverage(), TextScorer.Source.ELSEWHERE)) {
      RowRewards row =
          rewards.forRow(Map.of("concepts", List.of("dog", "cat", "boat", "tree", "hill")));
      double[] now = row.judge(List.of("A dog in a boat."), new boolean[] {true}).get(0).parts();
      assertThat(row.reach(now, 1)).isCloseTo(0.6, within(1e-9));
      assertThat(row.reach(now, 2)).isCloseTo(0.8, within(1e-9));
      assertThat(row.reach(now, 9)).isEqualTo(1);
      assertThat(row.reach(new double[] {0}, 4)).isLessThan(row.upperBound());
    }
  }

  @Test
  void aRewardThatDoesNotSayMayRiseByAllThereIs() {
    try (Rewards rewards =
        Rewards.open(
            RewardSpec.of("length", Map.of("type", "length", "at-most", 3)),
            TextScorer.Source.ELSEWHERE)) {
      RowRewards row = rewards.forRow(Map.of());
      assertThat(row.reach(new double[] {0}, 1)).isEqualTo(row.upperBound());
    }
  }
}
