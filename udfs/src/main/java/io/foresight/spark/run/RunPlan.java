package io.foresight.spark.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which rows a run has to have, and how they are cut. Written to the manifest before rows are laid
 * out, so that a run that is killed meanwhile finds out what it was at; a plan that is refused
 * leaves the manifest as it was. Lives on the driver; of one thread.
 */
final class RunPlan {

  private static final Logger LOG = LoggerFactory.getLogger(RunPlan.class);

  /** Shards per task slot, at least: enough that a slow row at the end leaves few slots idle. */
  private static final int SHARDS_PER_SLOT = 4;

  private final SparkSession spark;
  private final RunRequest request;
  private final RunFiles files;
  private final RunPaths paths;
  private final Manifest manifest;

  RunPlan(
      SparkSession spark, RunRequest request, RunFiles files, RunPaths paths, Manifest manifest) {
    this.spark = spark;
    this.request = request;
    this.files = files;
    this.paths = paths;
    this.manifest = manifest;
  }

  /** As {@link Run#plan}. */
  void make(Supplier<Dataset<Row>> input) throws IOException {
    if (manifest.isLaidOut() && manifest.inputFingerprint().equals(request.input().fingerprint())) {
      return;
    }
    Manifest before = manifest.copy();
    try {
      make(Identified.withChecksum(input.get()));
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which declares none.
      RunException known = known(e);
      if (known == null) {
        // Memory, disks, executors: nothing that this plan is about.
        throw e;
      }
      if (known.kind() == RunException.Kind.INPUT) {
        // Of such an input no run can be made, and none has begun.
        manifest.become(before);
        discardOthers(paths.index());
        discardOthers(paths.inputs());
        manifest.write(files, paths);
      }
      throw known;
    }
  }

  /**
   * What a job of Spark's that reads the input and lays it out failed with, if that is the input,
   * the output or an interruption; {@code null} for all else.
   */
  private RunException known(Exception e) {
    if (RunException.isOfInterruption(e)) {
      return RunException.interrupted(e);
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RunException known) {
        return known;
      }
      if (cause instanceof StorageFault) {
        return new RunException(
            RunException.Kind.STORAGE,
            "Cannot write %s: %s. See to the storage; the same command goes on."
                .formatted(request.output(), cause.getMessage()),
            e);
      }
    }
    return null;
  }

  private void make(Dataset<Row> rows) throws IOException {
    InputLayout.Counted counted = InputLayout.counted(rows);
    if (counted.withoutId() > 0) {
      throw new RunException(
          RunException.Kind.INPUT,
          "Cannot use the input's ids: %d rows have none. Fill them in, or set input.columns.id = \"\" to derive them."
              .formatted(counted.withoutId()));
    }
    List<Segment> segments = new ArrayList<>(manifest.segments());
    boolean begun = !segments.isEmpty() && segments.get(0).laidOut();
    boolean same =
        begun
            && counted.rows() == manifest.inputRows()
            && counted.checksum().equals(manifest.inputChecksum());
    if (!same) {
      // What was begun with another input, and not laid out, is counted anew.
      segments.removeIf(segment -> !segment.laidOut());
      manifest.segments(segments);
      discardOthers(paths.index());
    }
    if (!begun) {
      segments.add(segment(counted.rows()));
    } else if (!same) {
      InputChanges changes = InputChanges.between(InputChanges.index(spark, files, paths), rows);
      long known = manifest.rows();
      if (changes.before() != known) {
        throw InputChanges.unreadable(
            paths.index(), "%d of %d are there".formatted(changes.before(), known), null);
      }
      if (changes.twice() > 0) {
        throw InputLayout.notUnique(changes.twice(), InputChanges.examplesOfTwice(rows));
      }
      long added = extension(changes);
      if (added > 0) {
        segments.add(segment(added));
      }
    }
    manifest.input(request.input().fingerprint(), counted.rows(), counted.checksum());
    manifest.segments(segments);
    manifest.write(files, paths);
    for (Segment segment : segments) {
      if (!segment.laidOut()) {
        layOut(segment, rows, segments.size() > 1);
      }
    }
  }

  /** Rows to decode, of an input that may have changed. */
  private long extension(InputChanges changes) {
    if (changes.none()) {
      return 0;
    }
    if (!request.extend()) {
      throw Run.taken(
          request,
          "it holds a run over other rows: %s. Give another --output, --overwrite, or --extend, which decodes the rows that are new"
              .formatted(changes.told()));
    }
    if (changes.gone() + changes.changed() > 0) {
      LOG.warn(
          "The input has changed: {}. Rows that are gone or changed stay in {} as they were.",
          changes.told(),
          request.output());
    }
    return changes.added();
  }

  /** Deletes what lies in a folder of segments for none of the manifest's. */
  private void discardOthers(Path folder) throws IOException {
    Set<String> ids = new HashSet<>();
    manifest.segments().forEach(segment -> ids.add(segment.id()));
    for (FileStatus status : files.list(folder)) {
      if (!ids.contains(status.getPath().getName())) {
        files.delete(status.getPath());
      }
    }
  }

  private void layOut(Segment segment, Dataset<Row> rows, boolean further) throws IOException {
    files.delete(paths.input(segment));
    files.delete(new Path(paths.index(), segment.id()));
    Dataset<Row> own =
        further ? InputChanges.addedRows(InputChanges.index(spark, files, paths), rows) : rows;
    spark.sparkContext().setJobDescription("Lay out the input of " + request.output());
    try {
      InputLayout.write(spark, files, paths, segment, own);
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
    List<Segment> segments = new ArrayList<>(manifest.segments());
    segments.replaceAll(s -> s.id().equals(segment.id()) ? s.whenLaidOut() : s);
    // From now on there are rows to be done, so that what is there is not all.
    files.delete(paths.success());
    manifest.segments(segments);
    manifest.state("running");
    manifest.write(files, paths);
  }

  private Segment segment(long rows) {
    return new Segment(
        UUID.randomUUID().toString().substring(0, 8),
        rows,
        shards(spark, rows, request.shardRows()),
        false);
  }

  /** Shards that rows are cut into. */
  static int shards(SparkSession spark, long rows, int shardRows) {
    long slots = spark.sparkContext().defaultParallelism();
    long shards =
        Math.max((rows + shardRows - 1) / shardRows, Math.min(rows, SHARDS_PER_SLOT * slots));
    return (int) Math.max(1, Math.min(shards, Integer.MAX_VALUE));
  }
}
