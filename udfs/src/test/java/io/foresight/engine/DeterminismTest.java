package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.model.checkpoint.Precision;
import io.foresight.settings.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same rows in the same batches give the same results, whatever numbers models compute with.
 */
class DeterminismTest {

  private static List<String> decode(Settings settings, long seed) {
    GenerationSettings generation =
        GenerationSettings.of(
                Path.of("../examples/target").toString(), Path.of("../examples/draft").toString())
            .with(EngineSettings.DEVICE, DeviceChoice.CPU)
            .with(EngineSettings.BATCH, 1)
            .with(EngineSettings.SEED, seed)
            .with(settings);
    List<InputRow> rows = new ArrayList<>();
    for (String words : List.of("dog run beach", "cook egg pan", "boy kite hill", "sun sea")) {
      rows.add(new InputRow(words, Map.of("concepts", List.of(words.split(" ")))));
    }
    List<String> results = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(generation)) {
      decoder
          .decode(rows.iterator())
          .forEachRemaining(
              one -> results.add(one.result().output() + " " + one.result().tokens()));
    }
    return results;
  }

  @ParameterizedTest
  @CsvSource({
    "FP32, sample, HARD",
    "BF16, greedy, HARD",
    "BF16, sample, HARD",
    "BF16, cdsl, COUPLED",
    "INT8, greedy, HARD",
    "INT8, sample, HARD",
    "INT8, speculative, SAMPLING",
  })
  void twoRunsSayTheSame(Precision precision, String strategy, Verification verification) {
    Settings settings =
        Settings.defaults()
            .with(EngineSettings.TARGET_PRECISION, precision)
            .with(EngineSettings.DRAFT_PRECISION, precision)
            .with(STRATEGY, strategy)
            .with(VERIFICATION, verification)
            .with(MAX_NEW_TOKENS, 12);
    List<String> first = decode(settings, 1);
    assertThat(first).allMatch(result -> result.length() > 6);
    assertThat(decode(settings, 1)).isEqualTo(first);
    if (!strategy.equals("greedy")) {
      assertThat(decode(settings, 2)).isNotEqualTo(first);
    }
  }
}
