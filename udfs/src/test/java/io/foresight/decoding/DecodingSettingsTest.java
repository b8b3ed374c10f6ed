package io.foresight.decoding;

import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.TOP_P;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.settings.Settings;
import org.junit.jupiter.api.Test;

/** Settings and the strategies that they name. */
class DecodingSettingsTest {

  @Test
  void everyNameMakesItsStrategy() {
    for (String name : Strategies.names()) {
      Settings settings = Settings.defaults().with(STRATEGY, name);
      assertThat(Strategies.of(settings).name()).isEqualTo(name);
    }
  }

  @Test
  void unknownStrategyIsRefused() {
    assertThatThrownBy(() -> Settings.defaults().with(STRATEGY, "beam"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Cannot set decoding.strategy to beam");
  }

  @Test
  void rangesAreChecked() {
    assertThatThrownBy(() -> Settings.defaults().with(REWARD_WEIGHT, -1))
        .hasMessage("Cannot set reward.weight to -1.0: it must be finite and at least 0.");
    assertThatThrownBy(() -> Settings.defaults().with(LOOKAHEAD, -1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Settings.defaults().with(TOP_P, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Settings.defaults().with(DRAFT_LENGTH, 0))
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
