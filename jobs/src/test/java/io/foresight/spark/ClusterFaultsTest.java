package io.foresight.spark;

import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.train.TinyModels;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Faults that are no row's, on executors: a task that is tried again gives what it would have. */
class ClusterFaultsTest {

  private static final int ROWS = 24;

  @TempDir static Path temporary;

  private static GenerationSettings settings;
  private static Path prompts;
  private static URLClassLoader loader;
  private static ClassLoader before;

  @BeforeAll
  static void models() throws IOException {
    settings =
        GenerationSettings.of(
                TinyModels.write(temporary.resolve("target"), 1).toString(),
                TinyModels.write(temporary.resolve("draft"), 2).toString())
            .with(
                Settings.defaults()
                    .with(STRATEGY, "cdsl")
                    .with(MAX_NEW_TOKENS, 8)
                    .with(LOOKAHEAD, 4));
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      lines.add("{\"id\": %d, \"concepts\": [\"dog\", \"%s\"]}".formatted(i, "run".repeat(i % 4)));
    }
    prompts = Files.write(temporary.resolve("prompts.jsonl"), lines);
    Path services = Files.createDirectories(temporary.resolve("jar/META-INF/services"));
    Files.writeString(
        services.resolve(RewardFactory.class.getName()), FaultyReward.class.getName());
    before = Thread.currentThread().getContextClassLoader();
    loader = new URLClassLoader(new URL[] {temporary.resolve("jar/").toUri().toURL()}, before);
    Thread.currentThread().setContextClassLoader(loader);
  }

  @AfterAll
  static void close() throws IOException {
    Thread.currentThread().setContextClassLoader(before);
    loader.close();
  }

  private static SparkSession session(String master) {
    return SparkSession.builder()
        .master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.executor.memory", "768m")
        .config(
            "spark.executor.extraClassPath",
            temporary.resolve("jar") + ":" + System.getProperty("java.class.path"))
        .config(
            "spark.executor.extraJavaOptions",
            "-Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true")
        .getOrCreate();
  }

  private static RewardSpec faulty(String fault, int millis) {
    return RewardSpec.of(
        "mine",
        Map.of(
            "type",
            "faulty",
            "fault",
            fault,
            "marker",
            temporary.resolve("marker-" + fault).toString(),
            "millis",
            millis));
  }

  private static List<Row> decode(SparkSession spark, RewardSpec rewards) {
    List<Row> rows =
        Foresight.generate(spark.read().json(prompts.toString()), settings.withRewards(rewards))
            .select("id", "output", "reward", "status", "error", "error_kind", "tokens")
            .orderBy("id")
            .collectAsList();
    assertThat(rows).hasSize(ROWS);
    assertThat(rows).allMatch(row -> row.getAs("error") == null);
    return rows;
  }

  /** Says 1 to all, but for its first start. */
  private static RewardSpec program(Path marker, String first) {
    String script =
        """
        if mkdir '%s' 2>/dev/null; then %s; fi
        while read -r line; do
          id=$(echo "$line" | sed 's/.*"id":\\([0-9]*\\).*/\\1/')
          echo "{\\"id\\":$id,\\"scores\\":[1]}"
        done
        """
            .formatted(marker, first);
    return RewardSpec.of(
        "mine", Map.of("type", "command", "command", List.of("sh", "-c", script), "restarts", 0));
  }

  @Test
  void faultsThatAreNoRowsFailTheTaskAndTheNextTryGivesTheSame() {
    List<String> removed = Collections.synchronizedList(new ArrayList<>());
    try (SparkSession spark = session("local-cluster[2,1,1024]")) {
      List<Row> undisturbed = decode(spark, faulty("none", 0));
      List<String> failures = Collections.synchronizedList(new ArrayList<>());
      spark
          .sparkContext()
          .addSparkListener(
              new SparkListener() {
                @Override
                public void onTaskEnd(SparkListenerTaskEnd end) {
                  if (!end.taskInfo().successful()) {
                    failures.add(end.reason().toString());
                  }
                }

                @Override
                public void onExecutorRemoved(SparkListenerExecutorRemoved gone) {
                  removed.add(gone.reason());
                }
              });
      assertThat(decode(spark, faulty("classes", 0))).isEqualTo(undisturbed);
      assertThat(decode(spark, program(temporary.resolve("ends"), "exit 1")))
          .isEqualTo(undisturbed);
      assertThat(decode(spark, faulty("device", 0))).isEqualTo(undisturbed);
      spark.stop();
      // Stopping drains the listeners' queue.
      assertThat(failures).anyMatch(reason -> reason.contains("org/others/Missing"));
      assertThat(failures).anyMatch(reason -> reason.contains("it is not started any more"));
      assertThat(removed).anyMatch(reason -> reason.contains("code " + LostDevice.EXIT_CODE));
    }
  }

  @Test
  void aProgramThatNeverStartsFailsTheRun() {
    RewardSpec missing =
        RewardSpec.of("mine", Map.of("type", "command", "command", List.of("/no/such/program")));
    try (SparkSession spark = session("local[2]")) {
      assertThatThrownBy(() -> decode(spark, missing))
          .hasMessageContaining("Cannot score with program /no/such/program: it does not start");
    }
  }

  @Test
  void aTaskThatIsKilledStopsAtOnceWithoutAnInterruption() throws InterruptedException {
    CountDownLatch killed = new CountDownLatch(2);
    try (SparkSession spark = session("local[2]")) {
      spark
          .sparkContext()
          .addSparkListener(
              new SparkListener() {
                @Override
                public void onTaskEnd(SparkListenerTaskEnd end) {
                  if (end.reason() instanceof TaskKilled) {
                    killed.countDown();
                  }
                }
              });
      Thread job =
          new Thread(
              () -> {
                spark.sparkContext().setJobGroup("slow", "slow rows", false);
                assertThatThrownBy(() -> decode(spark, faulty("none", 500)))
                    .hasMessageContaining("cancelled");
              });
      job.setContextClassLoader(loader);
      job.start();
      while (RowThreads.alive() == 0) {
        Thread.sleep(50);
      }
      Thread.sleep(1000);
      spark.sparkContext().cancelJobGroup("slow");
      assertThat(killed.await(4, TimeUnit.SECONDS)).isTrue();
      job.join();
    }
  }

  /** Threads of rows in this process. */
  private static final class RowThreads {
    static long alive() {
      return Thread.getAllStackTraces().keySet().stream()
          .filter(thread -> thread.getName().equals("foresight-row"))
          .count();
    }
  }
}
