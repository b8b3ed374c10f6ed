package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.spark.rows.RowFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Outputs that are made stage by stage, ended at any point and gone on with. */
class StagedRunTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static SparkSession spark;

  @TempDir private Path temporary;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", "false").getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private StagedRun open(String value, boolean overwrite) {
    return StagedRun.open(
        spark,
        new RunRequest(
            "curate",
            "curate",
            temporary.resolve("out").toString(),
            RowFormat.JSONL,
            overwrite,
            false,
            false,
            1,
            1,
            Map.of("job", "curate", "setting", value),
            RunRequest.InputFiles.of(List.of("file 1 1"), 1, ""),
            JSON.createObjectNode()));
  }

  private List<String> visible() throws IOException {
    try (Stream<Path> files = Files.walk(temporary.resolve("out"))) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> temporary.resolve("out").relativize(file).toString())
          .filter(name -> !name.startsWith("_foresight/"))
          .sorted()
          .toList();
    }
  }

  private static void make(StagedRun run, String text) {
    org.apache.hadoop.fs.Path files = new org.apache.hadoop.fs.Path(run.scratch("rows"), "files");
    run.stage("one", () -> spark.range(3).toDF());
    run.build();
    spark.range(4).coalesce(1).write().json(files.toString());
    run.take(files, "train");
    run.write("card.md", text);
    run.finish(JSON.createObjectNode().put("rows", 4));
  }

  @Test
  void stagesThatAreWholeAreNotMadeAgain() throws IOException {
    AtomicInteger made = new AtomicInteger();
    for (int i = 0; i < 3; i++) {
      try (StagedRun run = open("a", false)) {
        assertThat(run.isResumed()).isEqualTo(i > 0);
        assertThat(
                run.stage(
                        "one",
                        () -> {
                          made.incrementAndGet();
                          return spark.range(5).toDF();
                        })
                    .count())
            .isEqualTo(5);
        assertThat(visible()).isEmpty();
      }
    }
    assertThat(made).hasValue(1);
    // Nothing of it is visible, so that other settings begin anew.
    try (StagedRun run = open("b", false)) {
      assertThat(run.isResumed()).isFalse();
      assertThat(run.stage("one", () -> spark.range(2).toDF()).count()).isEqualTo(2);
      run.abandon();
    }
    assertThat(temporary.resolve("out")).isEmptyDirectory();
  }

  @Test
  void aFinishedRunAnswersAndOthersAreRefused() throws IOException {
    try (StagedRun run = open("a", false)) {
      make(run, "first");
      assertThatThrownBy(() -> open("a", false))
          .isInstanceOfSatisfying(
              RunException.class, e -> assertThat(e.kind()).isEqualTo(RunException.Kind.HELD));
    }
    assertThat(visible()).containsExactly("_SUCCESS", "card.md", "train/part-00000-of-00001.jsonl");
    try (StagedRun run = open("a", false)) {
      assertThat(run.isWhole()).isTrue();
      assertThat(run.described("summary").get("rows").asInt()).isEqualTo(4);
    }
    assertThatThrownBy(() -> open("b", false))
        .hasMessageContaining("it holds another run:\n  setting was a and is b");
    try (StagedRun run = open("b", true)) {
      assertThat(visible()).hasSize(3);
      make(run, "second");
    }
    assertThat(Files.readString(temporary.resolve("out/card.md"))).isEqualTo("second");
    assertThat(temporary.resolve("out/_foresight/next")).doesNotExist();
  }

  @Test
  void whatWasEndedWhileItTookItsNamesTakesThemAll() throws IOException {
    try (StagedRun run = open("a", false)) {
      make(run, "first");
    }
    Path out = temporary.resolve("out");
    Path product = Files.createDirectories(out.resolve("_foresight/tmp/output"));
    // As if the process had ended between two renames.
    Files.move(out.resolve("card.md"), product.resolve("card.md"));
    Files.writeString(out.resolve("_foresight/tmp/ready.json"), "[\"card.md\", \"train\"]");
    Files.delete(out.resolve("_SUCCESS"));
    Files.writeString(out.resolve("of-an-old-one.md"), "old");
    try (StagedRun run = open("a", false)) {
      assertThat(run.isWhole()).isTrue();
    }
    assertThat(visible()).containsExactly("_SUCCESS", "card.md", "train/part-00000-of-00001.jsonl");
    assertThat(out.resolve("_foresight/tmp")).doesNotExist();
  }

  @Test
  void anotherProgramsFolderIsNotTouched() throws IOException {
    Path out = Files.createDirectories(temporary.resolve("out"));
    Files.writeString(out.resolve("mine.txt"), "mine");
    assertThatThrownBy(() -> open("a", false)).hasMessageContaining("it exists and is not empty");
    assertThat(visible()).containsExactly("mine.txt");
  }
}
