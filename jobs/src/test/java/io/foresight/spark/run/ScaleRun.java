package io.foresight.spark.run;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** What runs of many short rows cost beside the work itself, on a local cluster. */
final class ScaleRun {

  private ScaleRun() {}

  /** Arguments: numbers of rows, a run each. */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createTempDirectory("foresight-scale");
    System.out.println(
        "| rows | shards | plan s | work s | finish s | ms per shard | us per row | again s | driver heap MiB |");
    System.out.println("|---|---|---|---|---|---|---|---|---|");
    try (SparkSession spark = FakeWork.session("local-cluster[2,1,1024]")) {
      // The first run pays for what every process does once.
      run(spark, folder.resolve("warm"), 2_000, false);
      for (String rows : args) {
        run(spark, folder.resolve(rows), Long.parseLong(rows), true);
      }
    }
  }

  private static void run(SparkSession spark, Path folder, long rows, boolean shown) {
    String input = folder.resolve("input").toString();
    spark
        .range(0, rows, 1, 8)
        .select(concat(lit("r"), col("id")).as("id"), concat(lit("text "), col("id")).as("text"))
        .write()
        .parquet(input);
    RunRequest request =
        FakeWork.request(folder.resolve("out").toString(), 500, Map.of("rows", "" + rows), input);
    double planned;
    double worked;
    double finished;
    long started = System.nanoTime();
    try (Run run = Run.open(spark, request)) {
      Dataset<Row> identified = Identified.rows(spark.read().parquet(input), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> identified);
      planned = seconds(started);
      run.decode(new FakeWork(0), identified.schema());
      worked = seconds(started) - planned;
      run.requireWhole();
      run.finish(new ObjectMapper().createObjectNode().put("rows", run.rows()));
      finished = seconds(started) - planned - worked;
    }
    long again = System.nanoTime();
    FakeWork.run(spark, request, null, 0);
    double answered = seconds(again);
    if (shown) {
      long shards = Math.max(8, rows / 500);
      double all = planned + worked + finished;
      System.out.printf(
          "| %d | %d | %.1f | %.1f | %.1f | %.0f | %.0f | %.2f | %d |%n",
          rows,
          shards,
          planned,
          worked,
          finished,
          1e3 * all / shards,
          1e6 * all / rows,
          answered,
          heap());
    }
  }

  private static long heap() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return (runtime.totalMemory() - runtime.freeMemory()) >> 20;
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }
}
