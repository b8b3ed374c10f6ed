package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts from S3 and rows to S3, against an endpoint (Adobe S3Mock) in a process of its own. */
class S3aTest {

  private static final int SECONDS_TO_START = 120;

  @TempDir static Path temporary;

  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static Map<String, String> hadoop;
  private static Process server;
  private static String endpoint;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    endpoint = "http://localhost:" + port;
    hadoop =
        Map.of(
            "spark.hadoop.fs.s3a.endpoint", endpoint,
            "spark.hadoop.fs.s3a.access.key", "key",
            "spark.hadoop.fs.s3a.secret.key", "secret",
            "spark.hadoop.fs.s3a.path.style.access", "true",
            // S3Mock does not know an entity tag again that comes without its quotes.
            "spark.hadoop.fs.s3a.change.detection.mode", "none");
    Path root = Files.createDirectory(temporary.resolve("s3"));
    String prefix = "--com.adobe.testing.s3mock.";
    server =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                "target/s3mock/s3mock.jar",
                "--server.port=0",
                prefix + "http-port=" + port,
                prefix + "domain.initial-buckets=data",
                prefix + "domain.root=" + root)
            .redirectErrorStream(true)
            .redirectOutput(temporary.resolve("s3mock.log").toFile())
            .start();
    for (int i = 0; !answers(); i++) {
      assertThat(server.isAlive() && i < SECONDS_TO_START).as("S3Mock runs").isTrue();
      Thread.sleep(1000);
    }
    hadoop.forEach(System::setProperty);
  }

  @AfterAll
  static void stop() throws InterruptedException {
    hadoop.keySet().forEach(System::clearProperty);
    server.destroy();
    // It writes to the temporary folder until it ends.
    server.waitFor();
  }

  private static boolean answers() throws IOException, InterruptedException {
    try {
      HttpRequest list = HttpRequest.newBuilder(URI.create(endpoint + "/")).build();
      return CLIENT.send(list, BodyHandlers.discarding()).statusCode() == 200;
    } catch (ConnectException e) {
      return false;
    }
  }

  private static void put(String key, String text) throws IOException, InterruptedException {
    HttpRequest put =
        HttpRequest.newBuilder(URI.create(endpoint + "/data/" + key))
            .PUT(BodyPublishers.ofString(text))
            .build();
    assertThat(CLIENT.send(put, BodyHandlers.discarding()).statusCode()).isEqualTo(200);
  }

  @Test
  void promptsAreReadFromS3AndRowsWrittenToIt() throws IOException, InterruptedException {
    put(
        "prompts.jsonl",
        """
        {"id": "a", "concepts": ["dog"]}
        {"id": "b", "concepts": ["park"]}
        """);
    JobRun.Folder folder = JobRun.Folder.create(temporary);
    String input = "s3a://data/prompts.jsonl";
    JobRun run = folder.generate("--input", input, "--output", "s3a://data/out");
    assertThat(run.code()).as(run.err()).isZero();
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .getOrCreate()) {
      List<Row> rows = spark.read().parquet("s3a://data/out").orderBy("id").collectAsList();
      assertThat(rows).extracting(r -> r.<String>getAs("id")).containsExactly("a", "b");
      assertThat(spark.read().textFile("s3a://data/out/_foresight/run.json").collectAsList())
          .anyMatch(line -> line.contains("\"rows\" : 2"));
    }
    JobRun again = folder.generate("--input", input, "--output", "s3a://data/out");
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.err()).contains("Cannot write output s3a://data/out: it exists");
    JobRun missing =
        folder.generate("--input", "s3a://data/none.jsonl", "--output", "s3a://data/out2");
    assertThat(missing.code()).isEqualTo(1);
    assertThat(missing.err()).contains("Cannot read input s3a://data/none.jsonl: there is no such");
  }
}
