package io.foresight.jobs.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.JobRun;
import io.foresight.jobs.process.ExitCode;
import io.foresight.jobs.train.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateJobTest {

  @TempDir static Path temporary;

  private static JobRun.Folder folder;
  private static Path prompts;

  @BeforeAll
  static void models() throws IOException {
    folder = JobRun.Folder.create(temporary);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      lines.add(
          "{\"id\": \"p%d\", \"concepts\": [\"dog\", \"park\"], \"note\": %d}".formatted(i, i));
    }
    lines.add("{\"id\": \"bad\", \"concepts\": [\"...\"], \"note\": 9}");
    prompts = folder.file("prompts.jsonl", lines.toArray(String[]::new));
  }

  private static List<Row> rows(String format, Path out, String order) {
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      return spark.read().format(format).load(out.toString()).orderBy(order).collectAsList();
    }
  }

  @Test
  void aDraftHasNothingToProposeWhereThereIsRoomForOneToken() throws IOException {
    JobRun.Folder one = JobRun.Folder.create(Files.createDirectory(temporary.resolve("one-token")));
    Path input = one.file("in.jsonl", "{\"id\": 1, \"concepts\": [\"dog\"]}");
    for (String strategy : List.of("speculative", "cdlh-appx", "cdsl", "cdlh-speculative")) {
      one.generate(
              "--input",
              input,
              "--set",
              "decoding.strategy=" + strategy,
              "--set",
              "decoding.max-new-tokens=1",
              "--output",
              one.path().resolve(strategy))
          .succeeded();
    }
  }

  @Test
  void oneRowPerPromptAndABadRowIsAnErrorRow() throws IOException {
    Path out = temporary.resolve("out");
    Path summary = temporary.resolve("summary.json");
    JobRun run =
        folder.generate("--input", prompts, "--output", out, "--summary", summary, "--report");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("Report in " + out + "/_foresight/report.html");
    JsonNode report = new ObjectMapper().readTree(out.resolve("_foresight/report.json").toFile());
    assertThat(report.at("/variants/0/status/error").asLong()).isEqualTo(1);
    assertThat(report.at("/variants/0/work/target_forwards").asDouble()).isPositive();
    assertThat(run.out()).contains("10: ").contains("1 error").contains("Written to " + out);
    JsonNode figures = new ObjectMapper().readTree(summary.toFile());
    assertThat(figures.get("rows").asLong()).isEqualTo(10);
    assertThat(figures.get("error").asLong()).isEqualTo(1);
    assertThat(
            figures.get("ok").asLong()
                + figures.get("unsatisfied").asLong()
                + figures.get("truncated").asLong())
        .isEqualTo(9);
    for (String name :
        List.of(
            "satisfied",
            "mean_reward",
            "mean_reward",
            "satisfied_rate",
            "mean_tokens",
            "perplexity",
            "tokens",
            "tokens_per_second",
            "target_forwards_per_token",
            "target_positions_per_token",
            "draft_forwards_per_token",
            "acceptance_rate")) {
      assertThat(figures.has(name)).as(name).isTrue();
    }
    List<Row> rows = rows("parquet", out, "note");
    assertThat(rows)
        .extracting(r -> r.<String>getAs("id"))
        .containsExactly("p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "bad");
    assertThat(rows.get(9).<String>getAs("error")).contains("holds no word");
    Row first = rows.get(0);
    assertThat(first.<Integer>getAs("tokens")).isBetween(1, 6);
    assertThat(first.<Row>getAs("counters").<Long>getAs("target_forwards")).isPositive();
    // What is whole answers at once, and what is another run is kept unless told otherwise.
    JobRun again = folder.generate("--input", prompts, "--output", out);
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out()).contains("10: ").contains("Written before to " + out);
    JobRun other =
        folder.generate("--input", prompts, "--output", out, "--set", "decoding.candidates=2");
    assertThat(other.code()).isEqualTo(ExitCode.TAKEN.code());
    assertThat(other.err())
        .contains("decoding.candidates was 5 and is 2")
        .doesNotContain("decoding.lookahead");
    assertThat(folder.generate("--input", prompts, "--output", out, "--overwrite").code()).isZero();
  }

  private static JsonNode manifest(Path out) throws IOException {
    return new ObjectMapper().readTree(out.resolve("_foresight/run.json").toFile());
  }

  @Test
  void anInputThatIsTouchedChangesNoFigure() throws IOException {
    Path out = temporary.resolve("touched");
    Path input = Files.copy(prompts, temporary.resolve("touched.jsonl"));
    folder.generate("--input", input, "--output", out).succeeded();
    JsonNode before = manifest(out);
    Files.setLastModifiedTime(input, FileTime.fromMillis(1_000_000_000_000L));
    JobRun again = folder.generate("--input", input, "--output", out).succeeded();
    assertThat(again.out()).contains("10: ").contains("Written before to " + out);
    assertThat(manifest(out).get("summary")).isEqualTo(before.get("summary"));
    assertThat(manifest(out).at("/input/files")).isNotEqualTo(before.at("/input/files"));
    JobRun scored = score(input, out.resolveSibling("touched-scored")).succeeded();
    Files.setLastModifiedTime(input, FileTime.fromMillis(1_100_000_000_000L));
    assertThat(score(input, out.resolveSibling("touched-scored")).succeeded().out())
        .isEqualTo(scored.out().replace("Written to", "Written before to"));
  }

  private static JobRun score(Path input, Path out) {
    return JobRun.of(
        "score", "--text", "id", "--input", input.toString(), "--output", out.toString());
  }

  @Test
  void errorRowsAreDecodedAgainIfAskedFor() throws IOException {
    Path out = temporary.resolve("retried");
    Object[] given = {"--input", prompts, "--output", out, "--set", "run.max-error-fraction=1"};
    JobRun late = folder.generate(with(given, "--set", "run.row-timeout=1ms"));
    assertThat(late.code()).as(late.err()).isEqualTo(ExitCode.ALL_ROWS_FAILED.code());
    assertThat(manifest(out).at("/summary/error").asInt()).isEqualTo(10);
    assertThat(folder.generate(given).code()).isEqualTo(ExitCode.ALL_ROWS_FAILED.code());
    JobRun retried = folder.generate(with(given, "--retry", "errors")).succeeded();
    assertThat(retried.out()).contains("1 error");
    assertThat(manifest(out).at("/summary/error").asInt()).isEqualTo(1);
    assertThat(rows("parquet", out, "note"))
        .hasSize(10)
        .filteredOn(row -> row.getAs("error") != null)
        .extracting(row -> row.<String>getAs("id"))
        .containsExactly("bad");
  }

  private static Object[] with(Object[] given, Object... more) {
    return Stream.concat(Arrays.stream(given), Arrays.stream(more)).toArray();
  }

  @Test
  void rowsThatTheInputHasGainedAreDecodedIfAskedFor() throws IOException {
    Path out = temporary.resolve("extended");
    Path input = Files.copy(prompts, temporary.resolve("extended.jsonl"));
    folder.generate("--input", input, "--output", out).succeeded();
    List<Row> before = rows("parquet", out, "note");
    Files.writeString(
        input,
        "{\"id\": \"more\", \"concepts\": [\"park\"], \"note\": 10}\n",
        StandardOpenOption.APPEND);
    JobRun refused = folder.generate("--input", input, "--output", out);
    assertThat(refused.code()).isEqualTo(ExitCode.TAKEN.code());
    assertThat(refused.err()).contains("1 row is new (such as id more)");
    JobRun extended = folder.generate("--input", input, "--output", out, "--extend").succeeded();
    assertThat(extended.out()).contains("11: ").contains("Written to " + out);
    List<Row> after = rows("parquet", out, "note");
    assertThat(after.subList(0, 10)).isEqualTo(before);
    assertThat(after.get(10).<String>getAs("id")).isEqualTo("more");
    Files.writeString(
        input,
        "{\"id\": \"more\", \"concepts\": [\"park\"], \"note\": 10}\n",
        StandardOpenOption.APPEND);
    JobRun twice = folder.generate("--input", input, "--output", out, "--extend");
    assertThat(twice.code()).isEqualTo(ExitCode.INPUT.code());
    assertThat(twice.err()).contains("1 ids stand in several rows, for example more");
  }

  @Test
  void theManifestSaysWhatRan() throws IOException {
    Path out = temporary.resolve("manifest");
    assertThat(folder.generate("--input", prompts, "--output", out, "--limit", 2).code()).isZero();
    JsonNode run = new ObjectMapper().readTree(out.resolve("_foresight/run.json").toFile());
    assertThat(run.at("/settings/decoding/max-new-tokens").asInt()).isEqualTo(6);
    assertThat(run.at("/settings/output/path").asText()).isEqualTo(out.toString());
    assertThat(run.at("/models/target").asText()).hasSize(64);
    assertThat(run.at("/models/draft").asText())
        .hasSize(64)
        .isNotEqualTo(run.at("/models/target").asText());
    assertThat(run.at("/version/version").asText()).isNotEmpty();
    assertThat(run.at("/summary/rows").asInt()).isEqualTo(2);
    // The first two of the file, not any two.
    assertThat(rows("parquet", out, "id"))
        .extracting(r -> r.getAs("id"))
        .containsExactly("p0", "p1");
  }

  @Test
  void aDryRunDecodesNothing() {
    Path out = temporary.resolve("dry");
    JobRun run = folder.generate("--input", prompts, "--output", out, "--dry-run");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("\"strategy\" : \"cdsl\"")
        .contains("constraint_scores: map")
        .contains("dog park =");
    assertThat(out).doesNotExist();
  }

  @Test
  void everyFormatIsReadAndWritten() throws IOException {
    Path out = temporary.resolve("formats");
    Path csv =
        folder.file(
            "prompts.csv",
            "id,concepts,forms",
            "a, dog  park ,dog|dogs;park|parks",
            "b,run,",
            "c,  ,");
    JobRun fromCsv = folder.generate("--input", csv, "--output", out);
    assertThat(fromCsv.code()).as(fromCsv.err()).isZero();
    List<Row> rows = rows("parquet", out, "id");
    assertThat(rows.get(0).<String>getList(rows.get(0).fieldIndex("concepts")))
        .containsExactly("dog", "park");
    assertThat(rows.subList(0, 2)).extracting(r -> r.getAs("status")).doesNotContain("error");
    // A cell of blanks is an empty one, of which no prompt can be made.
    assertThat(rows.get(2).isNullAt(rows.get(2).fieldIndex("concepts"))).isTrue();
    assertThat(rows.get(2).<String>getAs("status")).isEqualTo("error");
    Path lines = temporary.resolve("lines");
    Path parquet = temporary.resolve("prompts");
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .getOrCreate()) {
      spark.read().json(prompts.toString()).write().parquet(parquet.toString());
    }
    JobRun toLines =
        folder.generate("--input", parquet, "--output", lines, "--set", "output.format=jsonl");
    assertThat(toLines.code()).as(toLines.err()).isZero();
    assertThat(rows("json", lines, "note")).hasSize(10);
    assertThat(toLines.out()).contains("1 error");
    Path again = temporary.resolve("again");
    JobRun fromLines =
        folder.generate("--input", lines, "--output", again, "--set", "output.prefix=again_");
    assertThat(fromLines.code()).as(fromLines.err()).isZero();
    assertThat(fromLines.out()).contains("1 error").contains("truncated   ");
    assertThat(rows("parquet", again, "note"))
        .allSatisfy(
            row -> assertThat(row.<String>getAs("again_output")).isEqualTo(row.getAs("output")));
  }

  @Test
  void idsAreDerivedFromTheContent() throws IOException {
    Path twice =
        folder.file(
            "no-ids.jsonl",
            "{\"concepts\": [\"dog\"]}",
            "{\"concepts\": [\"dog\"]}",
            "{\"concepts\": [\"park\"]}");
    Path out = temporary.resolve("derived");
    JobRun run =
        folder.generate(
            "--input",
            twice,
            "--output",
            out,
            "--set",
            "input.columns.id=",
            "--set",
            "decoding.strategy=sample");
    assertThat(run.code()).as(run.err()).isZero();
    List<Row> rows = rows("parquet", out, "log_prob");
    assertThat(rows).hasSize(3);
    // Equal rows are told apart by their ordinal, so each has a seed of its own.
    assertThat(rows).extracting(r -> r.<String>getAs("output")).doesNotHaveDuplicates();
    assertThat(rows.get(0).schema().fieldNames()).startsWith("concepts", "output");
  }

  @Test
  void anIdColumnMayHaveAnyName() throws IOException {
    Path odd = folder.file("odd.jsonl", "{\"a`b.c\": 1, \"concepts\": [\"dog\"]}");
    for (String id : List.of("a`b.c", "")) {
      folder
          .generate(
              "--input",
              odd,
              "--output",
              temporary.resolve("odd" + id.length()),
              "--set",
              "input.columns.id=" + id)
          .succeeded();
    }
  }

  @Test
  void aPromptColumnIsTakenAsItIs() throws IOException {
    Path texts =
        folder.file(
            "texts.jsonl", "{\"id\": 1, \"concepts\": [\"dog\"], \"text\": \"The dog runs\"}");
    JobRun run =
        folder.generate(
            "--input",
            texts,
            "--output",
            temporary.resolve("texts"),
            "--set",
            "prompt.column=text",
            "--dry-run");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines()).contains("The dog runs");
  }

  @Test
  void aRunThatDecodesNothingFails() throws IOException {
    Path bad = folder.file("all-bad.jsonl", "{\"id\": 1, \"concepts\": [\"!\"]}");
    JobRun run = folder.generate("--input", bad, "--output", temporary.resolve("all-bad"));
    assertThat(run.code()).isEqualTo(7);
    assertThat(run.err())
        .contains(
            "Cannot decode any row: Cannot score with reward concepts: Cannot use concept \"!\"");
  }

  @Test
  void speculationThatDoesNotPayIsSaid() throws IOException {
    // However much is accepted of a draft that costs more than the target does not pay.
    Path large = TinyModels.write(temporary.resolve("large"), 3, 20);
    JobRun run =
        folder.generate(
            "--input",
            prompts,
            "--output",
            temporary.resolve("slow"),
            "--set",
            "decoding.strategy=speculative",
            "--set",
            "decoding.adaptive-draft=false",
            "--set",
            "models.draft=" + large);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err())
        .as(run.out())
        .contains("Speculation did not pay: of ")
        .contains("times the speed of greedy.")
        .contains("Set decoding.strategy = greedy");
    JobRun adaptive =
        folder.generate(
            "--input",
            prompts,
            "--output",
            temporary.resolve("undrafted"),
            "--set",
            "decoding.strategy=speculative",
            "--set",
            "models.draft=" + large);
    assertThat(adaptive.code()).as(adaptive.err()).isZero();
    assertThat(adaptive.err())
        .contains("Note: nothing was drafted, since no draft token was worth its cost")
        .doesNotContain("Speculation did not pay");
    JobRun own =
        folder.generate(
            "--input",
            prompts,
            "--output",
            temporary.resolve("greedy"),
            "--set",
            "decoding.strategy=greedy");
    assertThat(own.err()).doesNotContain("Speculation did not pay");
  }

  @Test
  void whatNoRewardJudgesIsNotPerfect() throws IOException {
    Path input =
        folder.file(
            "judged.jsonl",
            "{\"id\": \"a\", \"say\": \"dog park\", \"concepts\": [\"zebra\"]}",
            "{\"id\": \"b\", \"say\": \"dog park\", \"concepts\": []}",
            "{\"id\": \"c\", \"say\": \"dog park\", \"concepts\": null}",
            "{\"id\": \"d\", \"say\": \"dog park\", \"concepts\": [\"!\"]}");
    Path out = temporary.resolve("judged");
    Path summary = temporary.resolve("judged.json");
    JobRun run =
        folder
            .generate(
                "--input",
                input,
                "--output",
                out,
                "--summary",
                summary,
                "--set",
                "prompt.template={say} =")
            .succeeded();
    List<Row> rows = rows("parquet", out, "id");
    assertThat(rows.get(0).<Double>getAs("reward")).isNotNull();
    assertThat(rows.get(0).<Boolean>getAs("satisfied")).isNotNull();
    for (Row row : rows.subList(1, 3)) {
      assertThat(row.<Double>getAs("reward")).isNull();
      assertThat(row.<Boolean>getAs("satisfied")).isNull();
      assertThat(row.<String>getAs("output")).isNotNull();
      assertThat(row.<String>getAs("status")).isIn("ok", "truncated");
    }
    JsonNode figures = new ObjectMapper().readTree(summary.toFile());
    assertThat(figures.get("rows").asInt()).isEqualTo(4);
    assertThat(figures.get("judged").asInt()).isEqualTo(1);
    assertThat(figures.get("judged_hard").asInt()).isEqualTo(1);
    assertThat(figures.at("/judged_by/concepts").asInt()).isEqualTo(1);
    assertThat(figures.get("judged_coverage").asInt()).isEqualTo(1);
    assertThat(figures.get("mean_reward").asDouble()).isEqualTo(rows.get(0).getAs("reward"));
    boolean satisfied = rows.get(0).getAs("satisfied");
    assertThat(figures.get("satisfied").asInt()).isEqualTo(satisfied ? 1 : 0);
    assertThat(run.out())
        .contains("1 error; 2 not judged")
        .containsPattern("satisfied +[0-9.]+ % of 1 judged(, | \\()")
        .containsPattern("mean reward [0-9.]+ of 1\n")
        .containsPattern("concepts +mean [0-9.]+ of 1\n");
  }

  @Test
  void aDraftThatHadNothingToLookAheadForIsNotMissed() throws IOException {
    Path input = folder.file("none.jsonl", "{\"id\": \"b\", \"concepts\": [], \"say\": \"dog\"}");
    JobRun run =
        folder
            .generate(
                "--input",
                input,
                "--output",
                temporary.resolve("appx"),
                "--set",
                "prompt.template={say} =",
                "--set",
                "decoding.strategy=cdlh-appx")
            .succeeded();
    assertThat(run.out()).contains("0 error; 1 not judged").doesNotContain("satisfied   ", "NaN");
  }

  @Test
  void anEmptyInputGivesAnEmptyOutput() throws IOException {
    Path none = temporary.resolve("none");
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .getOrCreate()) {
      spark.read().json(prompts.toString()).limit(0).write().parquet(none.toString());
    }
    Path out = temporary.resolve("empty");
    JobRun run = folder.generate("--input", none, "--output", out);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(out.resolve("_SUCCESS")).exists();
    assertThat(Files.exists(out.resolve("_foresight/run.json"))).isTrue();
    assertThat(run.out())
        .contains("rows             0: 0 ok")
        .contains("concepts         judged no row")
        .doesNotContain("NaN", "satisfied  ", "perplexity");
  }
}
