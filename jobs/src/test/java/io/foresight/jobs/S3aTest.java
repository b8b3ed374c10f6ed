package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Bytes;
import com.typesafe.config.ConfigFactory;
import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import java.io.IOException;
import java.io.StringWriter;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.WriterAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;

/**
 * Models and prompts from S3 and rows to S3, against an endpoint (Adobe S3Mock) in a process of its
 * own.
 */
class S3aTest {

  /** What must stand nowhere. */
  private static final String SECRET = "pR1vate/NobodyElses+Business";

  private static final List<String> MODEL =
      List.of("config.json", "model.safetensors", "tokenizer.json");

  @TempDir static Path temporary;

  private static Map<String, String> hadoop;
  private static final StringWriter LOG = new StringWriter();
  private static S3Endpoint s3;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    captureLog();
    s3 = S3Endpoint.start(temporary);
    hadoop = S3Endpoint.settings(s3.port(), SECRET);
    hadoop.forEach(System::setProperty);
  }

  /** Takes what is logged from INFO on, and leaves the console its errors. */
  private static void captureLog() {
    LoggerContext context = LoggerContext.getContext(false);
    LoggerConfig root = context.getConfiguration().getRootLogger();
    root.getAppenders()
        .forEach(
            (name, appender) -> {
              root.removeAppender(name);
              root.addAppender(appender, Level.ERROR, null);
            });
    WriterAppender capturing = WriterAppender.createAppender(null, null, LOG, "test", false, true);
    capturing.start();
    root.addAppender(capturing, Level.INFO, null);
    root.setLevel(Level.INFO);
    context.updateLoggers();
  }

  @AfterAll
  static void stop() throws IOException, InterruptedException {
    hadoop.keySet().forEach(System::clearProperty);
    LoggerContext context = LoggerContext.getContext(false);
    context.getConfiguration().getRootLogger().removeAppender("test");
    context.getConfiguration().getRootLogger().setLevel(Level.ERROR);
    context.updateLoggers();
    s3.close();
  }

  /** Uploads the embedded draft and returns its place. */
  private static String model(String key) throws IOException, InterruptedException {
    for (String file : MODEL) {
      s3.put(key + "/" + file, BodyPublishers.ofFile(Path.of("../examples/draft", file)));
    }
    return "s3a://data/" + key;
  }

  /** How often each file of a model was sent. */
  private static Map<String, Long> sent(String key) throws IOException {
    Map<String, Long> sent = new HashMap<>();
    for (String line : Files.readAllLines(temporary.resolve("requests"))) {
      for (String file : MODEL) {
        if (line.contains("\"GET /data/%s/%s ".formatted(key, file))) {
          sent.merge(file, 1L, Long::sum);
        }
      }
    }
    return sent;
  }

  private static void assertNoSecretBelow(Path folder) throws IOException {
    byte[] secret = SECRET.getBytes(StandardCharsets.US_ASCII);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(Bytes.indexOf(Files.readAllBytes(file), secret))
            .as(file.toString())
            .isNegative();
      }
    }
  }

  @Test
  void promptsAreReadFromS3AndRowsWrittenToIt() throws IOException, InterruptedException {
    s3.put(
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
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out()).contains("Written before to s3a://data/out");
    JobRun replaced =
        folder.generate(
            "--input",
            input,
            "--output",
            "s3a://data/out",
            "--overwrite",
            "--set",
            "output.format=jsonl");
    assertThat(replaced.code()).as(replaced.err()).isZero();
    assertThat(s3.content("out/_SUCCESS")).isEmpty();
    JobRun local = folder.generate("--input", input, "--output", temporary.resolve("out"));
    assertThat(local.code()).as(local.err()).isZero();
    assertThat(temporary.resolve("out/_SUCCESS")).isEmptyFile();
    JobRun missing =
        folder.generate("--input", "s3a://data/none.jsonl", "--output", "s3a://data/out2");
    assertThat(missing.code()).isEqualTo(3);
    assertThat(missing.err()).contains("Cannot read input s3a://data/none.jsonl: there is no such");
  }

  @Test
  void aRunWithItsModelOnS3TellsNoSecret() throws IOException, InterruptedException {
    s3.put("greedy.jsonl", "{\"id\": \"a\", \"concepts\": [\"dog\", \"park\"]}\n");
    String model = model("models/draft");
    Path cache = temporary.resolve("cache");
    JobRun run =
        JobRun.of(
            "generate",
            "--input",
            "s3a://data/greedy.jsonl",
            "--output",
            "s3a://data/greedy",
            "--set",
            "decoding.strategy=greedy",
            "--set",
            "models.target=" + model,
            "--set",
            "models.local-cache=" + cache);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("rows             1: 1 ");
    // The driver's check and the task share the copy.
    assertThat(sent("models/draft"))
        .isEqualTo(Map.of("config.json", 1L, "model.safetensors", 1L, "tokenizer.json", 1L));
    assertThat(s3.content("greedy/_SUCCESS")).isEmpty();
    assertThat(s3.content("greedy/_foresight/run.json"))
        .contains("\"target\" : \"" + model + "\"")
        .contains(Checkpoint.inspect(Path.of("../examples/draft")).digest())
        .doesNotContain(SECRET);
    JobRun dry = dryRun("models.target=" + model, "models.local-cache=" + cache);
    assertThat(dry.code()).as(dry.err()).isZero();
    JobRun missing = dryRun("models.target=s3a://data/none", "models.local-cache=" + cache);
    assertThat(missing.code()).isEqualTo(4);
    assertThat(missing.err())
        .contains("Cannot load model s3a://data/none: there is no such folder. Check the path");
    JobRun told = dryRun("models.target=s3a://key:" + SECRET + "@data/m", "spark.x=" + SECRET);
    assertThat(told.code()).isEqualTo(2);
    assertThat(told.err()).contains("models.target = s3a://***@data/m: it holds credentials.");
    JobRun misplaced = JobRun.of("generate", "--conf", "spark.hadoop.fs.s3a.secret.key=" + SECRET);
    assertThat(misplaced.code()).isEqualTo(2);
    assertThat(misplaced.err()).contains("spark.hadoop.fs.s3a.secret.key=***");
    for (JobRun each : List.of(run, dry, missing, told, misplaced)) {
      assertThat(each.out() + each.err()).doesNotContain(SECRET);
    }
    // The log is of all that ran here, S3Mock's folder holds the output and run.json.
    assertThat(LOG.toString()).contains("Copied model " + model).doesNotContain(SECRET);
    assertNoSecretBelow(temporary);
  }

  private static JobRun dryRun(String... settings) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "generate",
                "--dry-run",
                "--input",
                "s3a://data/greedy.jsonl",
                "--set",
                "decoding.strategy=greedy"));
    for (String setting : settings) {
      args.addAll(List.of("--set", setting));
    }
    return JobRun.of(args.toArray(String[]::new));
  }

  @Test
  void theBenchmarkComparesWithModelsOnS3() throws IOException, InterruptedException {
    String model = model("benchmark/draft");
    s3.put("benchmark.jsonl", "{\"id\": \"a\", \"concepts\": [\"dog\", \"park\"]}\n");
    JobRun run =
        JobRun.of(
            "benchmark",
            "--input",
            "s3a://data/benchmark.jsonl",
            "--strategies",
            "greedy",
            "--batch",
            "1",
            "--rounds",
            "1",
            "--judge",
            model,
            "--set",
            "models.target=" + model,
            "--set",
            "models.draft=" + model,
            "--set",
            "models.local-cache=" + temporary.resolve("benchmark-cache"));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("| greedy ");
    assertThat(sent("benchmark/draft")).containsEntry("model.safetensors", 1L);
    JobRun shipped = JobRun.of("benchmark", "--set", "models.target=spark-files:m");
    assertThat(shipped.code()).isEqualTo(4);
    assertThat(shipped.err())
        .contains(
            "Cannot compare with model spark-files:m: what Spark ships ends with its session");
  }

  @Test
  void theExecutorsOfAHostDownloadAModelOnce() throws IOException, InterruptedException {
    String model = model("cluster/draft");
    GenerationSettings settings =
        JobSettings.bind(
                "generate",
                SettingsReader.layered(
                    List.of(),
                    List.of(
                        "decoding.strategy=greedy",
                        "decoding.max-new-tokens=8",
                        "models.target=" + model,
                        "models.local-cache=" + temporary.resolve("cluster-cache")),
                    ConfigFactory.empty()))
            .generation();
    SparkSession.Builder builder =
        SparkSession.builder()
            .master("local-cluster[2,1,2048]")
            .config("spark.ui.enabled", "false")
            .config("spark.executor.memory", "1g")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config(
                "spark.executor.extraJavaOptions",
                "-Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true");
    Set<String> executors = ConcurrentHashMap.newKeySet();
    String application;
    try (SparkSession spark = builder.getOrCreate()) {
      application = spark.sparkContext().applicationId();
      spark
          .sparkContext()
          .addSparkListener(
              new SparkListener() {
                @Override
                public void onTaskEnd(SparkListenerTaskEnd end) {
                  boolean decoded =
                      JavaConverters.seqAsJavaList(end.taskInfo().accumulables()).stream()
                          .anyMatch(info -> info.name().contains("foresight rows"));
                  if (decoded) {
                    executors.add(end.taskInfo().executorId());
                  }
                }
              });
      List<String> prompts = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        prompts.add("{\"id\": %d, \"concepts\": [\"dog\", \"park\"]}".formatted(i));
      }
      Dataset<Row> input = spark.read().json(spark.createDataset(prompts, Encoders.STRING()));
      Foresight.generate(input, settings, Progress.listen(spark.sparkContext()))
          .write()
          .parquet("s3a://data/cluster/out");
      assertThat(spark.read().parquet("s3a://data/cluster/out").filter("error is null").count())
          .isEqualTo(40);
    }
    // The end of the session has delivered all events.
    assertThat(executors).containsExactlyInAnyOrder("0", "1");
    assertThat(sent("cluster/draft"))
        .isEqualTo(Map.of("config.json", 1L, "model.safetensors", 1L, "tokenizer.json", 1L));
    Path work = Path.of(System.getenv("SPARK_HOME"), "work", application);
    assertThat(work.resolve("0/stderr")).isRegularFile();
    assertNoSecretBelow(work);
  }
}
