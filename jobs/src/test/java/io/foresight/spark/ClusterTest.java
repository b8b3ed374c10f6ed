package io.foresight.spark;

import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.engine.DeviceChoice;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ModelCache;
import io.foresight.engine.RowDecoder;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.train.TinyModels;
import io.foresight.reward.Combination;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;

/** Generation on a cluster whose executors are JVMs of their own. */
class ClusterTest {

  private static final String CLUSTER = "local-cluster[2,1,2048]";
  private static final int ROWS = 40;

  @TempDir static Path temporary;

  private static GenerationSettings settings;
  private static Path prompts;

  @BeforeAll
  static void models() throws IOException {
    settings =
        GenerationSettings.of(
            TinyModels.write(temporary.resolve("target"), 1).toString(),
            TinyModels.write(temporary.resolve("draft"), 2).toString());
    List<String> words = List.of("dog", "park", "ball", "run", "the");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      lines.add(
          "{\"id\": %d, \"concepts\": [\"%s\", \"%s\"]}"
              .formatted(i, words.get(i % 5), words.get(i / 5 % 5)));
    }
    prompts = Files.write(temporary.resolve("prompts.jsonl"), lines);
  }

  static SparkSession session(String master, Map<String, String> further) {
    SparkSession.Builder builder =
        SparkSession.builder()
            .master(master)
            .config("spark.ui.enabled", "false")
            .config("spark.executor.memory", "1g")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config(
                "spark.executor.extraJavaOptions",
                "-Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true");
    further.forEach(builder::config);
    return builder.getOrCreate();
  }

  private static GenerationSettings strategy(String name) {
    return settings.with(
        Settings.defaults().with(STRATEGY, name).with(MAX_NEW_TOKENS, 8).with(LOOKAHEAD, 4));
  }

  private static List<Row> decode(SparkSession spark, String strategy) {
    Dataset<Row> input = spark.read().json(prompts.toString());
    return Foresight.generate(input, strategy(strategy)).orderBy("id").collectAsList();
  }

  /** Counts rows per executor, from what tasks report when they end. */
  private static final class RowsPerExecutor extends SparkListener {

    private final Map<String, Long> rows = Collections.synchronizedMap(new HashMap<>());

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      JavaConverters.seqAsJavaList(end.taskInfo().accumulables()).stream()
          .filter(info -> info.name().contains("foresight rows"))
          .forEach(
              info ->
                  rows.merge(
                      end.taskInfo().executorId(),
                      ((Number) info.update().get()).longValue(),
                      Long::sum));
    }
  }

  /** Says 1 to every text, and dies of those with "dog" in them. */
  private static final String PROGRAM =
      """
      while read -r line; do
        case "$line" in *dog*) exit 3 ;; esac
        id=$(echo "$line" | sed 's/.*"id":\\([0-9]*\\).*/\\1/')
        echo "{\\"id\\":$id,\\"scores\\":[1]}"
      done
      """;

  private static RewardSpec rewards(Path classifier, String program) {
    return new RewardSpec(
        Combination.PRODUCT,
        List.of(
            RewardSpec.keywordCoverage().rewards().get(0),
            new RewardSpec.Named(
                "kind",
                Map.of("type", "classifier", "model", classifier.toString(), "label", "harmless")),
            new RewardSpec.Named(
                "program",
                Map.of(
                    "type", "command", "command", List.of("sh", "-c", program), "restarts", 200))));
  }

  private static boolean runs(String program) {
    return ProcessHandle.allProcesses()
        .anyMatch(
            process ->
                process.info().arguments().stream()
                    .flatMap(Arrays::stream)
                    .anyMatch(program::equals));
  }

  @Test
  void rewardsOfEveryKindJudgeOnExecutorsAndOneRowsFaultIsItsOwn() {
    Path classifier = Path.of("../examples/harmlessness").toAbsolutePath();
    String program = PROGRAM + "# " + temporary;
    try (SparkSession spark = session(CLUSTER, Map.of())) {
      Dataset<Row> input =
          spark.read().json(prompts.toString()).selectExpr("*", "concat_ws(' ', concepts) as text");
      ScoringSettings scoring = ScoringSettings.of("text", rewards(classifier, program));
      List<Row> rows = Foresight.score(input, scoring).orderBy("id").collectAsList();
      assertThat(rows).hasSize(ROWS);
      int failed = 0;
      for (Row row : rows) {
        if (row.<String>getAs("text").contains("dog")) {
          failed++;
          assertThat(row.<String>getAs("error")).startsWith("Cannot score with reward program: ");
          assertThat(row.<Double>getAs("reward")).isNull();
        } else {
          Map<String, Double> scores = row.getJavaMap(row.fieldIndex("constraint_scores"));
          assertThat(row.<String>getAs("error")).isNull();
          assertThat(scores).containsEntry("concepts", 1.0).containsEntry("program", 1.0);
          assertThat(scores.get("kind")).isBetween(0.0, 1.0);
          assertThat(row.<Double>getAs("reward")).isEqualTo(scores.get("kind"));
        }
      }
      assertThat(failed).isPositive();
      List<Row> decoded =
          Foresight.generate(
                  input.drop("text"), strategy("cdsl").withRewards(rewards(classifier, program)))
              .collectAsList();
      assertThat(decoded).hasSize(ROWS);
      assertThat(decoded).anyMatch(row -> row.getAs("error") == null);
      for (Row row : decoded) {
        if (row.getAs("error") == null) {
          assertThat(row.<String>getAs("output")).doesNotContain("dog");
        } else {
          assertThat(row.<String>getAs("error")).startsWith("Cannot score with reward program: ");
        }
      }
    }
    assertThat(runs(program)).isFalse();
  }

  @Test
  void bothExecutorsDecodeRowsAndProgressCountsEach() {
    try (SparkSession spark = session(CLUSTER, Map.of())) {
      RowsPerExecutor perExecutor = new RowsPerExecutor();
      spark.sparkContext().addSparkListener(perExecutor);
      Progress progress = Progress.listen(spark.sparkContext());
      Dataset<Row> input = spark.read().json(prompts.toString());
      List<Row> rows = Foresight.generate(input, strategy("cdsl"), progress).collectAsList();
      assertThat(rows).hasSize(ROWS);
      spark.stop();
      // Stopping drains the listeners' queue, so that nothing is still under way.
      assertThat(perExecutor.rows).containsOnlyKeys("0", "1");
      assertThat(perExecutor.rows.values()).allMatch(count -> count > 0);
      assertThat(progress.snapshot().rows()).isEqualTo(ROWS);
      assertThat(progress.snapshot().tokens())
          .isEqualTo(rows.stream().mapToInt(r -> r.<Integer>getAs("tokens")).sum());
    }
  }

  @Test
  void outputDependsNeitherOnPartitionsNorOnProcesses() {
    List<String> strategies = List.of("cdsl", "sample");
    List<List<Row>> four = decodeOn("local[1]", strategies);
    assertThat(four.get(0)).extracting(r -> r.<String>getAs("status")).doesNotContain("error");
    List<List<Row>> twelve = decodeOn("local[3]", strategies);
    List<List<Row>> cluster = decodeOn(CLUSTER, strategies);
    for (int i = 0; i < strategies.size(); i++) {
      assertEqual(four.get(i), twelve.get(i));
      assertEqual(four.get(i), cluster.get(i));
    }
  }

  private static List<List<Row>> decodeOn(String master, List<String> strategies) {
    try (SparkSession spark = session(master, Map.of())) {
      return strategies.stream().map(strategy -> decode(spark, strategy)).toList();
    }
  }

  /** Every column but times, which are the last counter; log-probabilities up to rounding. */
  private static void assertEqual(List<Row> expected, List<Row> actual) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      Row one = expected.get(i);
      Row other = actual.get(i);
      for (String column : one.schema().fieldNames()) {
        switch (column) {
          case "log_prob" ->
              assertThat(other.<Double>getAs(column))
                  .isCloseTo(one.<Double>getAs(column), within(1e-4));
          case "counters" ->
              assertThat(withoutMillis(other.getAs(column)))
                  .isEqualTo(withoutMillis(one.getAs(column)));
          default -> assertThat(other.<Object>getAs(column)).isEqualTo(one.<Object>getAs(column));
        }
      }
    }
  }

  private static List<Object> withoutMillis(Row counters) {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < counters.length() - 1; i++) {
      values.add(counters.get(i));
    }
    return values;
  }

  @Test
  void eachExecutorTakesItsOwnGpu() throws IOException {
    // Discovery runs once per worker; the first gets one address, the second another.
    Path script =
        Files.writeString(
            temporary.resolve("gpus.sh"),
            """
            #!/usr/bin/env bash
            if mkdir '%s' 2>/dev/null; then address=5; else address=7; fi
            echo "{\\"name\\": \\"gpu\\", \\"addresses\\": [\\"$address\\"]}"
            """
                .formatted(temporary.resolve("first")));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    Map<String, String> gpus =
        Map.of(
            "spark.worker.resource.gpu.amount", "1",
            "spark.worker.resource.gpu.discoveryScript", script.toString(),
            "spark.executor.resource.gpu.amount", "1",
            "spark.task.resource.gpu.amount", "1");
    try (SparkSession spark = session(CLUSTER, gpus)) {
      MapPartitionsFunction<Long, String> resolve =
          ids ->
              List.of(
                      "%s %s %s %s"
                          .formatted(
                              SparkEnv.get().executorId(),
                              DeviceChoice.AUTO.resolve(SparkTask.current(DeviceChoice.AUTO)),
                              DeviceChoice.GPU.resolve(SparkTask.current(DeviceChoice.GPU)),
                              DeviceChoice.CPU.resolve(SparkTask.current(DeviceChoice.CPU))))
                  .iterator();
      Set<String> devices = new HashSet<>();
      // Tasks are many and short, so that both executors get some of them.
      for (int i = 0; i < 50 && devices.size() < 2; i++) {
        devices.addAll(
            spark.range(0, 16, 1, 16).mapPartitions(resolve, Encoders.STRING()).collectAsList());
      }
      assertThat(devices.stream().map(d -> d.substring(0, 1))).containsExactlyInAnyOrder("0", "1");
      assertThat(devices.stream().map(d -> d.substring(2)))
          .containsExactlyInAnyOrder("gpu(5) gpu(5) cpu()", "gpu(7) gpu(7) cpu()");
    }
  }

  @Test
  void rowsArePlacedByTheirIds() {
    try (SparkSession spark = session("local[2]", Map.of())) {
      Dataset<Row> decoded =
          Foresight.generate(spark.read().json(prompts.toString()), strategy("greedy"));
      assertThat(decoded.rdd().getNumPartitions()).isEqualTo(8);
      List<Row> first = placed(decoded);
      List<Row> again = placed(decoded);
      assertThat(again).isEqualTo(first);
      assertThat(first.stream().map(r -> r.getInt(1)).distinct().count()).isGreaterThan(4);
    }
  }

  private static List<Row> placed(Dataset<Row> decoded) {
    return decoded.selectExpr("id", "spark_partition_id() as p").orderBy("id").collectAsList();
  }

  @Test
  void anEmptyPartitionLoadsNothing() {
    GenerationSettings missing = GenerationSettings.of("/no/such/target", "/no/such/draft");
    try (SparkSession spark = session("local[1]", Map.of())) {
      RunModels models =
          RunModels.locate(spark.sparkContext(), StoredModels.of(missing), missing.models());
      assertThat(
              new CdslUdf(missing, models, 2, RowListener.NONE)
                  .call(Collections.emptyIterator())
                  .hasNext())
          .isFalse();
    }
  }

  @Test
  void tasksOfAnExecutorShareOneCopyOfEachModel() {
    ModelCache.closeIdle();
    assertThat(ModelCache.size()).isZero();
    try (SparkSession spark = session("local[2]", Map.of())) {
      List<Row> rows = decode(spark, "cdsl");
      assertThat(rows).hasSize(ROWS);
      assertThat(ModelCache.size()).isEqualTo(2);
    }
    // A model in use stays; one that no task uses is closed.
    RowDecoder decoder = new RowDecoder(strategy("greedy"));
    ModelCache.closeIdle();
    assertThat(ModelCache.size()).isEqualTo(1);
    decoder.close();
    ModelCache.closeIdle();
    assertThat(ModelCache.size()).isZero();
  }
}
