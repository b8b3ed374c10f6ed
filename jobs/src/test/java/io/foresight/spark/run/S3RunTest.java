package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.S3Endpoint;
import io.foresight.spark.rows.RowFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run on an object store whose network fails. */
class S3RunTest {

  @TempDir static Path temporary;

  private static SparkSession session(int port) {
    SparkSession.Builder builder =
        SparkSession.builder()
            .master("local[2,4]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.hadoop.fs.s3a.connection.timeout", "2000")
            .config("spark.hadoop.fs.s3a.attempts.maximum", "2")
            .config("spark.hadoop.fs.s3a.retry.limit", "3")
            .config("spark.hadoop.fs.s3a.retry.interval", "50ms")
            .config("spark.hadoop.fs.s3a.retry.throttle.interval", "50ms");
    S3Endpoint.settings(port, "secret").forEach(builder::config);
    return builder.getOrCreate();
  }

  private static RunRequest request(String output, boolean retryErrors) {
    RunRequest request = FakeWork.request(output, 6, Map.of(), "in");
    return new RunRequest(
        request.job(),
        request.verb(),
        output,
        request.format(),
        false,
        false,
        retryErrors,
        request.shardRows(),
        request.maxErrorFraction(),
        request.identity(),
        request.input(),
        request.described());
  }

  @Test
  void whateverTheNetworkDoesNoRowIsLostOrThereTwice() throws Exception {
    Map<String, String> texts = FakeWork.texts(0, 60);
    Map<String, String> done = new HashMap<>();
    texts.forEach((id, text) -> done.put(id, text.toUpperCase(Locale.ROOT)));
    try (S3Endpoint s3 = S3Endpoint.start(temporary);
        FaultyProxy proxy = new FaultyProxy(s3.port());
        SparkSession spark = session(proxy.port())) {
      String output = "s3a://data/faulty";
      int ended = 0;
      while (true) {
        proxy.faulty(true);
        try {
          FakeWork.run(
              spark, FakeWork.request(output, 6, Map.of(), "in"), FakeWork.input(spark, texts), 0);
          break;
        } catch (RunException e) {
          // More than the client's own tries can mend: what is there is whole, and it goes on.
          ended++;
          assertThat(e.kind())
              .as(e.getMessage())
              .isIn(RunException.Kind.STORAGE, RunException.Kind.CLUSTER);
          assertThat(ended).isLessThan(30);
        } finally {
          proxy.faulty(false);
        }
        assertThat(done).containsAllEntriesOf(FakeWork.read(spark, output));
      }
      assertThat(FakeWork.read(spark, output)).isEqualTo(done);
      assertThat(proxy.faults()).isGreaterThan(3);
      // A replacement in place is one upload.
      FakeWork.run(
          spark,
          new RunRequest(
              "fake",
              "do",
              output,
              RowFormat.PARQUET,
              true,
              false,
              false,
              6,
              0.5,
              Map.of("new", "yes"),
              new RunRequest.InputFiles("in", 1),
              new com.fasterxml.jackson.databind.ObjectMapper().createObjectNode()),
          FakeWork.input(spark, FakeWork.texts(0, 3)),
          0);
      assertThat(FakeWork.read(spark, output)).hasSize(3);
      String retried = "s3a://data/retried";
      Path marker = temporary.resolve("good-now");
      Map<String, String> bad = Map.of("r1", "text 1", "r2", "bad " + marker);
      FakeWork.run(spark, request(retried, false), FakeWork.input(spark, bad), 0);
      assertThat(FakeWork.read(spark, retried)).containsEntry("r2", "reward: Cannot judge it.");
      Files.createFile(marker);
      FakeWork.run(spark, request(retried, true), FakeWork.input(spark, bad), 0);
      assertThat(FakeWork.read(spark, retried).get("r2")).startsWith("BAD ");
    }
  }
}
