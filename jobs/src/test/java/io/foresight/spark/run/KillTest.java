package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.Main;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Drivers and executors that are killed at random moments, while a reader looks. As many times as
 * {@code -Dforesight.kills} says, in all.
 */
class KillTest {

  private static final int KILLS = Integer.getInteger("foresight.kills", 20);

  /** Those that meet executors of a local cluster, which takes its time to start. */
  private static final int EXECUTOR_KILLS = Math.max(1, KILLS / 10);

  /** Those that meet a real job with real models. */
  private static final int GENERATE_KILLS = Math.max(1, KILLS / 5);

  private static final int OVERWRITE_KILLS = Math.max(1, KILLS / 4);

  private static final int DRIVER_KILLS =
      Math.max(1, KILLS - EXECUTOR_KILLS - GENERATE_KILLS - OVERWRITE_KILLS);

  /** Times that two drivers start together. */
  private static final int PAIRS = Integer.getInteger("foresight.driver-pairs", 1);

  private static final int ROWS = 160;
  private static final int GENERATED_ROWS = 60;

  /** Long enough that a kill meets the work, beside a start of some seconds. */
  private static final int MILLIS_PER_ROW = 25;

  @TempDir static Path temporary;

  private static final Random RANDOM = new Random(15);
  private static SparkSession spark;
  private static Map<String, String> done;
  private static String input;
  private static File log;

  @BeforeAll
  static void input() {
    spark = FakeWork.session("local[2]");
    Map<String, String> texts = FakeWork.texts(0, ROWS);
    done = new HashMap<>();
    texts.forEach((id, text) -> done.put(id, text.toUpperCase(Locale.ROOT)));
    input = temporary.resolve("input").toString();
    FakeWork.input(spark, texts).write().parquet(input);
    log = temporary.resolve("drivers.log").toFile();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Process start(String master, String output, int millis, String... more)
      throws IOException {
    List<String> args = new ArrayList<>(List.of(master, output, input, "10", "" + millis));
    args.addAll(List.of(more));
    return RunProcess.start(RunProcess.class, log, args.toArray(String[]::new));
  }

  private static void kill(ProcessHandle process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /** Looks at an output all the time: what is there is right, and only once. */
  private static final class Reader extends Thread {

    private final String output;
    private final AtomicReference<Throwable> wrong = new AtomicReference<>();
    private volatile boolean ended;
    private int most;
    private int looks;

    Reader(String output) {
      this.output = output;
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      try {
        while (!ended) {
          if (Files.exists(Path.of(output))) {
            look();
          }
          Thread.sleep(50);
        }
      } catch (Throwable e) {
        wrong.set(e);
      }
    }

    private void look() {
      boolean all = Files.exists(Path.of(output, "_SUCCESS"));
      Map<String, String> seen = FakeWork.read(spark, output);
      assertThat(done).containsAllEntriesOf(seen);
      assertThat(seen.size()).as("rows go away").isGreaterThanOrEqualTo(most);
      assertThat(all && seen.size() < done.size()).as("too early a _SUCCESS").isFalse();
      most = seen.size();
      looks++;
    }

    void finish() throws InterruptedException {
      ended = true;
      join();
      assertThat(wrong.get()).isNull();
      assertThat(looks).isPositive();
    }
  }

  private static String said() throws IOException {
    return Files.readString(log.toPath());
  }

  @Test
  void driversKilledAtRandomMomentsLoseNothing() throws Exception {
    int kills = 0;
    int runs = 0;
    while (kills < DRIVER_KILLS) {
      String output = temporary.resolve("killed-" + runs++).toString();
      Reader reader = new Reader(output);
      while (true) {
        Process driver = start("local[2]", output, MILLIS_PER_ROW);
        // When there were enough, it is let finish, however slow the machine.
        int most = kills < DRIVER_KILLS ? 500 + RANDOM.nextInt(6000) : 600_000;
        if (driver.waitFor(most, TimeUnit.MILLISECONDS)) {
          assertThat(driver.exitValue()).as(said()).isZero();
          break;
        }
        kill(driver.toHandle());
        driver.waitFor();
        kills++;
      }
      reader.finish();
      assertThat(FakeWork.read(spark, output)).isEqualTo(done);
      assertThat(Path.of(output, "_SUCCESS")).exists();
    }
  }

  /** A job with its models: what comes out is what comes out undisturbed. */
  @Test
  void generateKilledAtRandomMomentsWritesTheSameRows() throws Exception {
    List<String> undisturbed = null;
    for (int kills = -1; undisturbed == null || kills < GENERATE_KILLS; ) {
      String output = temporary.resolve("generated-" + kills).toString();
      boolean ended = false;
      while (!ended) {
        Process driver = generate(output);
        int most =
            undisturbed != null && kills < GENERATE_KILLS ? 2000 + RANDOM.nextInt(10_000) : 600_000;
        ended = driver.waitFor(most, TimeUnit.MILLISECONDS);
        if (!ended) {
          kill(driver.toHandle());
          driver.waitFor();
          kills++;
        } else {
          assertThat(driver.exitValue()).as(said()).isZero();
        }
      }
      List<String> rows =
          spark
              .read()
              .parquet(output)
              .withColumn(
                  "counters", functions.col("counters").withField("millis", functions.lit(0L)))
              .withColumn("log_prob", functions.round(functions.col("log_prob"), 3))
              .orderBy("id")
              .toJSON()
              .collectAsList();
      if (undisturbed == null) {
        undisturbed = rows;
        kills = 0;
      }
      assertThat(rows).hasSize(GENERATED_ROWS).isEqualTo(undisturbed);
    }
  }

  private static Process generate(String output) throws IOException {
    return RunProcess.start(
        Main.class,
        log,
        "generate",
        "--set",
        "models.target=../examples/target",
        "--set",
        "models.draft=../examples/draft",
        "--set",
        "run.shard-rows=4",
        "--input",
        "../examples/prompts.jsonl",
        "--limit",
        "" + GENERATED_ROWS,
        "--output",
        output);
  }

  @Test
  void executorsKilledAtRandomMomentsLoseNothing() throws Exception {
    int kills = 0;
    int runs = 0;
    while (kills < EXECUTOR_KILLS) {
      String output = temporary.resolve("executors-" + runs++).toString();
      Reader reader = new Reader(output);
      while (true) {
        Process driver = start("local-cluster[2,1,1024]", output, MILLIS_PER_ROW);
        boolean ended = false;
        for (int i = 0; i < 2 && !ended; i++) {
          ended = driver.waitFor(2000 + RANDOM.nextInt(6000), TimeUnit.MILLISECONDS);
          List<ProcessHandle> executors = driver.toHandle().children().toList();
          if (!ended && !executors.isEmpty()) {
            executors.get(RANDOM.nextInt(executors.size())).destroyForcibly();
            kills++;
          }
        }
        if (!ended && (kills >= EXECUTOR_KILLS || RANDOM.nextBoolean())) {
          ended = driver.waitFor(600, TimeUnit.SECONDS);
        }
        if (ended) {
          assertThat(driver.exitValue()).as(said()).isZero();
          break;
        }
        kill(driver.toHandle());
        driver.waitFor();
        kills++;
      }
      reader.finish();
      assertThat(FakeWork.read(spark, output)).isEqualTo(done);
    }
  }

  @Test
  void anOverwritingRunKilledAtRandomMomentsLeavesTheOldOutputOrTheNewOne() throws Exception {
    String output = temporary.resolve("overwritten").toString();
    Map<String, String> old = Map.of("r1", "TEXT 1");
    FakeWork.run(
        spark,
        FakeWork.request(output, 4, Map.of("input", "old"), "old"),
        FakeWork.input(spark, Map.of("r1", "text 1")),
        0);
    for (int kills = 0; ; kills++) {
      Process driver = start("local[2]", output, MILLIS_PER_ROW, "overwrite");
      int most = kills < OVERWRITE_KILLS ? 1000 + RANDOM.nextInt(6000) : 600_000;
      boolean ended = driver.waitFor(most, TimeUnit.MILLISECONDS);
      if (!ended) {
        kill(driver.toHandle());
        driver.waitFor();
      }
      if (Files.exists(Path.of(output, "_SUCCESS"))) {
        assertThat(FakeWork.read(spark, output)).isIn(old, done);
      }
      if (ended) {
        assertThat(driver.exitValue()).as(said()).isZero();
        break;
      }
    }
    assertThat(FakeWork.read(spark, output)).isEqualTo(done);
  }

  @Test
  void ofTwoDriversOnOneOutputOneIsRefused() throws Exception {
    for (int i = 0; i < PAIRS; i++) {
      String output = temporary.resolve("two-" + i).toString();
      // Long enough that the later one finds the other at work.
      Process one = start("local[2]", output, 4 * MILLIS_PER_ROW);
      Process other = start("local[2]", output, 4 * MILLIS_PER_ROW);
      assertThat(List.of(one.waitFor(), other.waitFor()))
          .as(said())
          .containsExactlyInAnyOrder(0, 9);
      assertThat(FakeWork.read(spark, output)).isEqualTo(done);
    }
  }
}
