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
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.security.UserGroupInformation;

/** An S3 endpoint (Adobe S3Mock) in a process of its own, with a bucket {@code data}. */
public final class S3Endpoint implements AutoCloseable {

  private static final int SECONDS_TO_START = 120;
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final int port;
  private final Process server;

  private S3Endpoint(int port, Process server) {
    this.port = port;
    this.server = server;
  }

  /**
   * Starts one.
   *
   * @param folder for its files and its log of requests, {@code requests}
   */
  public static S3Endpoint start(Path folder) throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path root = Files.createDirectory(folder.resolve("s3"));
    String prefix = "--com.adobe.testing.s3mock.";
    Process server =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-jar",
                "target/s3mock/s3mock.jar",
                "--server.port=0",
                "--server.jetty.accesslog.enabled=true",
                "--server.jetty.accesslog.filename=" + folder.resolve("requests"),
                prefix + "http-port=" + port,
                prefix + "domain.initial-buckets=data",
                prefix + "domain.root=" + root)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("s3mock.log").toFile())
            .start();
    S3Endpoint endpoint = new S3Endpoint(port, server);
    for (int i = 0; !endpoint.answers(); i++) {
      assertThat(server.isAlive() && i < SECONDS_TO_START).as("S3Mock runs").isTrue();
      Thread.sleep(1000);
    }
    return endpoint;
  }

  /** Its port on this host. */
  public int port() {
    return port;
  }

  /**
   * Settings by which Spark reaches it.
   *
   * @param at port to reach it through
   */
  public static Map<String, String> settings(int at, String secret) {
    return Map.of(
        "spark.hadoop.fs.s3a.endpoint", "http://localhost:" + at,
        "spark.hadoop.fs.s3a.access.key", "key",
        "spark.hadoop.fs.s3a.secret.key", secret,
        "spark.hadoop.fs.s3a.path.style.access", "true",
        // S3Mock does not know an entity tag again that comes without its quotes.
        "spark.hadoop.fs.s3a.change.detection.mode", "none");
  }

  private URI at(String path) {
    return URI.create("http://localhost:" + port + "/" + path);
  }

  private boolean answers() throws IOException, InterruptedException {
    try {
      HttpRequest list = HttpRequest.newBuilder(at("")).build();
      return CLIENT.send(list, BodyHandlers.discarding()).statusCode() == 200;
    } catch (ConnectException e) {
      return false;
    }
  }

  void put(String key, String text) throws IOException, InterruptedException {
    put(key, BodyPublishers.ofString(text));
  }

  void put(String key, HttpRequest.BodyPublisher body) throws IOException, InterruptedException {
    HttpRequest put = HttpRequest.newBuilder(at("data/" + key)).PUT(body).build();
    assertThat(CLIENT.send(put, BodyHandlers.discarding()).statusCode()).isEqualTo(200);
  }

  String content(String key) throws IOException, InterruptedException {
    return CLIENT
        .send(HttpRequest.newBuilder(at("data/" + key)).build(), BodyHandlers.ofString())
        .body();
  }

  @Override
  public void close() throws IOException {
    // Hadoop keeps a client per bucket's name, and would hand this one's to who starts the next.
    FileSystem.closeAllForUGI(UserGroupInformation.getCurrentUser());
    server.destroy();
    // It writes to its folder until it ends.
    server.onExit().join();
  }
}
