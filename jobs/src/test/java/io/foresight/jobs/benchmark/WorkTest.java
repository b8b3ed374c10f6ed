package io.foresight.jobs.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.engine.Spent;
import io.foresight.model.cost.ForwardSizes;
import io.foresight.model.cost.ForwardStats;
import org.junit.jupiter.api.Test;

class WorkTest {

  private static Work.Shares shares(int batch, long reward, long tokenizer, long waiting) {
    long second = 1_000_000_000;
    ForwardStats target =
        new ForwardStats(0, 0, 0, 0, 0, 0, 5 * second, 1, second, ForwardSizes.NONE);
    ForwardStats draft = new ForwardStats(0, 0, 0, 0, 0, 0, second, 0, 0, ForwardSizes.NONE);
    Spent spent =
        new Spent(target, draft, reward * second, 0, tokenizer * second, waiting * second);
    return new Work(batch, 1, 1, 10, spent).shares();
  }

  private static double sum(Work.Shares shares) {
    return shares.target() + shares.draft() + shares.canonical() + shares.reward() + shares.loop();
  }

  @Test
  void timeIsSplitWithoutRest() {
    Work.Shares shares = shares(16, 1, 1, 2);
    assertThat(shares.target()).isEqualTo(0.5);
    assertThat(shares.draft()).isEqualTo(0.1);
    assertThat(shares.canonical()).isEqualTo(0.1);
    assertThat(shares.reward()).isEqualTo(0.1);
    assertThat(shares.waiting()).isEqualTo(0, within(1e-9));
    assertThat(shares.batching()).isEqualTo(0.1, within(1e-9));
    assertThat(sum(shares)).isEqualTo(1, within(1e-9));
  }

  @Test
  void whatRowsDoBesideEachOtherCountsAsFarAsItWasWaitedFor() {
    Work.Shares shares = shares(16, 6, 2, 2);
    assertThat(shares.reward()).isEqualTo(0.15, within(1e-9));
    assertThat(shares.tokenizer()).isEqualTo(0.05, within(1e-9));
    assertThat(shares.waiting()).isNotNegative();
    assertThat(sum(shares)).isEqualTo(1, within(1e-9));
  }

  @Test
  void aSingleRowIsNeitherBatchedNorWaitedForByAnother() {
    Work.Shares shares = shares(1, 1, 1, 0);
    assertThat(shares.batching()).isZero();
    assertThat(shares.waiting()).isEqualTo(0.1, within(1e-9));
    assertThat(sum(shares)).isEqualTo(1, within(1e-9));
  }

  @Test
  void forwardsOfRewardsAreTheRewards() {
    long second = 1_000_000_000;
    ForwardStats none = ForwardStats.ZERO;
    for (int batch : new int[] {1, 16}) {
      Spent spent = new Spent(none, none, second, 4 * second, 0, 2 * second);
      Work.Shares shares = new Work(batch, 1, 1, 10, spent).shares();
      assertThat(shares.reward()).isEqualTo(0.5, within(1e-9));
      assertThat(sum(shares)).isEqualTo(1, within(1e-9));
    }
  }
}
