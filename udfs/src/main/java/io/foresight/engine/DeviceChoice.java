package io.foresight.engine;

import ai.djl.Device;
import java.util.OptionalInt;

/** Where models run. */
public enum DeviceChoice {
  /** The GPU that was assigned to the task, else the CPU. */
  AUTO,
  /** The CPU. */
  CPU,
  /** The GPU that was assigned to the task; an error if none was. */
  GPU;

  /**
   * The device for a task.
   *
   * @throws IllegalStateException if it is to be a GPU and the task has none
   */
  public Device resolve(EngineTask task) {
    if (this == CPU) {
      return Device.cpu();
    }
    OptionalInt gpu = task.gpu();
    if (gpu.isEmpty() && this == GPU) {
      throw new IllegalStateException("Cannot run on a GPU: the task has none. Assign it one.");
    }
    return gpu.isPresent() ? Device.gpu(gpu.getAsInt()) : Device.cpu();
  }
}
