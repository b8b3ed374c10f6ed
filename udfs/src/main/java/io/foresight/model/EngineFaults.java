package io.foresight.model;

import ai.djl.engine.EngineException;
import java.util.List;
import java.util.Locale;

/**
 * Which failures of the engine are of consequence. All that its native code throws comes as {@link
 * EngineException}, and messages tell; what anything else says of memory or devices, a program, a
 * storage or the input, is not looked at.
 */
public final class EngineFaults {

  /** CUDA's own come first, since they are written as errors of CUDA too. */
  private static final List<String> OUT_OF_MEMORY =
      List.of(
          "cuda out of memory",
          "cuda error: out of memory",
          "cublas_status_alloc_failed",
          "can't allocate memory",
          "cannot allocate memory",
          "not enough memory",
          "std::bad_alloc");

  private static final List<String> DEVICE_LOST =
      List.of(
          "cuda error:",
          "cudaerror",
          "device-side assert",
          "illegal memory access",
          "unspecified launch failure",
          "uncorrectable ecc error",
          "cublas_status_execution_failed",
          "cudnn_status_execution_failed");

  private EngineFaults() {}

  /**
   * Whether there was no memory for it, of the device, of the system or of what caches may take, so
   * that fewer rows at a time may do. Not so of the JVM's heap. To be asked of what a forward
   * threw.
   */
  static boolean isOutOfMemory(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof CacheMemoryException) {
        return true;
      }
    }
    return says(failure, OUT_OF_MEMORY);
  }

  /** Whether the process has lost its device: all that it asks of it from now on fails as well. */
  public static boolean isDeviceLost(Throwable failure) {
    return says(failure, DEVICE_LOST) && !isOutOfMemory(failure);
  }

  private static boolean says(Throwable failure, List<String> signs) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof EngineException && e.getMessage() != null) {
        String message = e.getMessage().toLowerCase(Locale.ROOT);
        if (signs.stream().anyMatch(message::contains)) {
          return true;
        }
      }
    }
    return false;
  }
}
