package io.foresight.spark.run;

import java.io.Serializable;
import org.apache.hadoop.fs.Path;

/**
 * Where a run's files lie below its root, which is the output folder, or a folder inside it while
 * an old output is still there. Names that begin with an underscore are no data to Spark's readers.
 *
 * @param root the run's root
 */
record RunPaths(Path root) implements Serializable {

  /** All that is not data. */
  Path hidden() {
    return new Path(root, "_foresight");
  }

  /** The run's identity and figures. */
  Path manifest() {
    return new Path(hidden(), "run.json");
  }

  /** Says that all rows are there. */
  Path success() {
    return new Path(root, "_SUCCESS");
  }

  /** What is being written, by whom ever. */
  Path scratch() {
    return new Path(hidden(), "tmp");
  }

  /** The input's rows, a folder per segment; there while they are needed. */
  Path inputs() {
    return new Path(hidden(), "input");
  }

  /** Those of a segment, a file per shard. */
  Path input(Segment segment) {
    return new Path(inputs(), segment.id());
  }

  /** A shard's rows; the name holds how many they are. */
  Path input(Segment segment, int shard, long rows) {
    return new Path(input(segment), "shard-%05d-%d.parquet".formatted(shard, rows));
  }

  /** Ids and checksums of the rows that the run has, a folder per segment. */
  Path index() {
    return new Path(hidden(), "rows");
  }

  /** Those of a shard, in the order of its rows. */
  Path index(Segment segment, int shard) {
    return new Path(index(), "%s/shard-%05d.parquet".formatted(segment.id(), shard));
  }

  /**
   * A shard's output.
   *
   * @param extension the run's, so that no shard ever has two names
   */
  Path output(Segment segment, int shard, String extension) {
    return new Path(
        root, "part-%05d-of-%05d-%s%s".formatted(shard, segment.shards(), segment.id(), extension));
  }

  /** Drivers' leases. */
  Path leases() {
    return new Path(hidden(), "leases");
  }

  /** Where a run is written while an old output is there. */
  RunPaths next() {
    return new RunPaths(new Path(hidden(), "next"));
  }

  /** Where an old output goes for the moment in which the new one takes its place. */
  Path old() {
    return new Path(hidden(), "old");
  }
}
