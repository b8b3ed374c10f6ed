package io.foresight.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.reward.TextScorer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DiversityTest {

  @Test
  void countsPairsAndConceptsInAnyForm() {
    RowRewards reward =
        Rewards.open(RewardSpec.keywordCoverage(), TextScorer.Source.ELSEWHERE)
            .forRow(Map.of("concepts", List.of("run", "dog"), "forms", List.of()));
    Diversity diversity = new Diversity();
    diversity.add(reward, "A dog runs. The dog ran, a dog!");
    assertThat(diversity.overuse()).isEqualTo(1);
    diversity.add(reward, "The dog runs to a dog");
    assertThat(diversity.overuse()).isEqualTo(0.5);
    diversity.add(
        Rewards.open(RewardSpec.keywordCoverage(), TextScorer.Source.ELSEWHERE).forRow(Map.of()),
        "");
    // Only of rows with concepts.
    assertThat(diversity.overuse()).isEqualTo(0.5);
    // Of 7 + 5 pairs "a dog" (three times), "dog runs" and "the dog" (twice each) repeat.
    assertThat(diversity.distinct2()).isEqualTo(8 / 12.0);
  }

  @Test
  void noTextHasNoPair() {
    assertThat(new Diversity().distinct2()).isNaN();
    assertThat(new Diversity().overuse()).isNaN();
  }
}
