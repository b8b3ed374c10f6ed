package io.foresight.spark.run;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.RowFault;
import io.foresight.spark.rows.RowFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Work without models: a row's output is its text in capitals. Texts that begin with a word of
 * {@link #call}'s do as it says. With all that a run needs around it.
 */
final class FakeWork implements RowsFunction {

  private static final long serialVersionUID = 1;

  static final StructType INPUT =
      new StructType().add("id", DataTypes.StringType).add("text", DataTypes.StringType);

  static final StructType OUTPUT =
      INPUT
          .add("output", DataTypes.StringType)
          .add("error", DataTypes.StringType)
          .add("error_kind", DataTypes.StringType);

  /** Rows done in this process. */
  static final AtomicInteger DONE = new AtomicInteger();

  private final int millis;

  FakeWork(int millis) {
    this.millis = millis;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public Row next() {
        return done(rows.next());
      }
    };
  }

  private Row done(Row row) {
    DONE.incrementAndGet();
    String[] words = row.<String>getAs("text").split(" ");
    try {
      Thread.sleep(millis);
      switch (words[0]) {
        case "halt" -> Runtime.getRuntime().halt(134);
        case "throw" -> throw new IllegalStateException("the model fails on " + row.getAs("id"));
        case "throw-once" -> {
          if (once(words[1])) {
            throw new IllegalStateException("the device fails");
          }
        }
        case "wait-twice" -> {
          if (begun(Path.of(words[1]))) {
            Thread.sleep(60_000);
          }
        }
        case "bad-then-throw" -> {
          if (Files.exists(Path.of(words[1]))) {
            throw new IllegalStateException("the model fails on " + row.getAs("id"));
          }
          return failed(row, RowFault.Kind.REWARD, "Cannot judge it.");
        }
        case "bad" -> {
          if (!Files.exists(Path.of(words[1]))) {
            return failed(row, RowFault.Kind.REWARD, "Cannot judge it.");
          }
        }
        default -> {}
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("Cannot go on: interrupted.", e);
    }
    return RowFactory.create(
        row.getAs("id"),
        row.getAs("text"),
        row.<String>getAs("text").toUpperCase(java.util.Locale.ROOT),
        null,
        null);
  }

  /** Leaves the executor's name in a folder; whether it is one of the first two. */
  private static boolean begun(Path folder) {
    String[] before = folder.toFile().list();
    return before.length < 2 && once(folder.resolve(SparkEnv.get().executorId()).toString());
  }

  private static boolean once(String marker) {
    try {
      Files.createFile(Path.of(marker));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public Row failed(Row row, RowFault.Kind kind, String message) {
    return RowFactory.create(row.getAs("id"), row.getAs("text"), null, message, kind.spelling());
  }

  /** The request of a run over rows, with its settings. */
  static RunRequest request(
      String output, int shardRows, Map<String, String> settings, String inputFiles) {
    return new RunRequest(
        "fake",
        "do",
        output,
        RowFormat.PARQUET,
        false,
        false,
        false,
        shardRows,
        0.5,
        settings,
        new RunRequest.InputFiles(inputFiles, 1),
        new ObjectMapper().createObjectNode());
  }

  /** Runs it to its end, as jobs do. */
  static void run(SparkSession spark, RunRequest request, Dataset<Row> input, int millis) {
    try (Run run = Run.open(spark, request)) {
      if (!run.isWhole()) {
        run.output(OUTPUT, "error");
        run.plan(() -> Identified.rows(input, "id"));
      }
      if (!run.isWhole()) {
        run.decode(new FakeWork(millis), Identified.rows(input, "id").schema());
        run.requireWhole();
        run.finish(new ObjectMapper().createObjectNode().put("rows", run.rows()));
      }
    }
  }

  /** What tasks of a planned run do, in a scratch folder of its own, with no more attempts. */
  static ShardWork shards(SparkSession spark, Path scratch, int millis) throws IOException {
    Files.createDirectories(scratch.resolve("parts"));
    Path alive = Files.createFile(scratch.resolve("alive"));
    StructType input = Identified.rows(input(spark, Map.of()), "id").schema();
    return new ShardWork(
        RowFiles.parquet(spark, input.asNullable()),
        RowFiles.parquet(spark, InputChanges.INDEX),
        RowFiles.parquet(spark, OUTPUT),
        RowFiles.parquet(spark, OUTPUT),
        new FakeWork(millis),
        OUTPUT.fieldIndex("error"),
        new org.apache.hadoop.fs.Path(scratch.toUri()),
        new org.apache.hadoop.fs.Path(alive.toUri()),
        1);
  }

  static Dataset<Row> input(SparkSession spark, Map<String, String> texts) {
    List<Row> rows =
        texts.entrySet().stream().map(e -> RowFactory.create(e.getKey(), e.getValue())).toList();
    return spark.createDataFrame(rows, INPUT);
  }

  /** Texts by id. */
  static Map<String, String> texts(int from, int to) {
    Map<String, String> texts = new HashMap<>();
    for (int i = from; i < to; i++) {
      texts.put("r" + i, "text " + i);
    }
    return texts;
  }

  /** Session for runs of one process. */
  static SparkSession session(String master) {
    SparkSession session =
        SparkSession.builder()
            .master(master)
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .getOrCreate();
    LocalFiles.use(session.sparkContext().hadoopConfiguration());
    return session;
  }

  /** What a reader sees of an output: outputs or errors by id; fails if an id is there twice. */
  static Map<String, String> read(SparkSession spark, String output) {
    return read(spark, "parquet", output);
  }

  /** The same, of an output of another format. */
  static Map<String, String> read(SparkSession spark, String format, String output) {
    Map<String, String> seen = new HashMap<>();
    for (Row row :
        spark
            .read()
            .schema(OUTPUT)
            .option("__globPaths__", "false")
            .format(format)
            .load(output)
            .collectAsList()) {
      String what = row.isNullAt(3) ? row.getString(2) : row.getString(4) + ": " + row.getString(3);
      if (seen.put(row.getString(0), what) != null) {
        throw new AssertionError("Row " + row.getString(0) + " is there twice.");
      }
    }
    return seen;
  }
}
