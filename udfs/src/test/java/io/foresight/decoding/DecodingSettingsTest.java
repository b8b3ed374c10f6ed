package io.foresight.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.search.Case;
import io.foresight.decoding.strategy.Strategies;
import org.junit.jupiter.api.Test;

/** Settings and the strategies that they name. */
class DecodingSettingsTest {

  @Test
  void everyNameMakesItsStrategy() {
    for (String name : Strategies.NAMES) {
      DecodingSettings settings = DecodingSettings.builder().strategy(name).build();
      assertThat(Strategies.of(settings).name()).isEqualTo(name);
    }
  }

  @Test
  void unknownStrategyIsRefused() {
    DecodingSettings settings = DecodingSettings.builder().strategy("beam").build();
    assertThatThrownBy(() -> Strategies.of(settings))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Cannot make strategy beam");
  }

  @Test
  void buildersKeepEverySetting() {
    for (long seed = 0; seed < 200; seed++) {
      DecodingSettings settings = Case.of(seed).s();
      assertThat(settings.toBuilder().build()).isEqualTo(settings);
    }
  }

  @Test
  void rangesAreChecked() {
    assertThatThrownBy(() -> DecodingSettings.builder().rewardWeight(-1).build())
        .hasMessage("Cannot set rewardWeight to -1.0: it must be finite and at least 0");
    assertThatThrownBy(() -> DecodingSettings.builder().lookahead(-1).build())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> DecodingSettings.builder().topP(0).build())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> DecodingSettings.builder().draftLength(0).build())
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void countersAddUpOneByOne() {
    Counters ones = new Counters(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    Counters steps = new Counters(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17);
    assertThat(steps.plus(ones))
        .isEqualTo(new Counters(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18));
    assertThat(Counters.ZERO.plus(steps)).isEqualTo(steps);
    assertThat(steps.committed()).isEqualTo(7 + 8 + 9 + 10);
  }
}
