package io.foresight.spark.run;

import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.foresight.settings.Secrets;
import io.foresight.spark.rows.ColumnNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.ParquetRuntimeException;
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
 * {@link #output}, {@link #plan}, {@link #decode}, {@link #readBack}, {@link #finish}. Lives on the
 * driver; of one thread but for the counts.
 *
 * <p>Long, since the steps of a run and what is done when each fails belong side by side.
 */
public final class Run implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Run.class);

  /** The input is laid out once, and stands in the output again. */
  private static final int COPIES_OF_INPUT = 2;

  private static final long LEAST_ROOM = 16L << 20;

  /** How Spark begins to tell of a file that it cannot read. */
  private static final String READING_FAILED = "Encountered error while reading file";

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
          RunPaths home = home(request, configuration);
          RunFiles files = RunFiles.of(home.root(), configuration);
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
          Configuration configuration = spark.sparkContext().hadoopConfiguration();
          RunPaths home = home(request, configuration);
          check(request, RunFiles.of(home.root(), configuration), home);
          return null;
        });
  }

  /** Where the output lies; of another file system than it was named by, if that is but a view. */
  static RunPaths home(RunRequest request, Configuration configuration) throws IOException {
    Path given = new Path(request.output());
    return new RunPaths(ResolvedPath.of(given.getFileSystem(configuration), given));
  }

  private static void check(RunRequest request, RunFiles files, RunPaths home) throws IOException {
    files.requireWritable(home.root());
    Manifest there = Manifest.read(files, home);
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
    boolean anew = request.overwrite() && files.exists(home.success());
    if (!(isBegun(request, there) && !anew)
        && !isBegun(request, Manifest.read(files, home.next()))) {
      requireRoom(
          request,
          files,
          home,
          COPIES_OF_INPUT * request.input().bytes() + LEAST_ROOM,
          "a run over this input takes about %d MiB. Make room, or give another --output.");
    }
  }

  /** Whether rows of the run that is asked for lie ready or are done, so that it has its room. */
  private static boolean isBegun(RunRequest request, Manifest manifest) {
    return manifest != null
        && manifest.differences(request.identity()).isEmpty()
        && manifest.segments().stream().anyMatch(Segment::laidOut);
  }

  /**
   * Checks that there is room.
   *
   * @param then what it is for and what to do, with a place for the MiB that it takes
   */
  private static void requireRoom(
      RunRequest request, RunFiles files, RunPaths home, long needed, String then)
      throws IOException {
    long room = files.room(home.root());
    if (room < needed) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot write output %s: %d MiB are free there, and %s"
              .formatted(request.output(), room >> 20, then.formatted(needed >> 20)));
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

  static <T> T stored(RunRequest request, StorageFault.Access<T> access) {
    try {
      return access.on();
    } catch (IOException e) {
      if (RunException.isOfInterruption(e)) {
        throw RunException.interrupted(e);
      }
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot write output %s: %s. Check the path, the access to it, and that Spark has a client for its scheme."
              .formatted(request.output(), Secrets.reason(e)),
          e);
    }
  }

  private <T> T stored(StorageFault.Access<T> access) {
    return stored(request, access);
  }

  /** Decides where this run's files lie, and whether it goes on. With the lease. */
  private void find() throws IOException {
    // An overwriting run was killed while it took the old one's place, or just after.
    boolean staged = files.exists(home.next().success());
    boolean published = staged || files.exists(home.old());
    if (staged) {
      Replacement.of(files, home);
    }
    files.delete(home.old());
    Manifest there = Manifest.read(files, home);
    boolean finished = there != null && isThere(home);
    boolean own = isOwn(there) && (published || !finished);
    paths = home;
    if (request.overwrite() && !own && (there != null || holdsSomething(files, home))) {
      paths = home.next();
      Manifest next = Manifest.read(files, paths);
      manifest = isOwn(next) ? next : null;
    } else {
      check(request, files, home);
      manifest = there;
      whole = finished;
    }
    if (whole) {
      rowsThere.set(manifest.rows());
    }
    // Tasks of drivers that are gone find their folder gone, whichever run they are of.
    files.delete(home.scratch());
    files.delete(home.next().scratch());
    if (manifest == null) {
      if (!paths.equals(home)) {
        files.delete(paths.root());
      }
      files.delete(paths.index());
      files.delete(paths.inputs());
      files.makeFolder(paths.hidden());
      manifest = Manifest.of(request);
      manifest.write(files, paths);
    } else if (whole) {
      files.delete(paths.inputs());
    }
  }

  /** Whether it is of the run that is asked for, over the input as it is. */
  private boolean isOwn(Manifest there) {
    return there != null && there.isOf(request.identity(), request.input());
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
          settleExtension();
          new RunPlan(spark, request, files, paths, manifest).make(input);
          whole = isThere(paths);
          return null;
        });
  }

  /** A shard has one name, whatever the session compresses files with when it is done. */
  private void settleExtension() {
    String now = RowFiles.of(spark, request.format(), outputSchema, null).extension();
    if (manifest.extension() == null) {
      manifest.extension(now);
    } else if (!manifest.extension().equals(now)) {
      LOG.warn(
          "{} began with files that end with {}, and goes on with such, not with {}.",
          request.output(),
          manifest.extension(),
          now);
    }
  }

  /** Rows that the run is to have. */
  public long rows() {
    return manifest.rows();
  }

  /** Shards that a new run over rows would have, in this session. */
  public static int shards(SparkSession spark, long rows, int shardRows) {
    return RunPlan.shards(spark, rows, shardRows);
  }

  /** Rows that are committed, by this driver or before; may be asked by any thread. */
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
   * Says what the output holds; to be called before {@link #plan} or {@link #readBack}.
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
          requireFewErrors(new Counts(rowsThere.get(), errorsFound.get()));
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
                      RowFiles.of(spark, request.format(), outputSchema, manifest.extension()),
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
            throw withExample(e);
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

  /** What is to be done; counts what is there. */
  List<ShardTask> tasks() throws IOException {
    String extension = manifest.extension();
    Set<String> there = new HashSet<>();
    for (FileStatus status : files.list(paths.root())) {
      String name = status.getPath().getName();
      if (!name.equals(paths.hidden().getName())) {
        there.add(name);
      }
    }
    List<ShardTask> tasks = new ArrayList<>();
    long bytes = 0;
    for (Segment segment : manifest.segments()) {
      for (Ready shard : laidOut(segment)) {
        Path output = paths.output(segment, shard.number(), extension);
        if (!there.contains(output.getName())) {
          tasks.add(task(ShardTask.Work.SHARD, segment, shard.number(), shard.rows(), output));
          bytes += shard.bytes();
        }
      }
      if (request.retryErrors()) {
        for (int shard = 0; shard < segment.shards(); shard++) {
          Path output = paths.output(segment, shard, extension);
          if (there.contains(output.getName())) {
            tasks.add(task(ShardTask.Work.RETRY, segment, shard, 0, output));
          }
        }
      }
    }
    requireRoom(
        request,
        files,
        paths,
        bytes,
        "the rows that are to be done take about %d MiB. Make room; the same command goes on.");
    if (tasks.isEmpty()) {
      rowsThere.set(rows());
    } else if (!there.isEmpty()) {
      Counts counts = counts();
      rowsThere.set(counts.rows());
      // Rows that are done again are no errors until they are so again.
      errorsFound.set(request.retryErrors() ? 0 : counts.errors());
    }
    return tasks;
  }

  private ShardTask task(ShardTask.Work work, Segment segment, int shard, long rows, Path output) {
    return new ShardTask(
        work,
        "%s-%05d".formatted(segment.id(), shard),
        paths.input(segment, shard, rows),
        paths.index(segment, shard),
        rows,
        output);
  }

  /** A shard whose rows lie ready, in so many bytes. */
  private record Ready(int number, long rows, long bytes) {}

  /** In the order of their numbers. */
  private List<Ready> laidOut(Segment segment) throws IOException {
    List<Ready> shards = new ArrayList<>();
    for (FileStatus status : files.list(paths.input(segment))) {
      String[] parts = status.getPath().getName().split("[-.]");
      if (parts[0].equals("shard")) {
        shards.add(
            new Ready(Integer.parseInt(parts[1]), Long.parseLong(parts[2]), status.getLen()));
      }
    }
    shards.sort(Comparator.comparingInt(Ready::number));
    return shards;
  }

  /** A shard is done; on Spark's thread. */
  private void hear(ShardResult result) {
    Counts counts =
        new Counts(rowsThere.addAndGet(result.rows()), errorsFound.addAndGet(result.errors()));
    try {
      requireFewErrors(counts);
      lease.require(request.output());
    } catch (RunException e) {
      scheduler.end(e);
    }
  }

  /** What is there, and how many errors are known among it. */
  private record Counts(long rows, long errors) {}

  private void requireFewErrors(Counts there) {
    if (there.errors() > request.maxErrorFraction() * rows()) {
      boolean all = there.errors() == there.rows();
      throw new RunException(
          all ? RunException.Kind.ALL_ERRORS : RunException.Kind.TOO_MANY_ERRORS,
          "Cannot go on: %d of the %d rows that are there are errors, more than run.max-error-fraction = %s of %d rows."
              .formatted(there.errors(), there.rows(), request.maxErrorFraction(), rows()));
    }
  }

  private Dataset<Row> written() {
    return spark
        .read()
        .format(request.format().sparkName())
        .options(request.format().options())
        .schema(outputSchema)
        // The folder's name is no pattern, whatever it holds.
        .option("__globPaths__", "false")
        .load(paths.root().toString());
  }

  /** Counts the rows, then {@link #requireWhole(long, long)}. */
  void requireWhole() {
    Counts there = counts();
    requireWhole(there.rows(), there.errors());
  }

  /**
   * Checks that the rows are all there, and few enough of them errors.
   *
   * @param rows that were found when the rows were {@linkplain #readBack read back}
   * @param errors rows of these that are errors
   * @throws RunException if not
   */
  public void requireWhole(long rows, long errors) {
    Counts there = new Counts(rows, errors);
    if (there.rows() != rows()) {
      throw new RunException(
          RunException.Kind.FAILED,
          "Cannot finish %s: of %d rows %d are there. Something else writes to the folder, or took files away."
              .formatted(request.output(), rows(), there.rows()));
    }
    try {
      requireFewErrors(there);
    } catch (RunException e) {
      throw withExample(e);
    }
  }

  private Counts counts() {
    Row counts =
        readBack(
            written -> written.agg(count(lit(1)), count(ColumnNames.column(errorColumn))).head());
    return new Counts(counts.getLong(0), counts.getLong(1));
  }

  /**
   * Asks something of the rows that are there.
   *
   * @param question of the rows, read back; what it needs of them it reads before it returns
   * @throws RunException of kind STORAGE if they cannot be read
   */
  public <T> T readBack(Function<Dataset<Row>, T> question) {
    try {
      return question.apply(written());
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which declares none.
      if (RunException.isOfInterruption(e)) {
        throw RunException.interrupted(e);
      }
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (isOfReading(cause)) {
          throw new RunException(
              RunException.Kind.STORAGE,
              "Cannot read what was written to %s: %s. See to the storage; the same command goes on."
                  .formatted(request.output(), Secrets.reason(cause)),
              e);
        }
      }
      throw e;
    }
  }

  /** Of damaged files Spark tells in several ways, of which some do but name the file. */
  private boolean isOfReading(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    return cause instanceof IOException
        || cause instanceof ParquetRuntimeException
        || message.contains(READING_FAILED)
        || message.contains(paths.root().toUri().getPath() + "/part-");
  }

  /** The reason, if it is that all rows are errors with one of the errors. */
  private RunException withExample(RunException allErrors) {
    if (allErrors.kind() != RunException.Kind.ALL_ERRORS) {
      return allErrors;
    }
    return new RunException(
        allErrors.kind(),
        "Cannot %s any row: %s (%d of %d rows were tried, and run.max-error-fraction is %s.)"
            .formatted(
                request.verb(),
                exampleError(),
                counts().rows(),
                rows(),
                request.maxErrorFraction()),
        allErrors);
  }

  /**
   * An error of the rows that are there, the first by text; {@code null} if there is none. Reads
   * them all.
   */
  public String exampleError() {
    return readBack(
        written -> written.agg(min(ColumnNames.column(errorColumn))).head().getString(0));
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
    files.delete(of.inputs());
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
        for (Path own : List.of(paths.index(), paths.scratch(), paths.inputs())) {
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
