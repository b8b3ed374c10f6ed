package io.foresight.jobs.curate;

import io.foresight.jobs.Main;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * What curation costs: the seconds and the memory of one process for a number of rows, with planted
 * duplicates among them. Started by {@code exec:exec@curate}.
 */
final class CurateScale {

  private static final long BETWEEN_COLLECTIONS_MS = 3000;

  private CurateScale() {}

  /** Curates as many rows as the first argument says. */
  public static void main(String[] args) throws IOException {
    int rows = Integer.parseInt(args[0]);
    System.setProperty("spark.master", "local[2]");
    System.setProperty("spark.ui.enabled", "false");
    Path folder = Files.createTempDirectory("curate-scale");
    try {
      PlantedRows planted = new PlantedRows(rows, 1, true);
      Path run = planted.write(folder.resolve("run"), 8);
      Path references = planted.writeReferences(folder.resolve("test.txt"));
      planted = null;
      System.gc();
      AtomicLong most = watchHeap();
      long started = System.nanoTime();
      int code =
          Main.run(
              "curate",
              "--input",
              run.toString(),
              "--output",
              folder.resolve("out").toString(),
              "--set",
              "curate.references.path=" + references);
      System.out.printf(
          "| %d | %.0f s | %d MiB | %s | %d |%n",
          rows,
          (System.nanoTime() - started) / 1e9,
          most.get() >> 20,
          Files.readAllLines(Path.of("/proc/self/status")).stream()
              .filter(line -> line.startsWith("VmHWM"))
              .findFirst()
              .orElse("")
              .replaceAll("\\D+(\\d+).*", "$1 KiB"),
          code);
    } finally {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  /**
   * The most that is live: every few seconds all of the heap is collected, and what is left counts.
   */
  private static AtomicLong watchHeap() {
    AtomicLong most = new AtomicLong();
    Thread watch =
        new Thread(
            () -> {
              while (true) {
                System.gc();
                most.accumulateAndGet(
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(), Math::max);
                try {
                  Thread.sleep(BETWEEN_COLLECTIONS_MS);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                  return;
                }
              }
            },
            "heap-watch");
    watch.setDaemon(true);
    watch.start();
    return most;
  }
}
