package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.CdlhSpeculative.WINDOW;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Strategies;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.settings.Settings;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What depends on the device, unless it is set. */
class GenerationSettingsTest {

  private static final GenerationSettings DEFAULTS = GenerationSettings.of("p", "q");

  @Test
  void theWindowFollowsTheDeviceUnlessItIsSet() {
    GenerationSettings cdlh = DEFAULTS.with(DEFAULTS.settings().with(STRATEGY, "cdlh-speculative"));
    assertThat(cdlh.decoding(false).get(WINDOW)).isEqualTo(4);
    assertThat(cdlh.decoding(true).get(WINDOW)).isEqualTo(16);
    GenerationSettings cdsl = DEFAULTS.with(DEFAULTS.settings().with(STRATEGY, "cdsl"));
    assertThat(cdsl.decoding(false).get(WINDOW)).isEqualTo(2);
    assertThat(cdsl.with(EngineSettings.BATCH, 1).decoding(false).get(WINDOW)).isEqualTo(8);
    assertThat(cdsl.decoding(true).get(WINDOW)).isEqualTo(8);
    GenerationSettings set = DEFAULTS.with(Settings.defaults().with(WINDOW, 2));
    assertThat(set.decoding(false)).isEqualTo(set.settings());
    assertThat(set.decoding(true)).isEqualTo(set.settings());
  }

  @Test
  void theBatchFollowsTheDevice() {
    assertThat(DEFAULTS.batch(false)).isEqualTo(16);
    assertThat(DEFAULTS.batch(true)).isEqualTo(64);
  }

  @Test
  void copiesKeepTheRest() {
    GenerationSettings copy =
        DEFAULTS.with(EngineSettings.CACHE_MEMORY, 7).with(DEFAULTS.settings());
    assertThat(copy.cacheBytes()).isEqualTo(7);
    assertThat(copy.with(EngineSettings.CACHE_MEMORY, DEFAULTS.cacheBytes())).isEqualTo(DEFAULTS);
  }

  @Test
  void theDraftsHeadIsCutByItselfOnlyWhereNoTokenDependsOnIt() {
    for (String strategy : Strategies.names()) {
      for (Verification verification : Verification.values()) {
        GenerationSettings settings =
            DEFAULTS.with(STRATEGY, strategy).with(VERIFICATION, verification);
        boolean same = List.of("speculative", "cdlh-speculative").contains(strategy);
        boolean drafts = Strategies.of(settings.settings()).usesDraft();
        if (drafts) {
          assertThat(settings.draftHead())
              .as(strategy + ", " + verification)
              .isEqualTo(
                  same && verification != Verification.SAMPLING ? HeadIds.AUTO : HeadIds.FULL);
        }
        assertThat(settings.with(EngineSettings.DRAFT_HEAD, 64).draftHead()).isEqualTo(64);
      }
    }
  }
}
