package io.foresight.jobs.benchmark;

import io.foresight.engine.GenerationSettings;
import java.util.Locale;

/**
 * One thing to measure: a strategy, or settings of one, at one batch and precision.
 *
 * @param name what the figures call it; the same at every batch and precision
 * @param settings with the batch that is measured
 */
public record Variant(String name, GenerationSettings settings) {

  int batch() {
    return settings.batch(false);
  }

  /** The target's, as the settings spell it. */
  String precision() {
    return settings.targetPrecision().name().toLowerCase(Locale.ROOT);
  }

  String draftPrecision() {
    return settings.draftPrecision().name().toLowerCase(Locale.ROOT);
  }
}
