package io.foresight.spark.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job's output that is made of all rows at once, and so cannot be cut into shards as a {@link
 * Run} is: it has a run's identity, lease, {@code run.json} and {@code _SUCCESS}, and is made stage
 * by stage in {@code _foresight/tmp}. A run that is killed goes on behind the last stage that was
 * whole. What is to be seen is built there, too, and takes its names when all of it is there, so
 * that nothing is visible that is not whole and final. Lives on the driver; of one thread.
 */
public final class StagedRun implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StagedRun.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** In a stage's folder: its rows are all there. */
  private static final String STAGE_DONE = "_DONE";

  private final SparkSession spark;
  private final RunRequest request;
  private final RunFiles files;
  private final Lease lease;
  private final RunPaths home;
  private final boolean made;
  private RunPaths paths;
  private Manifest manifest;
  private boolean whole;
  private boolean resumed;

  private StagedRun(
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
  public static StagedRun open(SparkSession spark, RunRequest request) {
    Configuration configuration = spark.sparkContext().hadoopConfiguration();
    return Run.stored(
        request,
        () -> {
          RunPaths home = Run.home(request, configuration);
          RunFiles files = RunFiles.of(home.root(), configuration);
          files.requireWritable(home.root());
          boolean made = !files.exists(home.root());
          Lease lease = Lease.take(files, home.leases(), request.output(), Lease.Timing.DEFAULT);
          StagedRun run = new StagedRun(spark, request, files, lease, home, made);
          try {
            run.find();
            return run;
          } catch (IOException | RuntimeException e) {
            run.close();
            throw e;
          }
        });
  }

  private <T> T stored(StorageFault.Access<T> access) {
    return Run.stored(request, access);
  }

  private void find() throws IOException {
    // Runs that were killed while they took their names: nothing is missing of them.
    for (RunPaths begun : List.of(home.next(), home)) {
      if (files.exists(ready(begun))) {
        publish(begun);
      }
    }
    Manifest there = Manifest.read(files, home);
    boolean finished = there != null && files.exists(home.success());
    paths = home;
    if (finished || (there == null && holdsSomething()) || isOfAnotherJob(there)) {
      if (finished && there.isOf(request.identity(), request.input()) && !request.overwrite()) {
        manifest = there;
        whole = true;
        files.delete(home.scratch());
        files.delete(home.next().root());
        return;
      }
      if (!request.overwrite()) {
        throw taken(there);
      }
      paths = home.next();
      there = Manifest.read(files, paths);
    }
    if (there != null && there.isOf(request.identity(), request.input())) {
      manifest = there;
      resumed = true;
      return;
    }
    // Of an unfinished run nothing is visible, so that another one may take its place.
    files.delete(paths.equals(home) ? home.scratch() : paths.root());
    files.makeFolder(paths.scratch());
    manifest = Manifest.of(request);
    manifest.input(request.input().fingerprint(), 0, "");
    manifest.write(files, paths);
  }

  private boolean holdsSomething() throws IOException {
    for (FileStatus status : files.list(home.root())) {
      if (!status.getPath().getName().equals(home.hidden().getName())) {
        return true;
      }
    }
    return false;
  }

  private boolean isOfAnotherJob(Manifest there) {
    return there != null && !request.job().equals(there.identity().get("job"));
  }

  private RunException taken(Manifest there) {
    if (there == null) {
      return Run.taken(
          request,
          "it exists and is not empty, and no run that could go on wrote it. Give another --output, or --overwrite");
    }
    List<String> differences = there.differences(request.identity());
    return Run.taken(
        request,
        differences.isEmpty()
            ? "it was made of files that have changed since. Give another --output, or --overwrite"
            : "it holds another run:\n  %s\nGive another --output, the old settings, or --overwrite"
                .formatted(String.join("\n  ", differences)));
  }

  /** Whether all of it is there, and nothing is to be done. */
  public boolean isWhole() {
    return whole;
  }

  /** Whether this run goes on with one that was not finished. */
  public boolean isResumed() {
    return resumed;
  }

  /** A part of {@code run.json} as it is now; missing if there is none. */
  public JsonNode described(String name) {
    JsonNode there = manifest.get(name);
    return there == null ? MissingNode.getInstance() : there;
  }

  /**
   * The rows of a stage, made once: a run that goes on finds those of the stages that were whole.
   *
   * @param name of the stage, which a run has once
   * @param rows asked for only if the stage is not there; every call for the same run gives the
   *     same
   */
  public Dataset<Row> stage(String name, Supplier<Dataset<Row>> rows) {
    lease.require(request.output());
    Path folder = new Path(paths.scratch(), name);
    Path done = new Path(folder, STAGE_DONE);
    if (!stored(() -> files.exists(done))) {
      long started = System.nanoTime();
      rows.get().write().mode(SaveMode.Overwrite).parquet(folder.toString());
      LOG.info("Stage {} took {} ms.", name, (System.nanoTime() - started) / 1_000_000);
      lease.require(request.output());
      stored(
          () -> {
            files.writeMark(done, new byte[0]);
            return null;
          });
    }
    return spark.read().option("__globPaths__", "false").parquet(folder.toString());
  }

  /** A folder for what a stage needs on its way; empty, and gone when the run is whole. */
  public Path scratch(String name) {
    return stored(
        () -> {
          Path folder = new Path(paths.scratch(), name + "-work");
          files.delete(folder);
          files.makeFolder(folder);
          return folder;
        });
  }

  /** Begins with what is to be seen; what was built of it before is gone. */
  public void build() {
    stored(
        () -> {
          files.delete(product(paths));
          files.makeFolder(product(paths));
          return null;
        });
  }

  /**
   * Takes the files that Spark wrote to a folder as one of the output, by names that are the same
   * in each run: {@code part-00000-of-00004} and what the format's names end with.
   *
   * @param written by this run, in {@link #scratch}
   * @param name of the folder in the output
   */
  public void take(Path written, String name) {
    lease.require(request.output());
    stored(
        () -> {
          Path folder = new Path(product(paths), name);
          files.makeFolder(folder);
          List<String> parts =
              files.list(written).stream()
                  .map(status -> status.getPath().getName())
                  .filter(part -> part.startsWith("part-"))
                  .sorted()
                  .toList();
          for (int i = 0; i < parts.size(); i++) {
            String part = parts.get(i);
            // Spark's own names of JSON lines do not say that they are lines.
            String end = part.substring(part.indexOf('.')).replaceFirst("^\\.json\\b", ".jsonl");
            files.commit(
                new Path(written, part),
                new Path(folder, "part-%05d-of-%05d%s".formatted(i, parts.size(), end)));
          }
          return null;
        });
  }

  /** Writes a small file of the output. */
  public void write(String name, String text) {
    stored(
        () -> {
          files.writeMark(new Path(product(paths), name), text.getBytes(StandardCharsets.UTF_8));
          return null;
        });
  }

  /** Lets all that was built be seen; an output that it replaces goes. */
  public void finish(JsonNode figures) {
    lease.require(request.output());
    stored(
        () -> {
          manifest.set("summary", figures);
          manifest.write(files, paths);
          Set<String> names = new TreeSet<>();
          files.list(product(paths)).forEach(status -> names.add(status.getPath().getName()));
          files.writeMark(ready(paths), JSON.writeValueAsBytes(names));
          publish(paths);
          whole = true;
          return null;
        });
  }

  private static Path product(RunPaths of) {
    return new Path(of.scratch(), "output");
  }

  /** Lists what was built; there when it is all there. */
  private static Path ready(RunPaths of) {
    return new Path(of.scratch(), "ready.json");
  }

  /** May be done again from any point at which it was ended. */
  private void publish(RunPaths of) throws IOException {
    Set<String> names = new TreeSet<>();
    JSON.readTree(files.read(ready(of))).forEach(name -> names.add(name.asText()));
    Manifest built = Manifest.read(files, of);
    if (built == null) {
      throw new IOException("run.json of what is built is gone");
    }
    files.delete(home.success());
    for (FileStatus status : files.list(home.root())) {
      String name = status.getPath().getName();
      boolean old = !names.contains(name) || files.exists(new Path(product(of), name));
      if (old && !name.equals(home.hidden().getName())) {
        files.delete(status.getPath());
      }
    }
    for (String name : names) {
      Path from = new Path(product(of), name);
      if (files.exists(from)) {
        files.move(from, new Path(home.root(), name));
      }
    }
    built.state("finished");
    built.write(files, home);
    files.writeMark(home.success(), new byte[0]);
    // The list last: without it nothing says that this is to be gone on with.
    files.delete(of.scratch());
    files.delete(home.next().root());
    // What an older run of another kind kept.
    files.delete(home.index());
    files.delete(home.inputs());
    manifest = built;
    paths = home;
  }

  /** Gives up a run that cannot be: nothing of it stays. */
  public void abandon() {
    stored(
        () -> {
          files.delete(paths.equals(home) ? home.scratch() : paths.root());
          if (paths.equals(home)) {
            files.delete(home.manifest());
          }
          manifest = null;
          return null;
        });
  }

  /** For whom it is interrupted. */
  public String howToGoOn() {
    return "%s is not finished; the same command goes on with it.".formatted(request.output());
  }

  @Override
  public void close() {
    lease.close();
    try {
      files.deleteIfEmpty(home.leases());
      if (manifest == null) {
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
