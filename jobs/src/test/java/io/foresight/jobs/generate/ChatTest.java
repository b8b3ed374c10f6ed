package io.foresight.jobs.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.JobRun;
import io.foresight.jobs.process.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose prompts are chats. */
class ChatTest {

  @TempDir static Path temporary;

  private static JobRun.Folder folder;
  private static Path prompts;

  @BeforeAll
  static void folders() throws IOException {
    folder = JobRun.Folder.create(temporary);
    prompts =
        folder.file(
            "prompts.jsonl",
            "{\"id\": \"a\", \"concepts\": [\"dog\"], \"tone\": \"kind\"}",
            "{\"id\": \"b\", \"concepts\": [\"park\"], \"tone\": \"rude\"}");
  }

  private static void template(String template) throws IOException {
    Files.writeString(folder.target().resolve("chat_template.jinja"), template);
  }

  private static JobRun generate(Object... further) {
    Object[] args = new Object[further.length + 6];
    List<Object> fixed =
        List.of(
            "--input",
            prompts,
            "--set",
            "prompt.chat.enabled=true",
            "--set",
            "prompt.template=About {concepts}.");
    for (int i = 0; i < args.length; i++) {
      args[i] = i < 6 ? fixed.get(i) : further[i - 6];
    }
    return folder.generate(args);
  }

  @Test
  void promptsAreWrittenByTheTargetsTemplate() throws IOException {
    template(
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{{ strftime_now(' %d %B') }}");
    JobRun run =
        generate(
            "--dry-run",
            "--output",
            temporary.resolve("dry"),
            "--set",
            "prompt.chat.system=Be {tone}.",
            "--set",
            "prompt.chat.now=2026-01-02T03:04");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("<system>Be kind.<user>About dog. 02 January")
        .contains("\"now\" : \"2026-01-02T03:04\"");
  }

  @Test
  void aRowThatTheTemplateRefusesIsAnErrorRow() throws IOException {
    template(
        "{% if 'park' in messages[0].content %}{{ raise_exception('No parks, please') }}{% endif %}x");
    Path out = temporary.resolve("out");
    JobRun run = generate("--output", out);
    assertThat(run.code()).as(run.err()).isZero();
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      List<Row> rows = spark.read().parquet(out.toString()).orderBy("id").collectAsList();
      assertThat(rows.get(0).<String>getAs("error")).isNull();
      assertThat(rows.get(0).<String>getAs("output")).isNotNull();
      assertThat(rows.get(1).<String>getAs("status")).isEqualTo("error");
      assertThat(rows.get(1).<String>getAs("error")).contains("says: No parks, please.");
    }
  }

  @Test
  void whatCannotWorkIsSaidBeforeTheRun() throws IOException {
    Path out = temporary.resolve("none");
    Files.deleteIfExists(folder.target().resolve("chat_template.jinja"));
    assertRefused(
        generate("--output", out),
        out,
        ExitCode.MODELS,
        "it has none, neither chat_template.jinja");
    template("{% include 'x' %}");
    assertRefused(generate("--output", out), out, ExitCode.MODELS, "line 1: the tag \"include\"");
    template("{% if messages[0].role == 'system' %}{{ raise_exception('No system') }}{% endif %}x");
    assertRefused(
        generate("--output", out, "--set", "prompt.chat.system=Be kind."),
        out,
        ExitCode.MODELS,
        "says: No system");
    template("x");
    assertRefused(
        generate("--output", out, "--set", "prompt.chat.system={mood}"),
        out,
        ExitCode.INPUT,
        "Cannot find column mood, which holds the prompt");
  }

  private static void assertRefused(JobRun run, Path out, ExitCode code, String message) {
    assertThat(run.code()).as(run.err()).isEqualTo(code.code());
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
    assertThat(out).doesNotExist();
  }
}
