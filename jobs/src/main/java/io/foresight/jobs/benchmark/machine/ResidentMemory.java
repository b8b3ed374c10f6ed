package io.foresight.jobs.benchmark.machine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The process's resident memory at the start, middle and end of the measured rows. */
public final class ResidentMemory {

  private static final Path STATUS = Path.of("/proc/self/status");

  /** Mebibytes of the process, and of the Java heap that is part of it. */
  record Taken(long rss, long heap) {

    static Taken now() {
      return new Taken(rssNow(), Runtime.getRuntime().totalMemory() >> 20);
    }

    private static long rssNow() {
      try {
        return Files.readAllLines(STATUS).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) >> 10)
            .findFirst()
            .orElse(-1);
      } catch (IOException e) {
        // Not on Linux.
        return -1;
      }
    }

    @Override
    public String toString() {
      return rss < 0 ? "unknown" : "%d MiB (Java heap %d)".formatted(rss, heap);
    }
  }

  private Taken start;
  private Taken middle;
  private Taken end;

  /**
   * Notes what is taken now.
   *
   * @param share of the rows that are done
   */
  public void note(double share) {
    Taken now = Taken.now();
    if (start == null) {
      start = now;
    }
    if (middle == null && share >= 0.5) {
      middle = now;
    }
    end = now;
  }

  public ObjectNode json() {
    return new ObjectMapper()
        .createObjectNode()
        .put("start", start.rss())
        .put("middle", middle.rss())
        .put("end", end.rss());
  }

  public String text() {
    return "Resident memory at the start of the measured rows %s, in the middle %s, at the end %s.%n"
        .formatted(start, middle, end);
  }
}
