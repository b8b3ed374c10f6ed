package io.foresight.spark;

import java.io.Serializable;

/** Hears of each decoded row on the executor that decoded it. */
@FunctionalInterface
interface RowListener extends Serializable {

  /** Listens to nothing. */
  RowListener NONE = result -> {};

  /** One row is done; an error row too. */
  void decoded(RowDecoder.Result result);
}
