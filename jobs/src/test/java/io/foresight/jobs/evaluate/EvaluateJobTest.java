package io.foresight.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.JobRun;
import io.foresight.jobs.process.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateJobTest {

  @TempDir static Path temporary;

  private static JobRun.Folder folder;
  private static Path prompts;

  @BeforeAll
  static void models() throws IOException {
    folder = JobRun.Folder.create(temporary);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      lines.add(
          """
          {"id": "p%d", "concepts": ["dog", "park"], "references": ["A dog is in the park.", "Dogs %d."]}"""
              .formatted(i, i));
    }
    prompts = folder.file("prompts.jsonl", lines.toArray(String[]::new));
  }

  private static JobRun evaluate(Object... further) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "evaluate",
                "--set",
                "models.target=" + folder.target(),
                "--set",
                "models.draft=" + folder.draft(),
                "--set",
                "decoding.max-new-tokens=6"));
    for (Object argument : further) {
      args.add(argument.toString());
    }
    return JobRun.of(args.toArray(String[]::new));
  }

  private static JsonNode report(Path out) throws IOException {
    return new ObjectMapper().readTree(out.resolve("report.json").toFile());
  }

  /** Times of a run's files, by name. */
  private static Map<String, FileTime> files(Path run) throws IOException {
    Map<String, FileTime> times = new TreeMap<>();
    try (Stream<Path> files = Files.list(run)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        times.put(file.getFileName().toString(), Files.getLastModifiedTime(file));
      }
    }
    return times;
  }

  private static JsonNode withoutTime(JsonNode report) {
    return ((com.fasterxml.jackson.databind.node.ObjectNode) report.deepCopy())
        .without(List.of("created", "command"));
  }

  @Test
  void eachVariantIsARunAndOneMoreCostsOneMore() throws IOException {
    Path out = temporary.resolve("grows");
    JobRun first = evaluate("--input", prompts, "--output", out, "--strategies", "greedy,cdsl");
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.out()).contains("greedy on prompts", "| cdsl |", "report.md");
    JsonNode report = report(out);
    assertThat(report.get("variants")).hasSize(2);
    JsonNode greedy = report.get("variants").get(0);
    assertThat(greedy.get("name").asText()).isEqualTo("greedy");
    assertThat(greedy.at("/settings/decoding.strategy").asText()).isEqualTo("greedy");
    assertThat(greedy.get("settings")).hasSize(1);
    assertThat(greedy.at("/work/target_forwards").asDouble()).isPositive();
    for (String metric :
        List.of("hard_coverage", "perplexity", "bleu_4", "rouge_l", "chrf", "cider")) {
      assertThat(greedy.at("/metrics/" + metric + "/rows").asLong()).as(metric).isEqualTo(9);
    }
    assertThat(greedy.at("/metrics/self_bleu/low").isNull()).isTrue();
    assertThat(report.get("summary")).hasSize(3);
    assertThat(report.get("rows")).hasSize(9);
    assertThat(Files.readString(out.resolve("report.md")))
        .contains("## Paired tests", "Speed is not measured here");
    Map<String, FileTime> before = files(out.resolve("prompts/greedy"));

    JobRun more =
        evaluate("--input", prompts, "--output", out, "--strategies", "greedy,cdsl,cdlh-appx");
    assertThat(more.succeeded().out())
        .contains(
            "Written before to " + out.resolve("prompts/greedy"),
            "Written before to " + out.resolve("prompts/cdsl"),
            "Written to " + out.resolve("prompts/cdlh-appx"));
    assertThat(files(out.resolve("prompts/greedy"))).isEqualTo(before);
    assertThat(report(out).get("variants")).hasSize(3);
    assertThat(report(out).get("variants").get(0).get("metrics")).isEqualTo(greedy.get("metrics"));
  }

  @Test
  void anEvaluationThatWasKilledGoesOnToTheSameReport() throws IOException {
    Path whole = temporary.resolve("whole");
    Object[] given = {
      "--input", prompts, "--strategies", "greedy,cdsl", "--set", "run.shard-rows=2"
    };
    evaluate(with(given, "--output", whole)).succeeded();
    Path killed = temporary.resolve("killed");
    evaluate(with(given, "--output", killed)).succeeded();
    // As if it had been killed in its second run, before its last shards, and before any report.
    Path second = killed.resolve("prompts/cdsl");
    Files.delete(second.resolve("_SUCCESS"));
    List<Path> shards;
    try (Stream<Path> files = Files.list(second)) {
      shards = files.filter(file -> file.toString().endsWith(".parquet")).sorted().toList();
    }
    Files.delete(killed.resolve("report.json"));
    JobRun on = evaluate(with(given, "--output", killed)).succeeded();
    assertThat(shards).isNotEmpty();
    assertThat(on.out()).contains("Written before to " + killed.resolve("prompts/greedy"));
    String there = withoutTime(report(whole)).toString();
    assertThat(withoutTime(report(killed)).toString().replace("killed/", "whole/"))
        .isEqualTo(there);
  }

  private static Object[] with(Object[] given, Object... further) {
    return Stream.concat(Stream.of(given), Stream.of(further)).toArray();
  }

  @Test
  void aChangedVariantIsRefusedOrDoneAnew() throws IOException {
    Path out = temporary.resolve("changed");
    Path variants =
        folder.file(
            "variants.conf",
            "variants = [ { name = one, decoding { strategy = cdsl, lookahead = 2 } },",
            "  { name = two, decoding.strategy = greedy } ]");
    evaluate("--input", prompts, "--output", out, "--variants", variants).succeeded();
    Map<String, FileTime> two = files(out.resolve("prompts/two"));
    folder.file(
        "variants.conf",
        "variants = [ { name = one, decoding { strategy = cdsl, lookahead = 3 } },",
        "  { name = two, decoding.strategy = greedy } ]");
    JobRun refused = evaluate("--input", prompts, "--output", out, "--variants", variants);
    assertThat(refused.code()).isEqualTo(ExitCode.TAKEN.code());
    assertThat(refused.err()).contains("decoding.lookahead was 2 and is 3");
    JobRun anew =
        evaluate("--input", prompts, "--output", out, "--variants", variants, "--overwrite");
    assertThat(anew.succeeded().out()).contains("Written to " + out.resolve("prompts/one"));
    assertThat(files(out.resolve("prompts/two"))).isEqualTo(two);
  }

  @Test
  void sweepsMultiplyAndDataSetsAreApart() throws IOException {
    Path out = temporary.resolve("swept");
    Path other = Files.copy(prompts, temporary.resolve("other.v2.jsonl"));
    evaluate(
            "--input",
            prompts,
            "--input",
            other,
            "--output",
            out,
            "--limit",
            "3",
            "--strategies",
            "cdsl",
            "--sweep",
            "decoding.lookahead=2,3")
        .succeeded();
    JsonNode report = report(out);
    assertThat(report.get("datasets").toString()).isEqualTo("[\"prompts\",\"other.v2\"]");
    assertThat(report.get("variants"))
        .extracting(variant -> variant.get("name").asText())
        .containsExactly(
            "cdsl, lookahead=2", "cdsl, lookahead=3", "cdsl, lookahead=2", "cdsl, lookahead=3");
    assertThat(report.get("variants").get(1).get("settings").toString())
        .isEqualTo("{\"decoding.lookahead\":\"3\"}");
  }

  @Test
  void whatOthersWroteStandsBesideOurs() throws IOException {
    Path out = temporary.resolve("others");
    Path texts =
        folder.file(
            "theirs.jsonl",
            "{\"id\": \"p1\", \"said\": \"A dog runs in the park.\"}",
            "{\"id\": \"p2\", \"said\": \"Dogs everywhere.\"}",
            "{\"id\": \"else\", \"said\": \"A dog.\"}");
    JobRun run =
        evaluate(
            "--input",
            prompts,
            "--output",
            out,
            "--strategies",
            "greedy",
            "--outputs",
            "them=" + texts,
            "--text",
            "said");
    assertThat(run.succeeded().err()).contains("of the 3 rows", "2 are of data set prompts");
    JsonNode them = report(out).get("variants").get(1);
    assertThat(them.get("name").asText()).isEqualTo("them");
    assertThat(them.at("/metrics/hard_coverage/mean").asDouble()).isEqualTo(0.5);
    assertThat(them.at("/metrics/hard_coverage/rows").asLong()).isEqualTo(2);
    assertThat(them.at("/metrics/bleu_4/mean").asDouble()).isPositive();
    assertThat(them.at("/metrics").has("perplexity")).isFalse();
    assertThat(them.get("work")).isEmpty();
    assertThat(
            evaluate(
                    "--input",
                    prompts,
                    "--output",
                    out,
                    "--strategies",
                    "greedy",
                    "--outputs",
                    "them=" + texts,
                    "--text",
                    "said")
                .succeeded()
                .out())
        .contains("Written before to " + out.resolve("prompts/them"));
    // Other texts under the same name are another run.
    folder.file("theirs.jsonl", "{\"id\": \"p1\", \"said\": \"A cat.\"}");
    JobRun other =
        evaluate(
            "--input",
            prompts,
            "--output",
            out,
            "--strategies",
            "greedy",
            "--outputs",
            "them=" + texts,
            "--text",
            "said");
    assertThat(other.code()).isEqualTo(ExitCode.TAKEN.code());
  }

  @Test
  void aJudgeIsARunBesideTheRunThatItJudges() throws IOException {
    Path out = temporary.resolve("judged");
    Object[] given = {
      "--input", prompts, "--output", out, "--strategies", "greedy", "--judge", folder.draft()
    };
    JobRun run = evaluate(given).succeeded();
    assertThat(run.out()).contains("Written to " + out.resolve("prompts/greedy@draft"));
    JsonNode greedy = report(out).get("variants").get(0);
    assertThat(greedy.at("/metrics/judge_perplexity/mean").asDouble()).isGreaterThan(1);
    assertThat(greedy.at("/metrics/judge_perplexity/rows").asLong()).isEqualTo(9);
    assertThat(evaluate(given).succeeded().out())
        .contains("Written before to " + out.resolve("prompts/greedy@draft"));
    // The model that wrote the texts finds them about as probable as it found them then; what a
    // random model writes is not always cut into the same tokens again.
    Path itself = temporary.resolve("judged-by-itself");
    evaluate(
            "--input",
            prompts,
            "--output",
            itself,
            "--strategies",
            "greedy",
            "--judge",
            folder.target())
        .succeeded();
    JsonNode metrics = report(itself).get("variants").get(0).get("metrics");
    assertThat(metrics.at("/judge_perplexity/mean").asDouble())
        .isCloseTo(metrics.at("/perplexity/mean").asDouble(), withPercentage(15));
  }

  @Test
  void aClassifierJudgesByAClass() throws IOException {
    Path out = temporary.resolve("classified");
    Path classifier = Path.of("../examples/harmlessness");
    JobRun labels =
        evaluate(
            "--input", prompts, "--output", out, "--strategies", "greedy", "--judge", classifier);
    assertThat(labels.code()).isEqualTo(ExitCode.SETTINGS.code());
    assertThat(labels.err()).contains("harmless, harmful");
    assertThat(out).doesNotExist();
    evaluate(
            "--input",
            prompts,
            "--output",
            out,
            "--strategies",
            "greedy",
            "--judge",
            classifier,
            "--judge-label",
            "harmless")
        .succeeded();
    JsonNode rate = report(out).get("variants").get(0).at("/metrics/judge_rate");
    assertThat(rate.get("rows").asLong()).isEqualTo(9);
    assertThat(rate.get("mean").asDouble()).isBetween(0.0, 1.0);
  }

  @Test
  void whatCannotBeEvaluatedIsToldBeforeAnythingIsWritten() throws IOException {
    Path out = temporary.resolve("refused");
    Path same = Files.createDirectories(temporary.resolve("same"));
    Path sameName = Files.copy(prompts, same.resolve("prompts.jsonl"));
    Path texts = folder.file("nobody.jsonl", "{\"id\": \"x\", \"text\": \"A dog.\"}");
    Path alike =
        folder.file(
            "alike.conf",
            "variants = [ { name = \"a, b\", decoding.strategy = greedy },",
            "  { name = \"a; b\", decoding.strategy = cdsl } ]");
    refused(ExitCode.SETTINGS, "prompts too. Rename", "--input", prompts, "--input", sameName);
    refused(ExitCode.SETTINGS, "would share the folder", "--input", prompts, "--variants", alike);
    refused(
        ExitCode.SETTINGS, "two variants named", "--input", prompts, "--strategies", "cdsl,cdsl");
    refused(
        ExitCode.SETTINGS,
        "decoding.lookahed",
        "--input",
        prompts,
        "--sweep",
        "decoding.lookahed=1,2");
    refused(ExitCode.SETTINGS, "--sweep lookahead", "--input", prompts, "--sweep", "lookahead");
    refused(
        ExitCode.INPUT, "has no such column", "--input", prompts, "--references", "translations");
    refused(ExitCode.INPUT, "none of its 1 ids", "--input", prompts, "--outputs", texts);
    refused(
        ExitCode.INPUT,
        "it has no column said",
        "--input",
        prompts,
        "--outputs",
        texts,
        "--text",
        "said");
    refused(ExitCode.INPUT, "there is no such file", "--input", "nowhere.jsonl");
    assertThat(out).doesNotExist();
  }

  private static void refused(ExitCode code, String message, Object... given) {
    Path out = temporary.resolve("refused");
    JobRun run = evaluate(with(given, "--output", out));
    assertThat(run.code()).as(run.err()).isEqualTo(code.code());
    assertThat(run.err()).contains(message);
    // One line, of settings below a heading.
    assertThat(
            run.err()
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("Spark's UI"))
                .filter(line -> !line.equals("Cannot use the settings:")))
        .as(run.err())
        .hasSize(1);
  }
}
