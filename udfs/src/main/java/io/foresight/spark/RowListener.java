package io.foresight.spark;

import io.foresight.decoding.Counters;
import java.io.Serializable;

/** Hears of each row that is done, on the executor that did it. */
@FunctionalInterface
public interface RowListener extends Serializable {

  /** Listens to nothing. */
  RowListener NONE = counters -> {};

  /**
   * One row is done; an error row too.
   *
   * @param counters what its decoding took; all zero of a row that was only scored
   */
  void done(Counters counters);
}
