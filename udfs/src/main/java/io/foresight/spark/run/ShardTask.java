package io.foresight.spark.run;

import io.foresight.decoding.RowFault;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * One task's work.
 *
 * @param work what is to be done
 * @param name distinguishes it from all others of the run
 * @param input the shard's rows as they were laid out
 * @param index their ids
 * @param again the file whose error rows are done again; {@code null} where rows are done that were
 *     laid out
 * @param from first row of the shard that it is about
 * @param to the row after the last; of a {@link Work#RETRY} 0, since the file knows
 * @param output where its rows go
 * @param parts of a merge: what the shard is put together from, in order
 * @param fault of an error row: its kind; else {@code null}
 * @param message of an error row: its message; else {@code null}
 * @param tries how often this very work was given out before
 * @param forgiven names of marks that say nothing, since their executors live or ended for another
 *     reason
 */
record ShardTask(
    Work work,
    String name,
    Path input,
    Path index,
    Path again,
    long from,
    long to,
    Path output,
    List<Path> parts,
    RowFault.Kind fault,
    String message,
    int tries,
    List<String> forgiven)
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

  /** What a run begins with: a whole shard. */
  ShardTask(Work work, String name, Path input, Path index, long rows, Path output) {
    this(
        work,
        name,
        input,
        index,
        work == Work.RETRY ? output : null,
        0,
        rows,
        output,
        List.of(),
        null,
        null,
        0,
        List.of());
  }

  /** Whether it is about a whole shard, which no other task of the run did before. */
  boolean isWhole() {
    return work == Work.SHARD || work == Work.RETRY;
  }

  /** Whether what it writes takes the place of a file that is there. */
  boolean replaces() {
    return output.equals(again);
  }

  /** The same, now that it is known how many rows it has. */
  ShardTask withRows(long rows) {
    return new ShardTask(
        work, name, input, index, again, 0, rows, output, parts, fault, message, tries, forgiven);
  }

  /** The same, for which some more marks do not count. */
  ShardTask forgiving(List<String> marks) {
    List<String> all = new ArrayList<>(forgiven);
    all.addAll(marks);
    return new ShardTask(
        work, name, input, index, again, from, to, output, parts, fault, message, tries, all);
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
