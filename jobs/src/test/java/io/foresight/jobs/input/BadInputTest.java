package io.foresight.jobs.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.JobRun;
import io.foresight.jobs.train.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot work ends with one clear line and a code that schedulers see. */
class BadInputTest {

  @TempDir static Path temporary;

  private static JobRun.Folder folder;
  private static Path good;
  private static Path out;

  @BeforeAll
  static void folders() throws IOException {
    folder = JobRun.Folder.create(temporary);
    good = folder.file("good.jsonl", "{\"id\": \"a\", \"concepts\": [\"dog\"], \"n\": 1}");
    out = temporary.resolve("out");
  }

  private static void assertRefused(int code, String message, Object... further) {
    Object[] args = new Object[further.length + 2];
    args[0] = "--output";
    args[1] = out;
    System.arraycopy(further, 0, args, 2, further.length);
    JobRun run = folder.generate(args);
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
    assertThat(out).doesNotExist();
  }

  private static Path prompts(String name, String... lines) throws IOException {
    return folder.file(name, lines);
  }

  @Test
  void inputs() throws IOException {
    assertRefused(3, "there is no such file", "--input", temporary.resolve("missing.jsonl"));
    assertRefused(
        3,
        "Cannot find column words, which holds the",
        "--input",
        good,
        "--set",
        "input.columns.concepts=words",
        "--set",
        "prompt.template={words} =");
    assertRefused(
        3,
        """
        Cannot find column title, which holds the prompt: the input has [concepts, id, n]. Name the column in the settings.
        Cannot find column most, which holds what a reward judges by: the input has [concepts, id, n]. Name the column in the settings.
        Cannot find column key, which holds the id: the input has [concepts, id, n]. Name the column in the settings.
        """,
        "--input",
        good,
        "--set",
        "prompt.column=title",
        "--set",
        "rewards.short.type=length",
        "--set",
        "rewards.short.at-most-column=most",
        "--set",
        "reward.use=short",
        "--set",
        "input.columns.id=key");
    assertRefused(
        3,
        "Cannot use column n: its type is bigint. Give a list of texts",
        "--input",
        good,
        "--set",
        "input.columns.concepts=n");
    assertRefused(
        3,
        "Cannot use column concepts: its type is array<string>. Give a text or a number",
        "--input",
        good,
        "--set",
        "input.columns.id=concepts");
    assertRefused(
        3,
        "Cannot read line 2 of ",
        "--input",
        prompts("broken.jsonl", "{\"id\": \"a\", \"concepts\": [\"dog\"]}", "{\"id\": "),
        "--set",
        "input.malformed=fail");
    assertRefused(3, "as parquet", "--input", good, "--set", "input.format=parquet");
    assertRefused(
        3,
        "it has no file that is data by its name",
        "--input",
        Files.createDirectory(temporary.resolve("empty")));
    assertRefused(
        3,
        "differ in case only",
        "--input",
        prompts("cases.jsonl", "{\"text\": \"a\", \"Text\": \"b\"}"));
    assertRefused(
        3,
        "Cannot find column Concepts, which holds the prompt: the input has [concepts, id, n]. Did you mean concepts?",
        "--input",
        good,
        "--set",
        "prompt.template={Concepts}");
    assertRefused(
        3,
        "Cannot write output %s: it lies in the input".formatted(out),
        "--input",
        out.getParent());
    assertRefused(
        3,
        "the input already has [output]",
        "--input",
        prompts("taken.jsonl", "{\"id\": 1, \"concepts\": [\"dog\"], \"output\": \"\"}"));
  }

  @Test
  void ids() throws IOException {
    String row = "{\"id\": \"a\", \"concepts\": [\"dog\"]}";
    assertRefused(
        3,
        "1 ids stand in several rows, for example a",
        "--input",
        prompts("twice.jsonl", row, row, row.replace("\"a\"", "\"b\"")));
    assertRefused(
        3,
        "2 rows have none",
        "--input",
        prompts("null.jsonl", row, "{\"concepts\": [\"dog\"]}", "{\"concepts\": [\"park\"]}"));
  }

  @Test
  void models() throws IOException {
    Path draft = TinyModels.write(temporary.resolve("broken"), 3);
    Path weights = draft.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    Files.write(weights, java.util.Arrays.copyOf(whole, whole.length - 10));
    assertRefused(
        4, "model.safetensors is truncated", "--input", good, "--set", "models.draft=" + draft);
    Files.delete(weights);
    assertRefused(
        4,
        "it has neither a file model.safetensors",
        "--input",
        good,
        "--set",
        "models.draft=" + draft);
    Files.write(weights, whole);
    Path config = draft.resolve("config.json");
    String written = Files.readString(config);
    Files.writeString(
        config, written.replace("\"intermediate_size\" : 32", "\"intermediate_size\" : 48"));
    assertRefused(
        4, "but config.json calls for [48, 16]", "--input", good, "--set", "models.draft=" + draft);
    Files.writeString(config, written.replace("llama", "mamba").replace("Llama", "Mamba"));
    assertRefused(4, "mamba", "--input", good, "--set", "models.draft=" + draft);
    Files.writeString(config, written);
    Path tokenizer = draft.resolve("tokenizer.json");
    Files.writeString(tokenizer, Files.readString(tokenizer).replace("\"<pad>\"", "\"<gap>\""));
    assertRefused(
        4,
        "its tokenizer is not the target's: id 0 is \"<pad>\" for the target and \"<gap>\" for the draft",
        "--input",
        good,
        "--set",
        "models.draft=" + draft);
    Files.delete(tokenizer);
    assertRefused(4, "Cannot load tokenizer", "--input", good, "--set", "models.draft=" + draft);
    Path nowhere = temporary.resolve("nowhere");
    JobRun both =
        folder.generate(
            "--set",
            "models.target=" + nowhere,
            "--set",
            "models.draft=" + nowhere + "2",
            "--set",
            "rewards.kind.type=classifier",
            "--set",
            "rewards.kind.label=1",
            "--set",
            "rewards.kind.model=" + nowhere + "3",
            "--set",
            "reward.use=kind");
    assertThat(both.code()).isEqualTo(4);
    assertThat(both.err().lines().filter(l -> l.startsWith("Cannot load model"))).hasSize(2);
    assertThat(both.err()).contains("rewards.kind.type").contains(nowhere + "3");
  }

  @Test
  void aDeviceThatSparkDidNotAssign() {
    JobRun run =
        folder.generate(
            "--input", good, "--output", temporary.resolve("gpu"), "--set", "models.device=gpu");
    assertThat(run.code()).isEqualTo(6);
    assertThat(run.err().lines().filter(line -> line.startsWith("Cannot")))
        .containsExactly(
            "Cannot run on a GPU: Spark assigned none to this task. Set spark.executor.resource.gpu.amount,"
                + " spark.task.resource.gpu.amount and a discovery script, or models.device = cpu.");
  }

  @Test
  void settings() {
    assertRefused(
        2, "Did you mean decoding.lookahead?", "--input", good, "--set", "decoding.lookahed=3");
    assertRefused(
        2,
        "decoding.top-p = 1.5: it must be in (0, 1].",
        "--input",
        good,
        "--set",
        "decoding.top-p=1.5");
    assertRefused(2, "has no value", "--input", good, "--set", "decoding.top-p");
    assertRefused(2, "Unknown option", "--input", good, "--colour");
    assertRefused(
        2, "Cannot read --config", "--input", good, "--config", temporary.resolve("none.conf"));
  }

  @Test
  void placesThatCannotBeReached() {
    assertRefused(
        3, "Cannot read input foo://x/y.jsonl: No FileSystem", "--input", "foo://x/y.jsonl");
    assertThat(folder.generate("--input", good, "--output", "foo://x/y").err())
        .startsWith(
            "Cannot write output foo://x/y: No FileSystem for scheme \"foo\". Check the path")
        .hasLineCount(1);
    assertRefused(
        5,
        "Cannot write --summary",
        "--input",
        good,
        "--summary",
        temporary.resolve("nowhere/figures.json"));
  }

  @Test
  void aLineThatIsNoRowIsAnErrorRow() throws IOException {
    Path mixed =
        prompts(
            "lines.jsonl",
            "{\"id\": 1, \"concepts\": [\"dog\"]}",
            "{\"id\": 2, \"concepts\": [\"dog\"], ",
            "{\"id\": \"2.5\", \"concepts\": [\"dog\"]}",
            "{\"id\": 3, \"concepts\": \"dog\"}",
            "[]");
    Path output = temporary.resolve("lines");
    for (String id : new String[] {"id", ""}) {
      folder
          .generate(
              "--input",
              mixed,
              "--output",
              output,
              "--overwrite",
              "--set",
              "run.max-error-fraction=1",
              "--set",
              "input.columns.id=" + id)
          .succeeded();
      try (SparkSession spark = SparkSession.builder().getOrCreate()) {
        var rows = spark.read().parquet(output.toString()).orderBy("error", "id").collectAsList();
        assertThat(rows)
            .extracting(row -> row.<Object>getAs("id"))
            .containsExactly("1", "2.5", null, "3", null);
        assertThat(rows.get(0).schema().fieldNames())
            .startsWith("concepts", "id", "output")
            .doesNotContain("_foresight_error", "_foresight_id");
        assertThat(error(rows.get(2))).startsWith("Cannot read line 2 of " + mixed);
        assertThat(error(rows.get(3))).contains("line 4", "column concepts holds a text");
        assertThat(error(rows.get(4))).contains("line 5", "it is no JSON object");
      }
    }
    JobRun scored =
        JobRun.of(
            "score",
            "--input",
            mixed.toString(),
            "--text",
            "id",
            "--output",
            output.toString(),
            "--overwrite",
            "--set",
            "run.max-error-fraction=1");
    assertThat(scored.succeeded().out()).contains("rows             5: 3 error");
    JobRun dry =
        folder.generate("--input", mixed, "--dry-run", "--output", temporary.resolve("dry"));
    assertThat(dry.succeeded().out()).contains("Cannot read line 2 of").contains("dog =");
  }

  @Test
  void oneRowsFaultIsThatRowsError() throws IOException {
    String words = "\"dog\", ".repeat(150);
    Path mixed =
        prompts(
            "mixed.jsonl",
            "{\"id\": 1, \"concepts\": [\"dog\"], \"text\": \"The dog\"}",
            "{\"id\": 2, \"concepts\": null, \"text\": \"The dog\"}",
            "{\"id\": 3, \"concepts\": [\"dog\", null], \"text\": \"The dog\"}",
            "{\"id\": 4, \"concepts\": [\"dog\"], \"text\": \"  \"}",
            "{\"id\": 5, \"concepts\": [\"dog\"], \"text\": null}",
            "{\"id\": 6, \"concepts\": [\"dog\"], \"text\": \"%s\"}"
                .formatted(words.replace("\"", "")),
            "{\"id\": 7, \"concepts\": [\"dog\"], \"forms\": [[\"dogs\"], [\"cat\"]], \"text\": \"A\"}");
    Path mixedOut = temporary.resolve("mixed");
    JobRun run =
        folder.generate(
            "--input",
            mixed,
            "--output",
            mixedOut,
            "--set",
            "prompt.column=text",
            "--set",
            "run.max-error-fraction=1");
    assertThat(run.code()).as(run.err()).isZero();
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      var rows = spark.read().parquet(mixedOut.toString()).orderBy("id").collectAsList();
      assertThat(rows).hasSize(7);
      assertThat(rows.get(0).<String>getAs("error")).isNull();
      // A row without concepts is not judged by them.
      assertThat(rows.get(1).<String>getAs("error")).isNull();
      assertThat(rows.get(1).getJavaMap(rows.get(1).fieldIndex("constraint_scores"))).isEmpty();
      assertThat(error(rows.get(2))).contains("Cannot read column concepts: it holds null");
      assertThat(error(rows.get(3))).contains("Cannot build a prompt: it is empty");
      assertThat(error(rows.get(4))).contains("column text is null");
      assertThat(error(rows.get(5))).contains("the model's context holds 256");
      assertThat(error(rows.get(6))).contains("it has 2 lists for 1 concepts");
    }
  }

  private static String error(Row row) {
    assertThat(row.<String>getAs("status")).isEqualTo("error");
    assertThat(row.<String>getAs("output")).isNull();
    return row.getAs("error");
  }
}
