package io.foresight.model;

import java.util.List;
import java.util.Locale;

/** Which failures of the engine are of consequence. It throws one type for all; messages tell. */
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
          "std::bad_alloc",
          "cannot grow the cache of model");

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
   * Whether the device or the system had no memory for it, so that fewer rows at a time may do. Not
   * so of the JVM's heap.
   */
  public static boolean isOutOfMemory(Throwable failure) {
    return says(failure, OUT_OF_MEMORY);
  }

  /** Whether the process has lost its device: all that it asks of it from now on fails as well. */
  public static boolean isDeviceLost(Throwable failure) {
    return says(failure, DEVICE_LOST) && !isOutOfMemory(failure);
  }

  private static boolean says(Throwable failure, List<String> signs) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      String message = e.getMessage();
      if (message != null && !(e instanceof OutOfMemoryError)) {
        String lower = message.toLowerCase(Locale.ROOT);
        if (signs.stream().anyMatch(lower::contains)) {
          return true;
        }
      }
    }
    return false;
  }
}
