package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs on executors that are JVMs of their own, which rows end. */
class ClusterRunTest {

  @TempDir static Path temporary;

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local-cluster[2,1,1024]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Map<String, String> run(String name, Map<String, String> texts) {
    String output = temporary.resolve(name).toString();
    FakeWork.run(
        spark, FakeWork.request(output, 500, Map.of(), name), FakeWork.input(spark, texts), 1);
    return FakeWork.read(spark, output);
  }

  private static Map<String, String> done(Map<String, String> texts) {
    Map<String, String> done = new HashMap<>();
    texts.forEach((id, text) -> done.put(id, text.toUpperCase(Locale.ROOT)));
    return done;
  }

  @Test
  void aRowThatEndsExecutorsIsAnErrorRowAndNoOtherIs() {
    Map<String, String> texts = FakeWork.texts(0, Integer.getInteger("foresight.poison-rows", 24));
    texts.put("r5", "halt");
    Map<String, String> seen = run("poison", texts);
    assertThat(seen.remove("r5"))
        .isEqualTo("executor: Cannot do the row: the executors that did it ended. See their logs.");
    texts.remove("r5");
    assertThat(seen).isEqualTo(done(texts));
  }

  /** Executors that live, both of them. */
  private static List<String> executors() {
    MapPartitionsFunction<Long, String> id =
        rows -> List.of(SparkEnv.get().executorId()).iterator();
    Set<String> executors = new TreeSet<>();
    while (executors.size() < 2) {
      executors.clear();
      executors.addAll(
          spark.range(0, 32, 1, 32).mapPartitions(id, Encoders.STRING()).collectAsList());
    }
    return List.copyOf(executors);
  }

  private static void mark(Path scratch, ShardTask task, List<String> executors)
      throws IOException {
    for (String executor : executors) {
      Files.createFile(scratch.resolve("%s.%s.900.mark".formatted(task.name(), executor)));
    }
  }

  /** Shards of one row each that are planned, and not done. */
  private static List<ShardTask> planned(String output, String text) throws IOException {
    Map<String, String> texts = new HashMap<>();
    FakeWork.texts(0, 20).keySet().forEach(id -> texts.put(id, text));
    try (Run run = Run.open(spark, FakeWork.request(output, 1, Map.of(), output))) {
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> Identified.rows(FakeWork.input(spark, texts), "id"));
      return run.tasks().stream().filter(task -> task.rows() == 1).toList();
    }
  }

  private static ShardScheduler scheduler(Path scratch) throws IOException {
    return new ShardScheduler(
        spark,
        FakeWork.shards(spark, scratch, 1),
        new org.apache.hadoop.fs.Path(scratch.resolve("parts").toUri()),
        "marks",
        "marks",
        done -> {});
  }

  @Test
  void aMarkSaysNothingWhoseExecutorLives() throws IOException {
    String output = temporary.resolve("marks").toString();
    Path scratch = temporary.resolve("marks-scratch");
    List<ShardTask> tasks = planned(output, "text");
    ShardScheduler scheduler = scheduler(scratch);
    List<String> executors = new ArrayList<>(executors());
    executors.add("77");
    mark(scratch, tasks.get(0), executors);
    mark(scratch, tasks.get(1), List.of("77", "78"));
    scheduler.run(tasks.subList(0, 2));
    assertThat(FakeWork.read(spark, output).values())
        .containsExactlyInAnyOrder(
            "TEXT",
            "executor: Cannot do the row: the executors that did it ended. See their logs.");
  }

  @Test
  void anExecutorThatIsTakenAwaySaysNothingOfItsRow() throws Exception {
    String output = temporary.resolve("taken").toString();
    Path waiting = Files.createDirectory(temporary.resolve("waiting"));
    ShardTask task = planned(output, "wait-twice " + waiting).get(0);
    ShardScheduler scheduler = scheduler(temporary.resolve("taken-scratch"));
    executors();
    Thread cluster = new Thread(() -> takeAway(waiting, 2));
    cluster.start();
    scheduler.run(List.of(task));
    cluster.join();
    assertThat(waiting.toFile().list()).hasSize(2);
    assertThat(FakeWork.read(spark, output).values())
        .containsExactly(("wait-twice " + waiting).toUpperCase(Locale.ROOT));
  }

  /** As a cluster does that wants its nodes back: takes executors whose names come up. */
  private static void takeAway(Path names, int count) {
    Set<String> taken = new TreeSet<>();
    while (taken.size() < count) {
      for (String name : names.toFile().list()) {
        if (taken.add(name)) {
          spark.sparkContext().killExecutor(name);
          // Spark would do without it otherwise.
          spark.sparkContext().requestExecutors(2);
        }
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Test
  void whatFailsEveryShardEndsTheRunWhenTheyAreGivenOutAgainToo() throws IOException {
    Path scratch = temporary.resolve("again-scratch");
    List<ShardTask> tasks = planned(temporary.resolve("again").toString(), "throw").subList(0, 4);
    ShardScheduler scheduler = scheduler(scratch);
    List<String> executors = new ArrayList<>(executors());
    executors.add("77");
    for (ShardTask task : tasks) {
      // Nothing is done in the first round.
      mark(scratch, task, executors);
    }
    assertThatThrownBy(() -> scheduler.run(tasks))
        .isInstanceOf(RunException.class)
        .hasMessageContaining("shards failed in turn");
  }

  @Test
  void aTaskThatFailsOnceIsDoneAgain() {
    Path marker = temporary.resolve("failed-once");
    Map<String, String> texts = FakeWork.texts(0, 30);
    texts.put("r3", "throw-once " + marker);
    assertThat(run("once", texts)).isEqualTo(done(texts));
    assertThat(Files.exists(marker)).isTrue();
  }
}
