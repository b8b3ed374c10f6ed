package io.foresight.engine;

import ai.djl.Device;
import io.foresight.spark.run.RunException;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** Where an executor's models run. */
public enum DeviceChoice {
  /** The GPU that Spark assigned to the task, else the CPU. */
  AUTO,
  /** The CPU. */
  CPU,
  /** The GPU that Spark assigned to the task; an error if it assigned none. */
  GPU;

  /** The device for the running task. */
  public Device resolve() {
    if (this == CPU) {
      return Device.cpu();
    }
    TaskContext context = TaskContext.get();
    ResourceInformation gpu = context == null ? null : context.resourcesJMap().get("gpu");
    if (gpu != null && gpu.addresses().length > 0) {
      String address = gpu.addresses()[0];
      try {
        return Device.gpu(Integer.parseInt(address));
      } catch (NumberFormatException e) {
        throw new RunException(
            RunException.Kind.CLUSTER,
            "Cannot use GPU address \"%s\": it is not a number. Have the discovery script print device indices."
                .formatted(address),
            e);
      }
    }
    if (this == GPU) {
      throw new RunException(
          RunException.Kind.CLUSTER,
          "Cannot run on a GPU: Spark assigned none to this task. Set spark.executor.resource.gpu.amount,"
              + " spark.task.resource.gpu.amount and a discovery script, or models.device = cpu.");
    }
    return Device.cpu();
  }
}
