package io.foresight.decoding;

import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.List;
import java.util.Map;

/**
 * A kind of strategy. Found by {@link java.util.ServiceLoader}, in jars of {@code --jars} too: name
 * the class in {@code META-INF/services/io.foresight.decoding.StrategyFactory}. It needs a public
 * constructor without parameters.
 */
public interface StrategyFactory {

  /** The value of {@code decoding.strategy} that selects it; lower case with hyphens. */
  String name();

  /** The settings that it reads; one of its own is declared by being here. */
  List<Setting<?>> reads();

  /**
   * Makes it. Immutable and thread-safe.
   *
   * @param settings in range
   */
  Strategy create(Settings settings);

  /**
   * What of {@link #reads} changes no token beside the other values.
   *
   * @return reasons, such as "cdsl samples nothing under decoding.verification = hard"
   */
  default Map<Setting<?>, String> idle(Settings settings) {
    return Map.of();
  }

  /** What its output promises; {@code ./submit.sh check-strategy} holds it to that. */
  default Promise promise() {
    return Promise.OWN;
  }

  /** Whose output a strategy has, token for token, for any draft, batch and reward. */
  enum Promise {
    /**
     * Greedy decoding's, where nothing is sampled; and that of {@code sample} under {@code
     * decoding.verification = coupled}, if it reads that.
     */
    GREEDY,
    /** That of {@code cdlh}. */
    CDLH,
    /** One of its own, a function of models, row and settings. */
    OWN
  }
}
