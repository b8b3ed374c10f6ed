package io.foresight.jobs.benchmark.machine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.foresight.jobs.benchmark.Spread;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What the machine can do at most, by a plain copy and a plain matrix product on one thread,
 * sampled between the benchmark's rounds.
 */
public final class Roofline implements AutoCloseable {

  /** Bytes copied: more than the caches hold. */
  private static final int COPIED = 64 << 20;

  private static final int SIDE = 1024;
  private static final int CALLS = 5;

  private final ByteBuffer source = ByteBuffer.allocateDirect(COPIED);
  private final ByteBuffer target = ByteBuffer.allocateDirect(COPIED);
  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  private final NDArray matrix =
      manager.randomUniform(-1, 1, new Shape(SIDE, SIDE), DataType.FLOAT32);
  private final List<Double> copies = new ArrayList<>();
  private final List<Double> products = new ArrayList<>();

  public void sample() {
    for (int i = 0; i <= CALLS; i++) {
      long started = System.nanoTime();
      target.clear().put(source.clear());
      double copied = (System.nanoTime() - started) / 1e9;
      started = System.nanoTime();
      matrix.matMul(matrix).close();
      double multiplied = (System.nanoTime() - started) / 1e9;
      // The first touches memory and code for the first time.
      if (i > 0) {
        copies.add(copied);
        products.add(multiplied);
      }
    }
  }

  /** Bytes read and written per second by a copy. */
  double copyBytesPerSecond() {
    return 2.0 * COPIED / Spread.of(copies).median();
  }

  /** Floating-point operations per second of an fp32 product of square matrices. */
  double productFlops() {
    return 2.0 * SIDE * SIDE * SIDE / Spread.of(products).median();
  }

  @Override
  public void close() {
    manager.close();
  }
}
