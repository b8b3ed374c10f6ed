package io.foresight.spark;

import static io.foresight.decoding.DecodingSettings.STRATEGY;

import io.foresight.engine.EngineSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.train.TinyModels;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The memory that an executor takes beside its heap, job after job: its resident memory less the
 * heap, all of which is touched when the JVM starts, so that the difference is exact. Linux only.
 */
final class MemorySoak {

  private static final int HEAP_MIB = 1024;
  private static final int SLOTS = 2;
  private static final List<String> STRATEGIES = List.of("greedy", "cdlh", "cdsl", "cdsl-tree");

  private MemorySoak() {}

  /**
   * Arguments: minutes; rows per job; layers and width of a random pair, or 0 for the example pair;
   * the caches' memory in MiB; words per prompt.
   */
  public static void main(String[] args) throws Exception {
    Duration time = Duration.ofMinutes(Long.parseLong(args[0]));
    int rows = Integer.parseInt(args[1]);
    int layers = Integer.parseInt(args[2]);
    int width = Integer.parseInt(args[3]);
    long cache = Long.parseLong(args[4]) << 20;
    int words = Integer.parseInt(args[5]);
    Path folder = Files.createTempDirectory("foresight-soak");
    GenerationSettings settings =
        (layers == 0
                ? GenerationSettings.of(example("target"), example("draft"))
                : GenerationSettings.of(
                    TinyModels.write(folder.resolve("target"), 1, layers, width).toString(),
                    TinyModels.write(folder.resolve("draft"), 2, 1, 64).toString()))
            .with(EngineSettings.CACHE_MEMORY, cache);
    try (SparkSession spark =
        ClusterTest.session(
            "local-cluster[1,%d,2048]".formatted(SLOTS),
            Map.of(
                "spark.executor.memory",
                HEAP_MIB + "m",
                "spark.executor.extraJavaOptions",
                "-Xms%dm -XX:+AlwaysPreTouch -Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true"
                    .formatted(HEAP_MIB)))) {
      Dataset<Row> input =
          spark
              .range(0, rows, 1, 2)
              .selectExpr(
                  "cast(id as string) as id",
                  "array_repeat(element_at(array('dog', 'park', 'ball', 'snow'), cast(id %% 4 + 1 as int)), %d) as concepts"
                      .formatted(words));
      // Executors start when there is something to do.
      input.count();
      System.out.println("| strategy | minute | MiB beside the heap at the job's end | most |");
      System.out.println("|---|---|---|---|");
      ProcessHandle executor = executor();
      soak(input, settings, time, executor.pid());
    }
  }

  private static String example(String model) {
    return Path.of("examples", model).toAbsolutePath().toString();
  }

  private static void soak(
      Dataset<Row> input, GenerationSettings settings, Duration time, long executor)
      throws InterruptedException {
    AtomicLong most = new AtomicLong();
    Thread sampling =
        new Thread(
            () -> {
              try {
                while (true) {
                  most.accumulateAndGet(besideHeap(executor), Math::max);
                  Thread.sleep(200);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    sampling.setDaemon(true);
    sampling.start();
    long started = System.nanoTime();
    long all = 0;
    for (int job = 0; System.nanoTime() - started < time.toNanos(); job++) {
      String strategy = STRATEGIES.get(job % STRATEGIES.size());
      List<Row> errors =
          Foresight.generate(input, settings.with(Settings.defaults().with(STRATEGY, strategy)))
              .filter("status = 'error'")
              .collectAsList();
      if (!errors.isEmpty()) {
        throw new IllegalStateException(errors.get(0).<String>getAs("error"));
      }
      long peak = most.getAndSet(0);
      all = Math.max(all, peak);
      System.out.printf(
          "| %s | %.1f | %d | %d |%n",
          strategy, (System.nanoTime() - started) / 6e10, besideHeap(executor), peak);
    }
    sampling.interrupt();
    sampling.join();
    System.out.printf("| all | | | %d |%n", all);
  }

  private static ProcessHandle executor() {
    return ProcessHandle.current()
        .descendants()
        .filter(process -> process.info().command().orElse("").endsWith("java"))
        .findFirst()
        .orElseThrow();
  }

  private static long besideHeap(long pid) {
    try {
      return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> (Long.parseLong(line.replaceAll("\\D", "")) >> 10) - HEAP_MIB)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new IllegalStateException("Cannot read the executor's memory: it has ended.", e);
    }
  }
}
