package io.foresight.spark.run;

import java.io.Serializable;

/**
 * Rows that were planned together: those of a run's start, or those that it was extended by.
 *
 * @param id distinguishes its files from all others
 * @param rows how many rows it has
 * @param shards into how many shards they are cut, each a task, a file and a unit of commit
 * @param laidOut whether all of its rows lie ready by shard, or are done
 */
record Segment(String id, long rows, int shards, boolean laidOut) implements Serializable {

  Segment whenLaidOut() {
    return new Segment(id, rows, shards, true);
  }
}
