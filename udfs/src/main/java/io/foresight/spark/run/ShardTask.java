package io.foresight.spark.run;

import io.foresight.decoding.RowFault;
import java.io.Serializable;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * One task's work.
 *
 * @param work what is to be done
 * @param name distinguishes it from all others of the run
 * @param input the shard's rows as they were laid out
 * @param index their ids
 * @param from first row of the shard that it is about
 * @param to the row after the last
 * @param output where its rows go
 * @param parts of a merge: what the shard is put together from, in order
 * @param fault of an error row: its kind; else {@code null}
 * @param message of an error row: its message; else {@code null}
 * @param tries how often this very work was given out before
 */
record ShardTask(
    Work work,
    String name,
    Path input,
    Path index,
    long from,
    long to,
    Path output,
    List<Path> parts,
    RowFault.Kind fault,
    String message,
    int tries)
    implements Serializable {

  /** Kinds of work. */
  enum Work {
    /** A whole shard. */
    SHARD,
    /** Some rows of a shard that could not be done whole. */
    PART,
    /** A row that cannot be done, which becomes an error row. */
    ERROR_ROW,
    /** A shard from its parts. */
    MERGE,
    /** The error rows of a shard that is there, again. */
    RETRY
  }

  long rows() {
    return to - from;
  }

  /**
   * How many executors may end with it before it is cut: the first may have ended for another
   * reason, which matters where no smaller piece will tell.
   */
  int lives() {
    return work == Work.PART && rows() > 1 ? 1 : 2;
  }
}
