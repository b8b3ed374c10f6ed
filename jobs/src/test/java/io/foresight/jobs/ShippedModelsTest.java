package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.train.TinyModels;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.Foresight;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that Spark ships to the executors, as {@code --archives} has it do. */
class ShippedModelsTest {

  @TempDir Path temporary;

  private Path prompts;

  @BeforeEach
  void ship() throws IOException {
    Path archive = temporary.resolve("archive.zip");
    Path target = TinyModels.write(temporary.resolve("target"), 1);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive));
        Stream<Path> files = Files.list(target)) {
      for (Path file : files.toList()) {
        zip.putNextEntry(new ZipEntry("target/" + file.getFileName()));
        Files.copy(file, zip);
      }
    }
    try (Stream<Path> files = Files.list(target)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    prompts =
        Files.writeString(
            temporary.resolve("prompts.jsonl"), "{\"id\": \"a\", \"concepts\": [\"dog\"]}\n");
    System.setProperty("spark.archives", archive + "#models");
  }

  @AfterEach
  void clear() {
    System.clearProperty("spark.archives");
  }

  private static String[] settings(String target) {
    return new String[] {
      "models.target=" + target, "decoding.strategy=greedy", "decoding.max-new-tokens=4"
    };
  }

  private JobRun generate(String target) {
    String[] settings = settings(target);
    return JobRun.of(
        "generate",
        "--input",
        prompts.toString(),
        "--output",
        temporary.resolve("out").toString(),
        "--set",
        settings[0],
        "--set",
        settings[1],
        "--set",
        settings[2]);
  }

  @Test
  void aJobFindsThemByTheirName() {
    JobRun run = generate("spark-files:models/target");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("0 error");
    JobRun wrong = generate("spark-files:other");
    assertThat(wrong.code()).isEqualTo(4);
    assertThat(wrong.err())
        .contains(
            "Cannot load model spark-files:other: Spark has shipped no folder of that name."
                + " Ship it with --archives other.zip#other.");
  }

  @Test
  void executorsOfTheirOwnFindThemInFoldersOfTheirOwn() {
    try (SparkSession spark =
        SparkSession.builder()
            .master("local-cluster[1,1,1024]")
            .config("spark.ui.enabled", "false")
            .config("spark.executor.memory", "1g")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config(
                "spark.executor.extraJavaOptions",
                "-Dai.djl.pytorch.num_threads=1 -Dai.djl.offline=true")
            .getOrCreate()) {
      JobSettings settings =
          JobSettings.bind(
              "generate",
              SettingsReader.layered(
                  List.of(),
                  List.of(settings("spark-files:models/target")),
                  ConfigFactory.empty()));
      Dataset<Row> decoded =
          Foresight.generate(spark.read().json(prompts.toString()), settings.generation());
      Row row = decoded.head();
      assertThat(row.<String>getAs("error")).isNull();
      assertThat(row.<Integer>getAs("tokens")).isPositive();
    }
  }
}
