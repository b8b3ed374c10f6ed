package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import io.foresight.decoding.RowFault;
import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages as PyTorch and CUDA write them. */
class EngineFaultsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4096000000000 bytes. Error code 12 (Cannot allocate memory)",
        "The following operation failed in the TorchScript interpreter.\nRuntimeError: [enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes.",
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.10 GiB",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "std::bad_alloc"
      })
  void wantOfMemory(String message) {
    Throwable failure = new IllegalStateException("wrapped", new EngineException(message));
    assertThat(EngineFaults.isOutOfMemory(failure)).isTrue();
    assertThat(EngineFaults.isDeviceLost(failure)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be",
        "CUDA error: device-side assert triggered",
        "CUDA error: unspecified launch failure",
        "CUDA error: uncorrectable ECC error encountered",
        "cudaErrorIllegalAddress",
        "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`"
      })
  void aDeviceThatIsLost(String message) {
    assertThat(EngineFaults.isDeviceLost(new EngineException(message))).isTrue();
    assertThat(EngineFaults.isOutOfMemory(new EngineException(message))).isFalse();
  }

  @Test
  void cachesThatMayTakeNoMore() {
    Throwable failure = new CacheMemoryException("Cannot grow the cache of model m: ...");
    assertThat(EngineFaults.isOutOfMemory(failure)).isTrue();
    assertThat(EngineFaults.isDeviceLost(failure)).isFalse();
  }

  /** Words of the engine, but by others: a program, a system call, a storage, a reward. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Cannot run program \"judge\": error=12, Cannot allocate memory",
        "its program ended: RuntimeError: CUDA error: out of memory",
        "its program ended: RuntimeError: CUDA error: device-side assert triggered",
        "Cannot read hdfs://data/std::bad_alloc",
        "not enough memory for the map output: cannot allocate memory"
      })
  void whatOthersSay(String message) {
    for (Throwable failure :
        new Throwable[] {
          new IllegalStateException(message),
          new UncheckedIOException(new IOException(message)),
          new RowFault(RowFault.Kind.REWARD, message),
          new ModelException(message),
          new IllegalStateException(message, new EngineException("index out of range in self"))
        }) {
      assertThat(EngineFaults.isOutOfMemory(failure)).as("%s", failure).isFalse();
      assertThat(EngineFaults.isDeviceLost(failure)).as("%s", failure).isFalse();
    }
  }

  @Test
  void allElse() {
    for (Throwable failure :
        new Throwable[] {
          new EngineException("index out of range in self"),
          new EngineException((String) null),
          new NullPointerException(),
          new OutOfMemoryError("Java heap space: cannot allocate memory")
        }) {
      assertThat(EngineFaults.isOutOfMemory(failure)).isFalse();
      assertThat(EngineFaults.isDeviceLost(failure)).isFalse();
    }
  }
}
