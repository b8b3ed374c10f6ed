package io.foresight.spark;

import io.foresight.engine.DeviceChoice;
import io.foresight.engine.EngineTask;
import io.foresight.spark.run.RunException;
import java.util.OptionalInt;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/**
 * A task of Spark's, or a driver's own work, as the engine sees it.
 *
 * @param context {@code null} where no task runs
 * @param gpu index of the GPU that Spark assigned
 */
public record SparkTask(TaskContext context, OptionalInt gpu) implements EngineTask {

  /**
   * The task of this thread.
   *
   * @param device where models are to run
   * @throws RunException if that is a GPU and Spark assigned none, or one of no number
   */
  public static SparkTask current(DeviceChoice device) {
    TaskContext context = TaskContext.get();
    OptionalInt gpu = device == DeviceChoice.CPU ? OptionalInt.empty() : gpu(context);
    if (gpu.isEmpty() && device == DeviceChoice.GPU) {
      throw new RunException(
          RunException.Kind.CLUSTER,
          "Cannot run on a GPU: Spark assigned none to this task. Set spark.executor.resource.gpu.amount,"
              + " spark.task.resource.gpu.amount and a discovery script, or models.device = cpu.");
    }
    return new SparkTask(context, gpu);
  }

  private static OptionalInt gpu(TaskContext context) {
    ResourceInformation gpu = context == null ? null : context.resourcesJMap().get("gpu");
    if (gpu == null || gpu.addresses().length == 0) {
      return OptionalInt.empty();
    }
    String address = gpu.addresses()[0];
    try {
      return OptionalInt.of(Integer.parseInt(address));
    } catch (NumberFormatException e) {
      throw new RunException(
          RunException.Kind.CLUSTER,
          "Cannot use GPU address \"%s\": it is not a number. Have the discovery script print device indices."
              .formatted(address),
          e);
    }
  }

  @Override
  public void check() {
    if (context != null) {
      context.killTaskIfInterrupted();
    }
  }
}
