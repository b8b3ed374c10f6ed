package io.foresight.jobs.curate;

import com.sun.management.GarbageCollectionNotificationInfo;
import io.foresight.jobs.Main;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

/**
 * What curation costs: the seconds and the memory of one process for a number of rows, with planted
 * duplicates among them. Started by {@code exec:exec@curate}.
 */
final class CurateScale {

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

  /** The most that was in use just after a collection. */
  private static AtomicLong watchHeap() {
    AtomicLong most = new AtomicLong();
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      ((NotificationEmitter) collector)
          .addNotificationListener(
              (notification, handback) -> {
                GarbageCollectionNotificationInfo info =
                    GarbageCollectionNotificationInfo.from(
                        (CompositeData) notification.getUserData());
                long used =
                    info.getGcInfo().getMemoryUsageAfterGc().values().stream()
                        .mapToLong(MemoryUsage::getUsed)
                        .sum();
                most.accumulateAndGet(used, Math::max);
              },
              null,
              null);
    }
    return most;
  }
}
