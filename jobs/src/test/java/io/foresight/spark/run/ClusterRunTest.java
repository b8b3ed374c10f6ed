package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
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

  @Test
  void aTaskThatFailsOnceIsDoneAgain() {
    Path marker = temporary.resolve("failed-once");
    Map<String, String> texts = FakeWork.texts(0, 30);
    texts.put("r3", "throw-once " + marker);
    assertThat(run("once", texts)).isEqualTo(done(texts));
    assertThat(Files.exists(marker)).isTrue();
  }
}
