package io.foresight.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.DecodingSettings;
import org.junit.jupiter.api.Test;

/** What depends on the device, unless it is set. */
class GenerationSettingsTest {

  private static final GenerationSettings DEFAULTS = GenerationSettings.of("p", "q");

  @Test
  void theWindowFollowsTheDeviceUnlessItIsSet() {
    assertThat(DEFAULTS.decoding(false).window()).isEqualTo(4);
    assertThat(DEFAULTS.decoding(true).window()).isEqualTo(16);
    GenerationSettings set = DEFAULTS.withDecoding(DecodingSettings.builder().window(2).build());
    assertThat(set.decoding(false)).isEqualTo(set.decoding());
    assertThat(set.decoding(true)).isEqualTo(set.decoding());
  }

  @Test
  void theBatchFollowsTheDevice() {
    assertThat(DEFAULTS.batch(false)).isEqualTo(16);
    assertThat(DEFAULTS.batch(true)).isEqualTo(64);
  }

  @Test
  void copiesKeepTheRest() {
    GenerationSettings copy = DEFAULTS.withCacheBytes(7).withDecoding(DEFAULTS.decoding());
    assertThat(copy.cacheBytes()).isEqualTo(7);
    assertThat(copy.withCacheBytes(DEFAULTS.cacheBytes())).isEqualTo(DEFAULTS);
  }
}
