package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {

  private static final Lease.Timing SHORT =
      new Lease.Timing(Duration.ofMillis(100), Duration.ofMillis(700));

  @TempDir java.nio.file.Path temporary;

  private RunFiles files;
  private Path folder;

  @BeforeEach
  void folder() throws IOException {
    folder = new Path(temporary.resolve("leases").toString());
    files = RunFiles.of(folder, new Configuration());
  }

  private Lease take() throws IOException {
    return Lease.take(files, folder, "out", SHORT);
  }

  @Test
  void ofManyWhoWantItAtTheSameTimeOneGetsIt() throws Exception {
    int drivers = 8;
    ExecutorService threads = Executors.newFixedThreadPool(drivers);
    for (int round = 0; round < 20; round++) {
      CyclicBarrier together = new CyclicBarrier(drivers);
      List<Future<Lease>> wanted = new ArrayList<>();
      for (int i = 0; i < drivers; i++) {
        wanted.add(
            threads.submit(
                () -> {
                  together.await();
                  try {
                    return take();
                  } catch (RunException e) {
                    assertThat(e.kind()).isEqualTo(RunException.Kind.HELD);
                    return null;
                  }
                }));
      }
      Lease held = null;
      for (Future<Lease> future : wanted) {
        Lease lease = future.get();
        if (lease != null) {
          assertThat(held).as("round " + round).isNull();
          held = lease;
        }
      }
      assertThat(held).as("round " + round).isNotNull();
      held.close();
    }
    threads.shutdown();
  }

  @Test
  void aSecondOneIsRefusedWhileTheFirstLives() throws Exception {
    Lease first = take();
    Thread.sleep(2 * SHORT.expiry().toMillis());
    assertThatThrownBy(this::take)
        .isInstanceOf(RunException.class)
        .hasMessageContaining("the run of process " + ProcessHandle.current().pid());
    first.require("out");
    first.close();
    take().close();
    assertThat(temporary.resolve("leases")).isEmptyDirectory();
  }

  private java.nio.file.Path left(String content) throws IOException {
    Files.createDirectories(temporary.resolve("leases"));
    return Files.writeString(temporary.resolve("leases/other.json"), content);
  }

  @Test
  void oneOfAnotherHostRunsOut() throws Exception {
    left("{\"state\": \"held\", \"host\": \"elsewhere\", \"pid\": 1, \"place\": \"another\"}");
    assertThatThrownBy(this::take).hasMessageContaining("process 1 on elsewhere");
    Thread.sleep(4 * SHORT.beat().toMillis());
    // It has missed its renewals, so it is waited for.
    take().close();
    assertThat(temporary.resolve("leases/other.json")).doesNotExist();
  }

  @Test
  void oneOfAProcessThatHasEndedIsTakenOverAtOnce() throws Exception {
    Lease alive = take();
    String content;
    try (var listed = Files.list(temporary.resolve("leases"))) {
      content = Files.readString(listed.findFirst().orElseThrow());
    }
    alive.close();
    // A process number that was given out again since.
    left(
        content
            .replaceAll(
                "\"pid\" : \\d+",
                "\"pid\" : " + ProcessHandle.current().parent().orElseThrow().pid())
            .replaceAll("\"process\" : \"[^\"]*\"", "\"process\" : \"2001-01-01T00:00:00Z\""));
    long started = System.nanoTime();
    take().close();
    assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(SHORT.expiry());
  }

  @Test
  void whoRenewsWhatAnotherTookOverHasLostIt() throws Exception {
    Lease lost = take();
    // Its own file is there again, since a late renewal wrote it.
    left("{\"state\": \"held\", \"host\": \"elsewhere\", \"pid\": 1, \"place\": \"another\"}");
    Thread.sleep(5 * SHORT.beat().toMillis());
    Files.delete(temporary.resolve("leases/other.json"));
    Thread.sleep(5 * SHORT.beat().toMillis());
    assertThatThrownBy(() -> lost.require("out")).hasMessageContaining("another one took over");
    lost.close();
  }

  @Test
  void whoTookItOverKeepsItWhenTheOldOneIsRenewed() throws Exception {
    String old =
        "{\"state\": \"held\", \"host\": \"elsewhere\", \"pid\": 1, \"place\": \"another\"}";
    Files.setLastModifiedTime(left(old), FileTime.fromMillis(0));
    Lease held = take();
    assertThat(left(old)).exists();
    Thread.sleep(5 * SHORT.beat().toMillis());
    held.require("out");
    held.close();
  }

  private static Configuration failing() {
    Configuration configuration = new Configuration();
    configuration.set("fs.failing.impl", FailingFileSystem.class.getName());
    return configuration;
  }

  @Test
  void aRenewalUnderWayLeavesNothingBehindWhenItIsGivenBack() throws Exception {
    CountDownLatch renewing = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    FailingFileSystem.before(
        () -> {
          if (Thread.currentThread().getName().equals("foresight-lease")) {
            renewing.countDown();
            awaitWhateverComes(goOn);
          }
        });
    try {
      Path slow = new Path("failing://" + temporary.resolve("slow"));
      Lease lease = Lease.take(RunFiles.of(slow, failing()), slow, "out", SHORT);
      renewing.await();
      Thread closing = new Thread(lease::close);
      closing.start();
      closing.join(1000);
      goOn.countDown();
      closing.join();
      while (Thread.getAllStackTraces().keySet().stream()
          .anyMatch(thread -> thread.getName().equals("foresight-lease"))) {
        Thread.sleep(20);
      }
      assertThat(temporary.resolve("slow")).isEmptyDirectory();
    } finally {
      FailingFileSystem.before(() -> {});
    }
  }

  /** As a write does that is on its way through a network. */
  private static void awaitWhateverComes(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends while it holds a lease in the folder that it is given. */
  static final class Ending {

    private Ending() {}

    public static void main(String[] args) throws IOException {
      Path leases = new Path("failing://" + args[0]);
      Lease lease = Lease.take(RunFiles.of(leases, failing()), leases, "out", Lease.Timing.DEFAULT);
      lease.require("out");
      // Longer than Hadoop takes to close its file systems.
      FailingFileSystem.before(
          () -> {
            try {
              Thread.sleep(1000);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      System.exit(0);
    }
  }

  @Test
  void aProcessThatEndsGivesItBackBeforeFileSystemsAreClosed() throws Exception {
    java.nio.file.Path leases = temporary.resolve("ending");
    Process process =
        new ProcessBuilder(
                java.nio.file.Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Ending.class.getName(),
                leases.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(leases).as(said).isEmptyDirectory();
  }

  @Test
  void whoLostItIsTold() throws Exception {
    Lease lost = take();
    try (var listed = Files.list(temporary.resolve("leases"))) {
      Files.delete(listed.findFirst().orElseThrow());
    }
    Thread.sleep(5 * SHORT.beat().toMillis());
    assertThatThrownBy(() -> lost.require("out"))
        .isInstanceOf(RunException.class)
        .hasMessageContaining("another one took over");
    lost.close();
  }
}
