package io.foresight.spark;

import io.foresight.model.EngineFaults;
import java.util.Iterator;
import java.util.function.Supplier;
import org.apache.spark.SparkContext$;
import org.apache.spark.SparkEnv;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends an executor whose process has lost its device, since no task can succeed in it any more:
 * Spark starts another one. On the driver the task fails, as of any other failure.
 */
public final class LostDevice {

  /** What an executor ends with, so that its log and Spark's tell why. */
  public static final int EXIT_CODE = 86;

  private static final Logger LOG = LoggerFactory.getLogger(LostDevice.class);

  private LostDevice() {}

  /** Does something that uses the device. */
  public static <T> T watched(Supplier<T> work) {
    try {
      return work.get();
    } catch (RuntimeException | Error e) {
      if (EngineFaults.isDeviceLost(e) && isOnExecutor()) {
        LOG.error(
            "The device cannot be used any more: this executor ends with exit code {}.",
            EXIT_CODE,
            e);
        Runtime.getRuntime().halt(EXIT_CODE);
      }
      throw e;
    }
  }

  /** The same for each element of an iterator. */
  public static <T> Iterator<T> watched(Iterator<T> elements) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return watched(elements::hasNext);
      }

      @Override
      public T next() {
        return watched(elements::next);
      }
    };
  }

  private static boolean isOnExecutor() {
    SparkEnv spark = SparkEnv.get();
    return spark != null && !spark.executorId().equals(SparkContext$.MODULE$.DRIVER_IDENTIFIER());
  }
}
