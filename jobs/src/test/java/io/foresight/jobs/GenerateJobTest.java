package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.train.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateJobTest {

  @TempDir static Path folder;

  private static Path target;
  private static Path draft;
  private static Path prompts;

  @BeforeAll
  static void models() throws IOException {
    target = TinyModels.write(folder.resolve("target"), 1);
    draft = TinyModels.write(folder.resolve("draft"), 2);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      lines.add(
          "{\"id\": \"p%d\", \"concepts\": [\"dog\", \"park\"], \"note\": %d}".formatted(i, i));
    }
    lines.add("{\"id\": \"bad\", \"concepts\": [\"...\"], \"note\": 9}");
    prompts = Files.write(folder.resolve("prompts.jsonl"), lines);
  }

  @BeforeEach
  void master() {
    System.setProperty("spark.master", "local[2]");
    System.setProperty("spark.ui.enabled", "false");
    System.setProperty("spark.sql.shuffle.partitions", "4");
  }

  private static int run(String... further) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "generate",
                "--set",
                "models.target=" + target,
                "--set",
                "models.draft=" + draft,
                "--set",
                "decoding.max-new-tokens=6"));
    args.addAll(List.of(further));
    return Main.run(args.toArray(String[]::new));
  }

  @Test
  void oneRowPerPromptAndABadRowIsAnErrorRow() throws IOException {
    Path out = folder.resolve("out");
    Path summary = folder.resolve("summary.json");
    assertThat(
            run(
                "--input",
                prompts.toString(),
                "--output",
                out.toString(),
                "--summary",
                summary.toString()))
        .isZero();
    JsonNode figures = new ObjectMapper().readTree(summary.toFile());
    assertThat(figures.get("rows").asLong()).isEqualTo(10);
    assertThat(figures.get("error").asLong()).isEqualTo(1);
    assertThat(out.resolve("_foresight/run.json")).exists();
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      List<Row> rows = spark.read().parquet(out.toString()).orderBy("note").collectAsList();
      assertThat(rows)
          .extracting(r -> r.<String>getAs("id"))
          .containsExactly("p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "bad");
      assertThat(rows.get(9).<String>getAs("error")).contains("holds no word");
      Row first = rows.get(0);
      assertThat(first.<Integer>getAs("tokens")).isBetween(1, 6);
      assertThat(first.<Row>getAs("counters").<Long>getAs("target_forwards")).isPositive();
    }
    // What exists is kept unless told otherwise.
    assertThat(run("--input", prompts.toString(), "--output", out.toString())).isEqualTo(1);
  }

  @Test
  void wrongInputsEndTheJob() throws IOException {
    String out = folder.resolve("none").toString();
    assertThat(run("--input", folder.resolve("missing.jsonl").toString(), "--output", out))
        .isEqualTo(1);
    assertThat(
            run(
                "--input",
                prompts.toString(),
                "--output",
                out,
                "--set",
                "input.columns.concepts=words"))
        .isEqualTo(1);
    assertThat(run("--input", prompts.toString(), "--output", out, "--set", "decoding.lookahed=3"))
        .isEqualTo(2);
    Path twice =
        Files.writeString(
            folder.resolve("twice.jsonl"),
            ("{\"id\": \"a\", \"concepts\": [\"dog\"]}\n").repeat(2));
    assertThat(run("--input", twice.toString(), "--output", out)).isEqualTo(1);
    Path broken = folder.resolve("broken");
    TinyModels.write(broken, 3);
    Files.write(broken.resolve("model.safetensors"), new byte[100]);
    assertThat(
            run("--input", prompts.toString(), "--output", out, "--set", "models.draft=" + broken))
        .isEqualTo(1);
    assertThat(Path.of(out)).doesNotExist();
  }
}
