package io.foresight.spark.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A driver's right to an output, for as long as it lives. Each driver that wants it writes a file
 * of its own into one folder and then lists the folder: of two, the one that wrote later sees the
 * other, so that two can never both see nobody. That needs nothing of the file system but listings
 * that are up to date, which object stores have too. A lease whose file has not been renewed for
 * {@link Timing#expiry} has run out, by the file system's own clock; one whose process is seen to
 * be gone, from the same host, at once. A driver that was late and renews a lease that ran out
 * finds who took it over, and has lost it.
 */
final class Lease implements AutoCloseable {

  /**
   * How often leases are renewed.
   *
   * @param beat between renewals
   * @param expiry after the last renewal, until another may take over
   */
  record Timing(Duration beat, Duration expiry) {
    static final Timing DEFAULT = new Timing(Duration.ofSeconds(5), Duration.ofSeconds(60));
  }

  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TRIES = 60;

  /** For a renewal that is under way to end; storage may answer late, or never. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  /**
   * Before Hadoop closes its file systems, and after Spark, whose tasks write to the output, has
   * ended.
   */
  private static final int HOOK_PRIORITY = FileSystem.SHUTDOWN_HOOK_PRIORITY + 20;

  private static final String PLACE = place();

  /** Owners of this process that hold a lease. */
  private static final Set<String> OWN = ConcurrentHashMap.newKeySet();

  private final RunFiles files;
  private final Path folder;
  private final Path file;
  private final Timing timing;
  private final String owner;

  /** Files of leases that ran out and were removed for this one; their drivers may not know yet. */
  private final Set<String> succeeded = ConcurrentHashMap.newKeySet();

  private final ObjectNode content = JSON.createObjectNode();
  private final Runnable hook = this::release;
  private ScheduledExecutorService beats;
  private ScheduledFuture<?> renewals;
  private volatile boolean lost;

  private Lease(RunFiles files, Path folder, Timing timing) {
    this.files = files;
    this.folder = folder;
    this.timing = timing;
    owner = UUID.randomUUID().toString();
    this.file = new Path(folder, owner + ".json");
    content
        .put("owner", owner)
        .put("host", host())
        .put("pid", ProcessHandle.current().pid())
        .put("place", PLACE)
        .put("process", process(ProcessHandle.current()))
        .put("since", Instant.now().toString());
  }

  /**
   * Takes the lease.
   *
   * @param folder of the leases, below the output
   * @param output what to call the output
   * @throws RunException of kind HELD if another driver has it
   */
  static Lease take(RunFiles files, Path folder, String output, Timing timing) throws IOException {
    Lease lease = new Lease(files, folder, timing);
    for (int i = 0; i < TRIES; i++) {
      Holder other;
      try {
        files.makeFolder(folder);
        lease.write("trying");
        other = lease.other();
        if (other == null) {
          OWN.add(lease.owner);
          lease.write("held");
          lease.beat();
          return lease;
        }
      } catch (NoSuchFileException e) {
        // The last one who held it took the folder away in between.
        continue;
      } catch (IOException | RuntimeException e) {
        // Whatever of it is there must not keep others out.
        OWN.remove(lease.owner);
        files.delete(lease.file);
        throw e;
      }
      files.delete(lease.file);
      if (other.holds() && other.age().compareTo(timing.beat().multipliedBy(3)) < 0) {
        throw held(output, other);
      }
      // One that also tries may give way; one that missed its renewals runs out soon.
      pause(
          other.holds() ? timing.beat().toMillis() : 1 + ThreadLocalRandom.current().nextLong(400));
    }
    throw new RunException(
        RunException.Kind.HELD,
        "Cannot write output %s: other runs try to write it at the same time. Start one of them again."
            .formatted(output));
  }

  /** Who holds an output; {@code null} if nobody does. Takes nothing. */
  static String holder(RunFiles files, Path folder, Timing timing) throws IOException {
    long now = System.currentTimeMillis();
    for (FileStatus other : files.list(folder)) {
      JsonNode said = said(files, other.getPath());
      if (said != null
          && !gone(said)
          && now - other.getModificationTime() < timing.expiry().toMillis()) {
        return "process %s on %s".formatted(said.path("pid").asText(), said.path("host").asText());
      }
    }
    return null;
  }

  private static RunException held(String output, Holder other) {
    return new RunException(
        RunException.Kind.HELD,
        "Cannot write output %s: the run of process %s on %s, started %s, is writing it. Wait until it ends, or give another --output."
            .formatted(
                output,
                other.said().path("pid").asText("unknown"),
                other.said().path("host").asText("another host"),
                other.said().path("since").asText("at an unknown time")));
  }

  private record Holder(JsonNode said, Duration age) {

    boolean holds() {
      // A file that is being written has no state yet.
      return !"trying".equals(said.path("state").asText());
    }
  }

  /** The most settled of the others; leases that have run out are removed. */
  private Holder other() throws IOException {
    long now = files.modified(file);
    Holder found = null;
    for (FileStatus status : files.list(folder)) {
      if (status.getPath().getName().equals(file.getName())
          || !status.getPath().getName().endsWith(".json")) {
        continue;
      }
      JsonNode said = said(files, status.getPath());
      if (said == null) {
        continue;
      }
      Holder other =
          new Holder(said, Duration.ofMillis(Math.max(0, now - status.getModificationTime())));
      if (gone(said) || other.age().compareTo(timing.expiry()) > 0) {
        LOG.info("Removing the lease of process {}, which has ended.", said.path("pid"));
        succeeded.add(status.getPath().getName());
        files.delete(status.getPath());
      } else if (found == null || other.holds()) {
        found = other;
      }
    }
    return found;
  }

  /** What a lease says; nothing if it is being written, {@code null} if it is gone. */
  private static JsonNode said(RunFiles files, Path path) throws IOException {
    byte[] bytes = files.read(path);
    if (bytes == null) {
      return null;
    }
    try {
      JsonNode said = JSON.readTree(bytes);
      return said == null ? JSON.createObjectNode() : said;
    } catch (IOException e) {
      return JSON.createObjectNode().put("unreadable", e.getMessage());
    }
  }

  /** Whether it is of a process of this host that has ended, or of this one, which gave it up. */
  private static boolean gone(JsonNode said) {
    if (!said.path("place").asText("").equals(PLACE)) {
      return false;
    }
    long pid = said.path("pid").asLong();
    if (pid == ProcessHandle.current().pid()) {
      return said.path("state").asText().equals("held")
          && !OWN.contains(said.path("owner").asText());
    }
    return ProcessHandle.of(pid)
        .filter(alive -> process(alive).equals(said.path("process").asText()))
        .isEmpty();
  }

  private static String process(ProcessHandle handle) {
    return handle.info().startInstant().map(Instant::toString).orElse("");
  }

  /** The kernel and the space of process numbers in which this process has its own. */
  private static String place() {
    try {
      return Files.readString(java.nio.file.Path.of("/proc/sys/kernel/random/boot_id")).strip()
          + " "
          + Files.readSymbolicLink(java.nio.file.Path.of("/proc/self/ns/pid"));
    } catch (IOException e) {
      // No Linux: nobody else's process is taken for one of this host.
      return "unknown " + UUID.randomUUID();
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (IOException e) {
      return "a host without a name";
    }
  }

  private void write(String state) throws IOException {
    content.put("state", state);
    files.writeWhole(
        file,
        content.toPrettyString().getBytes(StandardCharsets.UTF_8),
        new Path(folder, "." + file.getName() + ".tmp"));
  }

  private void beat() {
    beats =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              Thread thread = new Thread(work, "foresight-lease");
              thread.setDaemon(true);
              return thread;
            });
    long millis = timing.beat().toMillis();
    renewals = beats.scheduleAtFixedRate(this::renew, millis, millis, TimeUnit.MILLISECONDS);
    try {
      ShutdownHookManager.get().addShutdownHook(hook, HOOK_PRIORITY);
    } catch (IllegalStateException e) {
      // The process is ending: nothing is to be held any more.
      endRenewals();
      throw e;
    }
  }

  private void renew() {
    if (lost) {
      return;
    }
    try {
      if (!files.exists(file)) {
        lost = true;
        return;
      }
      write("held");
      if (isTaken()) {
        lost = true;
      }
    } catch (IOException | RuntimeException e) {
      // The next one may get through; if none does, the lease runs out.
      LOG.warn("Cannot renew the lease {}: {}", file, e.toString());
    }
  }

  /** Whether another one holds the output: it came when this lease had run out. */
  private boolean isTaken() throws IOException {
    for (FileStatus status : files.list(folder)) {
      String name = status.getPath().getName();
      if (name.endsWith(".json") && !name.equals(file.getName()) && !succeeded.contains(name)) {
        JsonNode said = said(files, status.getPath());
        if (said != null && "held".equals(said.path("state").asText()) && !gone(said)) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * Checks that this driver has it still.
   *
   * @throws RunException of kind HELD if another one took it over
   */
  void require(String output) {
    if (lost) {
      throw new RunException(
          RunException.Kind.HELD,
          "Cannot go on with output %s: this run did not renew its lease in time, and another one took over. What was written is kept."
              .formatted(output));
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RunException(
          RunException.Kind.INTERRUPTED, "Cannot wait for the output: the run was interrupted.", e);
    }
  }

  private void release() {
    OWN.remove(owner);
    // A renewal that is under way would write the file again that is deleted here.
    endRenewals();
    try {
      files.delete(file);
    } catch (IOException | RuntimeException e) {
      LOG.warn("Cannot remove the lease {}: {}", file, e.toString());
    }
  }

  private void endRenewals() {
    renewals.cancel(false);
    beats.shutdown();
    boolean interrupted = false;
    long end = System.nanoTime() + GRACE.toNanos();
    while (!beats.isTerminated()) {
      try {
        if (!beats.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          LOG.warn("A renewal of the lease {} does not end, and may leave it behind.", file);
          break;
        }
      } catch (InterruptedException e) {
        // Whoever interrupts a run wants its lease gone all the same.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    try {
      ShutdownHookManager.get().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook releases it.
      return;
    }
    release();
  }
}
