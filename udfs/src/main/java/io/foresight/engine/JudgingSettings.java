package io.foresight.engine;

import io.foresight.engine.prompt.Prompt;
import io.foresight.settings.Settings;
import java.io.Serializable;
import java.nio.file.Path;

/**
 * All that an executor needs to know to say how probable texts are to a model. Immutable.
 *
 * @param settings of memory and devices, and those that others read
 * @param prompt what texts answer
 * @param model where the judge lies
 * @param textColumn column of the texts; rows in which it is null are not judged
 * @param statusColumn column that says {@code truncated} of texts without an end of their own;
 *     {@code null} if all have one
 */
public record JudgingSettings(
    Settings settings, Prompt prompt, String model, String textColumn, String statusColumn)
    implements Serializable {

  /** Where the judge runs. */
  public DeviceChoice device() {
    return settings.get(EngineSettings.DEVICE);
  }

  /**
   * The judge, for one task.
   *
   * @param folder where it lies on this host
   */
  public Judge judge(Path folder, EngineTask task) {
    return new Judge(folder, device().resolve(task), settings.get(EngineSettings.CACHE_MEMORY));
  }
}
