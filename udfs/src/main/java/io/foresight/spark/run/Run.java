package io.foresight.spark.run;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.foresight.spark.ColumnNames;
import io.foresight.spark.Secrets;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.scheduler.TaskSchedulerImpl;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job's rows on their way from an input to an output folder: cut into shards by hash of id, each
 * a task, a file and a unit of commit. A run may be killed at any moment; the same request goes on
 * with the shards that are not there. Every file that is visible is whole and final, and no row is
 * visible twice; {@code _SUCCESS} says that all are there. Used in this order: {@link #open},
 * {@link #plan}, {@link #decode}, {@link #written}, {@link #finish}. Lives on the driver; of one
 * thread but for the counts.
 */
public final class Run implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Run.class);

  /** The input is laid out once, and stands in the output again. */
  private static final int COPIES_OF_INPUT = 2;

  private static final long LEAST_ROOM = 16L << 20;

  private final SparkSession spark;
  private final RunRequest request;
  private final RunFiles files;
  private final Lease lease;

  /** Of the output folder. */
  private final RunPaths home;

  /** Whether the output folder was not there before. */
  private final boolean made;

  /** Of this run's files, in the output folder or staged inside it. */
  private RunPaths paths;

  private Manifest manifest;
  private boolean whole;
  private final String driver = UUID.randomUUID().toString().substring(0, 8);
  private final AtomicLong rowsThere = new AtomicLong();
  private final AtomicLong errorsFound = new AtomicLong();
  private StructType outputSchema;
  private String errorColumn;
  private ShardScheduler scheduler;

  private Run(
      SparkSession spark,
      RunRequest request,
      RunFiles files,
      Lease lease,
      RunPaths home,
      boolean made) {
    this.spark = spark;
    this.request = request;
    this.files = files;
    this.lease = lease;
    this.home = home;
    this.made = made;
  }

  /**
   * Takes the output for this run: a new one, or the one that is there if it is the same.
   *
   * @throws RunException if the output cannot be written (STORAGE), another run holds it (HELD), or
   *     it holds something else (TAKEN)
   */
  public static Run open(SparkSession spark, RunRequest request) {
    Configuration configuration = spark.sparkContext().hadoopConfiguration();
    return stored(
        request,
        () -> {
          RunFiles files = RunFiles.of(new Path(request.output()), configuration);
          RunPaths home = new RunPaths(files.resolved(new Path(request.output())));
          check(request, files, home);
          boolean made = !files.exists(home.root());
          Lease lease = Lease.take(files, home.leases(), request.output(), Lease.Timing.DEFAULT);
          Run run = new Run(spark, request, files, lease, home, made);
          try {
            run.find();
            return run;
          } catch (IOException | RuntimeException e) {
            run.close();
            throw e;
          }
        });
  }

  /**
   * Checks, without changing anything, what {@link #open} would refuse, but for other drivers.
   *
   * @throws RunException as {@link #open}
   */
  public static void check(SparkSession spark, RunRequest request) {
    stored(
        request,
        () -> {
          RunFiles files =
              RunFiles.of(new Path(request.output()), spark.sparkContext().hadoopConfiguration());
          check(request, files, new RunPaths(files.resolved(new Path(request.output()))));
          return null;
        });
  }

  private static void check(RunRequest request, RunFiles files, RunPaths home) throws IOException {
    files.requireWritable(home.root());
    Manifest there = Manifest.read(files, home);
    boolean finished = files.exists(home.success());
    boolean staged = files.exists(home.next().success());
    if (!request.overwrite() && !staged) {
      if (there == null && holdsSomething(files, home)) {
        throw taken(
            request,
            "it exists and is not empty, and no run that could go on wrote it. Give another --output, or --overwrite");
      }
      if (there != null) {
        requireSame(request, there);
      }
    }
    long needed = COPIES_OF_INPUT * request.input().bytes() + LEAST_ROOM;
    if (!(there != null && finished) && files.room(home.root()) < needed) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot write output %s: %d MiB are free there, and a run over this input takes %d MiB at least. Make room, or give another --output."
              .formatted(request.output(), files.room(home.root()) >> 20, needed >> 20));
    }
  }

  private static void requireSame(RunRequest request, Manifest there) {
    List<String> differences = there.differences(request.identity());
    if (!differences.isEmpty()) {
      throw taken(
          request,
          "it holds another run:\n  %s\nGive another --output, the old settings, or --overwrite"
              .formatted(String.join("\n  ", differences)));
    }
  }

  static RunException taken(RunRequest request, String reason) {
    return new RunException(
        RunException.Kind.TAKEN, "Cannot write output %s: %s.".formatted(request.output(), reason));
  }

  private static boolean holdsSomething(RunFiles files, RunPaths home) throws IOException {
    for (FileStatus status : files.list(home.root())) {
      if (!status.getPath().getName().equals(home.hidden().getName())
          || files.exists(home.manifest())) {
        return true;
      }
    }
    return false;
  }

  @FunctionalInterface
  private interface Access<T> {
    T on() throws IOException;
  }

  private static <T> T stored(RunRequest request, Access<T> access) {
    try {
      return access.on();
    } catch (IOException e) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot write output %s: %s. Check the path, the access to it, and that Spark has a client for its scheme."
              .formatted(request.output(), Secrets.reason(e)),
          e);
    }
  }

  private <T> T stored(Access<T> access) {
    return stored(request, access);
  }

  /** Decides where this run's files lie, and whether it goes on. With the lease. */
  private void find() throws IOException {
    if (files.exists(home.next().success())) {
      // An overwriting run was killed while it took the old one's place.
      Replacement.of(files, home);
    }
    files.delete(home.old());
    Manifest there = Manifest.read(files, home);
    boolean finished = there != null && isThere(home);
    boolean same = there != null && there.differences(request.identity()).isEmpty();
    paths = home;
    if (request.overwrite() && (there != null || holdsSomething(files, home))) {
      if (!same || finished) {
        paths = home.next();
        manifest = Manifest.read(files, paths);
        if (manifest != null && !manifest.differences(request.identity()).isEmpty()) {
          manifest = null;
        }
      } else {
        manifest = there;
      }
    } else {
      check(request, files, home);
      manifest = there;
      whole = finished;
    }
    files.delete(paths.scratch());
    if (manifest == null) {
      if (!paths.equals(home)) {
        files.delete(paths.root());
      }
      files.delete(paths.index());
      files.delete(new Path(paths.hidden(), "input"));
      files.makeFolder(paths.hidden());
      manifest = Manifest.of(request);
      manifest.write(files, paths);
    } else if (whole) {
      files.delete(new Path(paths.hidden(), "input"));
    }
  }

  /** Whether a run's rows are all there: those of what it was extended by, too. */
  private boolean isThere(RunPaths of) throws IOException {
    Manifest there = Manifest.read(files, of);
    return files.exists(of.success()) && there != null && there.isLaidOut();
  }

  /** Whether this run went on with one that was there. */
  public boolean isResumed() {
    return !manifest.segments().isEmpty();
  }

  /** A part of {@code run.json} as it is now; missing if there is none. */
  public JsonNode described(String name) {
    JsonNode there = manifest.get(name);
    return there == null ? MissingNode.getInstance() : there;
  }

  /**
   * Finds out what rows the run has to have, and lays those that are to be done out by shard. Where
   * the input's files are those that the run began with, nothing is read.
   *
   * @param input the rows, {@linkplain Identified identified}; asked for only if they are read
   * @throws RunException of kind INPUT if ids are null or stand in several rows, of kind TAKEN if
   *     the input has changed and the run is not to be extended
   */
  public void plan(Supplier<Dataset<Row>> input) {
    stored(
        () -> {
          new RunPlan(spark, request, files, paths, manifest).make(input);
          whole = isThere(paths);
          return null;
        });
  }

  /** Rows that the run is to have. */
  public long rows() {
    return manifest.rows();
  }

  /** Rows that are committed; may be asked by any thread. */
  public long rowsThere() {
    return rowsThere.get();
  }

  /** Whether all rows of the input as it is are there, and nothing is to be done. */
  public boolean isWhole() {
    return whole
        && !request.retryErrors()
        && manifest.inputFingerprint().equals(request.input().fingerprint());
  }

  /**
   * Says what the output holds; to be called before {@link #decode} or {@link #written}.
   *
   * @param schema of the output
   * @param error the output's column that is not null in error rows
   */
  public void output(StructType schema, String error) {
    outputSchema = schema.asNullable();
    errorColumn = error;
  }

  /**
   * Does the rows that are not there.
   *
   * @param function what is done with them
   * @throws RunException if it cannot go on; what is committed stays
   */
  public void decode(RowsFunction function, StructType inputSchema) {
    decode(function, inputSchema, stored(this::tasks));
  }

  /** The same, for some of the {@link #tasks}. */
  void decode(RowsFunction function, StructType inputSchema, List<ShardTask> tasks) {
    stored(
        () -> {
          if (tasks.isEmpty()) {
            return null;
          }
          Path scratch = new Path(paths.scratch(), driver);
          Path alive = new Path(scratch, "alive");
          Path parts = new Path(scratch, "parts");
          files.makeFolder(parts);
          files.writeMark(alive, new byte[0]);
          ShardScheduler scheduler =
              new ShardScheduler(
                  spark,
                  new ShardWork(
                      RowFiles.parquet(spark, inputSchema.asNullable()),
                      RowFiles.parquet(spark, InputChanges.INDEX),
                      RowFiles.parquet(spark, outputSchema),
                      RowFiles.of(spark, request.format(), outputSchema),
                      function,
                      outputSchema.fieldIndex(errorColumn),
                      scratch,
                      alive,
                      maxFailures()),
                  parts,
                  "foresight-" + driver,
                  "Foresight %s: %d shards of %s"
                      .formatted(request.job(), tasks.size(), request.output()),
                  this::hear);
          this.scheduler = scheduler;
          try {
            scheduler.run(tasks);
          } catch (RunException e) {
            throw e.kind() == RunException.Kind.ALL_ERRORS ? withExample(e) : e;
          }
          return null;
        });
    lease.require(request.output());
  }

  private int maxFailures() {
    return spark.sparkContext().taskScheduler() instanceof TaskSchedulerImpl scheduling
        ? scheduling.maxTaskFailures()
        : 1;
  }

  /** What is to be done. */
  List<ShardTask> tasks() throws IOException {
    String extension = RowFiles.of(spark, request.format(), outputSchema).extension();
    Set<String> there = new HashSet<>();
    files.list(paths.root()).forEach(status -> there.add(status.getPath().getName()));
    List<ShardTask> tasks = new ArrayList<>();
    for (Segment segment : manifest.segments()) {
      Map<Integer, Long> shards = laidOut(segment);
      shards.forEach(
          (shard, rows) -> {
            Path output = paths.output(segment, shard, extension);
            if (there.contains(output.getName())) {
              rowsThere.addAndGet(rows);
            } else {
              tasks.add(task(ShardTask.Work.SHARD, segment, shard, rows, output));
            }
          });
      if (request.retryErrors()) {
        for (int shard = 0; shard < segment.shards(); shard++) {
          Path output = paths.output(segment, shard, extension);
          if (there.contains(output.getName())) {
            tasks.add(task(ShardTask.Work.RETRY, segment, shard, 0, output));
          }
        }
      }
    }
    return tasks;
  }

  private ShardTask task(ShardTask.Work work, Segment segment, int shard, long rows, Path output) {
    return new ShardTask(
        work,
        "%s-%05d".formatted(segment.id(), shard),
        paths.input(segment, shard, rows),
        paths.index(segment, shard),
        0,
        rows,
        output,
        List.of(),
        null,
        null,
        0);
  }

  /** Rows of each shard that lies ready. */
  private Map<Integer, Long> laidOut(Segment segment) throws IOException {
    Map<Integer, Long> shards = new TreeMap<>();
    for (FileStatus status : files.list(paths.input(segment))) {
      String[] parts = status.getPath().getName().split("[-.]");
      if (parts[0].equals("shard")) {
        shards.put(Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
      }
    }
    return shards;
  }

  /** A shard is done; on Spark's thread. */
  private void hear(ShardResult result) {
    long good = rowsThere.addAndGet(result.rows());
    long errors = errorsFound.addAndGet(result.errors());
    if (errors > request.maxErrorFraction() * rows()) {
      scheduler.end(tooMany(errors, good));
    }
    try {
      lease.require(request.output());
    } catch (RunException e) {
      scheduler.end(e);
    }
  }

  private RunException tooMany(long errors, long there) {
    boolean all = errors == there;
    return new RunException(
        all ? RunException.Kind.ALL_ERRORS : RunException.Kind.TOO_MANY_ERRORS,
        "Cannot go on: %d of the %d rows that are there are errors, more than run.max-error-fraction = %s of %d rows."
            .formatted(errors, there, request.maxErrorFraction(), rows()));
  }

  /** The rows that are there, read back. */
  public Dataset<Row> written() {
    return spark
        .read()
        .format(request.format())
        .schema(outputSchema)
        // The folder's name is no pattern, whatever it holds.
        .option("__globPaths__", "false")
        .load(paths.root().toString());
  }

  /**
   * Checks that the rows are all there, and few enough of them errors.
   *
   * @throws RunException if not
   */
  public void requireWhole() {
    Row counts = written().agg(count(lit(1)), count(ColumnNames.column(errorColumn))).head();
    long there = counts.getLong(0);
    long errors = counts.getLong(1);
    if (there != rows()) {
      throw new RunException(
          RunException.Kind.FAILED,
          "Cannot finish %s: of %d rows %d are there. Something else writes to the folder, or took files away."
              .formatted(request.output(), rows(), there));
    }
    if (errors > request.maxErrorFraction() * there) {
      RunException tooMany = tooMany(errors, there);
      throw tooMany.kind() == RunException.Kind.ALL_ERRORS ? withExample(tooMany) : tooMany;
    }
  }

  private RunException withExample(RunException allErrors) {
    return new RunException(
        allErrors.kind(),
        "Cannot %s any row: %s (%d of %d rows were tried, and run.max-error-fraction is %s.)"
            .formatted(
                request.verb(),
                exampleError(),
                written().count(),
                rows(),
                request.maxErrorFraction()),
        allErrors);
  }

  /** An error of the rows that are there, of the first by text; {@code null} if there is none. */
  public String exampleError() {
    return written()
        .select(ColumnNames.column(errorColumn).as("error"))
        .filter(col("error").isNotNull())
        .limit(1)
        .collectAsList()
        .stream()
        .map(row -> row.getString(0))
        .min(Comparator.naturalOrder())
        .orElse(null);
  }

  /** Writes the figures, then {@code _SUCCESS}; an output that this one replaces goes. */
  public void finish(JsonNode figures) {
    stored(
        () -> {
          lease.require(request.output());
          manifest.set("summary", figures);
          manifest.state("finished");
          manifest.write(files, paths);
          files.writeMark(paths.success(), new byte[0]);
          clear(paths);
          if (paths.equals(home)) {
            // An overwriting run that was given up may have left some of its own.
            files.delete(home.next().root());
          } else {
            Replacement.of(files, home);
            paths = home;
          }
          whole = true;
          return null;
        });
  }

  private void clear(RunPaths of) throws IOException {
    files.delete(of.scratch());
    files.delete(new Path(of.hidden(), "input"));
  }

  /** How far it is, and how to go on; for whom it is interrupted. */
  public String howToGoOn() {
    return "%d of %d rows are written to %s; the same command goes on with the others."
        .formatted(rowsThere.get(), rows(), request.output());
  }

  /** Gives the output back. A run that has planned nothing leaves nothing. */
  @Override
  public void close() {
    // Without a manifest it was refused, and what is there is another run's.
    boolean nothing = manifest != null && manifest.segments().isEmpty();
    try {
      if (nothing) {
        files.delete(paths.equals(home) ? paths.manifest() : paths.root());
        for (Path own :
            List.of(paths.index(), paths.scratch(), new Path(paths.hidden(), "input"))) {
          files.delete(own);
        }
      }
    } catch (IOException e) {
      LOG.warn("Cannot clear {}: {}", request.output(), e.toString());
    }
    lease.close();
    try {
      files.deleteIfEmpty(home.leases());
      if (nothing || manifest == null) {
        files.deleteIfEmpty(home.hidden());
        if (made) {
          files.deleteIfEmpty(home.root());
        }
      }
    } catch (IOException e) {
      LOG.warn("Cannot clear {}: {}", request.output(), e.toString());
    }
  }
}
