package io.foresight.engine;

import java.util.OptionalInt;

/** Whoever has the engine work on rows, as far as the engine asks. */
@FunctionalInterface
public interface EngineTask {

  /** Nobody who would end it, and no GPU. */
  EngineTask NONE = () -> {};

  /**
   * Throws if the work is to end; asked before each row and each forward, on the engine's thread.
   */
  void check();

  /** Index of the GPU that the work may use; empty for none. */
  default OptionalInt gpu() {
    return OptionalInt.empty();
  }
}
