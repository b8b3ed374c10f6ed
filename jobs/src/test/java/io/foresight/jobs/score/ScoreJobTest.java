package io.foresight.jobs.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.JobRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts that exist already, scored on Spark's local mode. */
class ScoreJobTest {

  @TempDir private Path temporary;
  private Path texts;
  private Path rewards;

  @BeforeEach
  void write() throws IOException {
    texts =
        Files.write(
            temporary.resolve("texts.jsonl"),
            List.of(
                "{\"id\": 1, \"concepts\": [\"dog\", \"run\"], \"said\": \"Dogs run.\", \"most\": 3}",
                "{\"id\": 2, \"concepts\": [\"dog\", \"run\"], \"said\": \"A dog sleeps here.\", \"most\": 3}",
                "{\"id\": 3, \"concepts\": null, \"said\": \"Nothing is asked of it.\"}",
                "{\"id\": 4, \"concepts\": [\"!\"], \"said\": \"Cannot be judged.\"}",
                "{\"id\": 5, \"concepts\": [\"dog\"], \"said\": null}",
                "{\"id\": 6, \"concepts\": [\"dog\"], \"said\": \"A dog.\"}"));
    rewards =
        Files.writeString(
            temporary.resolve("rewards.conf"),
            """
            rewards {
              short { type = length, at-most-column = most, hard = false, threshold = 0.9 }
              kind {
                type = classifier
                model = "%s"
                not-label = "%s"
              }
            }
            reward { use = "concepts, short, kind", combine = minimum }
            """
                .formatted(classifier(), label()));
  }

  private static Path classifier() {
    return Path.of("../udfs/src/test/resources/parity-classifiers/bert-two").toAbsolutePath();
  }

  private static String label() throws IOException {
    JsonNode config = new ObjectMapper().readTree(classifier().resolve("config.json").toFile());
    return config.at("/id2label/1").asText("LABEL_1");
  }

  private JobRun score(Object... further) {
    List<String> args = new ArrayList<>(List.of("score", "--input", texts.toString()));
    for (Object argument : further) {
      args.add(argument.toString());
    }
    return JobRun.of(args.toArray(String[]::new));
  }

  @Test
  void aRunIsReportedOfIfAskedFor() throws IOException {
    Path output = temporary.resolve("reported");
    JobRun run = score("--text", "said", "--output", output);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(output.resolve("_foresight/report.html")).doesNotExist();
    // The run is whole, and nothing is scored again.
    JobRun again = score("--text", "said", "--output", output, "--report");
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(again.out())
        .contains("Written before to " + output)
        .contains("Report in " + output + "/_foresight/report.html");
    JsonNode report =
        new ObjectMapper().readTree(output.resolve("_foresight/report.json").toFile());
    assertThat(report.at("/title").asText()).isEqualTo("said on texts.jsonl");
    assertThat(report.at("/command").asText())
        .startsWith("./submit.sh score --input ")
        .endsWith(" --report");
    assertThat(report.at("/variants/0/status/error").asLong()).isEqualTo(2);
    assertThat(report.at("/variants/0/metrics/hard_coverage/mean").asDouble())
        .isCloseTo(2.0 / 3, within(1e-9));
    assertThat(report.at("/variants/0/work")).isEmpty();
    assertThat(report.at("/rows")).hasSize(6);
    assertThat(Files.readString(output.resolve("_foresight/report.md")))
        .startsWith("# said on texts.jsonl")
        .contains("66.7 %", "lacks `run`");
    assertThat(Files.readString(output.resolve("_foresight/report.html")))
        .contains("A dog sleeps here.");
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      assertThat(spark.read().parquet(output.toString()).count()).isEqualTo(6);
    }
  }

  @Test
  void everyTextIsScoredByEveryRewardThatJudgesIt() throws IOException {
    Path output = temporary.resolve("scored");
    Path summary = temporary.resolve("summary.json");
    JobRun run =
        score("--config", rewards, "--text", "said", "--output", output, "--summary", summary);
    assertThat(run.code()).as(run.err()).isZero();
    List<Row> rows;
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      rows = spark.read().parquet(output.toString()).orderBy("id").collectAsList();
    }
    assertThat(rows).hasSize(6);
    assertThat(rows.get(0).schema().fieldNames())
        .containsExactly(
            "concepts",
            "id",
            "most",
            "said",
            "reward",
            "constraint_scores",
            "satisfied",
            "error",
            "error_kind");
    assertThat(score(rows.get(0), "concepts")).isEqualTo(1);
    assertThat(score(rows.get(0), "concepts.run")).isEqualTo(1);
    assertThat(score(rows.get(0), "short")).isEqualTo(1);
    assertThat(score(rows.get(1), "concepts")).isEqualTo(0.5);
    assertThat(score(rows.get(1), "short")).isLessThan(1);
    assertThat(rows.get(1).<Boolean>getAs("satisfied")).isFalse();
    assertThat(rows.get(2).getJavaMap(rows.get(2).fieldIndex("constraint_scores")).keySet())
        .isEqualTo(java.util.Set.of("kind"));
    for (int i : new int[] {0, 1, 2, 5}) {
      Row row = rows.get(i);
      assertThat(row.<String>getAs("error")).isNull();
      double least =
          row.<String, Double>getJavaMap(row.fieldIndex("constraint_scores")).entrySet().stream()
              .filter(score -> !score.getKey().contains("."))
              .mapToDouble(score -> score.getValue())
              .min()
              .orElseThrow();
      assertThat(row.<Double>getAs("reward")).isEqualTo(least);
    }
    assertThat(rows.get(3).<String>getAs("error"))
        .startsWith("Cannot score with reward concepts: Cannot use concept \"!\"");
    assertThat(rows.get(3).<Double>getAs("reward")).isNull();
    assertThat(rows.get(4).<String>getAs("error"))
        .isEqualTo("Cannot score the text: column said is null. Fill it in.");
    JsonNode figures = new ObjectMapper().readTree(summary.toFile());
    assertThat(figures.get("rows").asInt()).isEqualTo(6);
    assertThat(figures.get("error").asInt()).isEqualTo(2);
    assertThat(figures.at("/mean_scores/concepts").asDouble()).isEqualTo((1 + 0.5 + 1) / 3);
    assertThat(figures.at("/soft_coverage").asDouble()).isEqualTo((1 + 0.5 + 1) / 3);
    assertThat(figures.at("/hard_coverage").asDouble()).isEqualTo(2.0 / 3);
    assertThat(run.out()).contains("rows             6: 2 error").contains("kind             mean");
    assertThat(Files.readString(output.resolve("_foresight/run.json")))
        .contains("\"text\" : \"said\"");
  }

  @Test
  void aTextThatNoRewardJudgesIsNotPerfect() throws IOException {
    Path input =
        Files.write(
            temporary.resolve("judged.jsonl"),
            List.of(
                "{\"id\": 1, \"said\": \"A dog.\", \"concepts\": [\"dog\", \"run\"]}",
                "{\"id\": 2, \"said\": \"A dog.\", \"concepts\": []}",
                "{\"id\": 3, \"said\": \"A dog.\"}"));
    Path output = temporary.resolve("judged");
    Path summary = temporary.resolve("judged.json");
    JobRun run =
        JobRun.of(
                "score",
                "--input",
                input.toString(),
                "--text",
                "said",
                "--output",
                output.toString(),
                "--summary",
                summary.toString())
            .succeeded();
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      assertThat(spark.read().parquet(output.toString()).where("satisfied or reward = 1").count())
          .isZero();
      assertThat(
              spark
                  .read()
                  .parquet(output.toString())
                  .where("satisfied is null and reward is null and error is null")
                  .count())
          .isEqualTo(2);
    }
    assertThat(run.out())
        .contains("rows             3: 0 error; 2 not judged")
        .contains("satisfied        0.0 % of 1 judged, mean reward 0.500 of 1")
        .contains("concepts         mean 0.500 of 1")
        .contains("coverage         hard 0.0 %, soft 50.0 % of 1");
    JsonNode figures = new ObjectMapper().readTree(summary.toFile());
    assertThat(figures.get("judged").asInt()).isEqualTo(1);
    assertThat(figures.get("satisfied_rate").asDouble()).isZero();
    assertThat(figures.get("mean_reward").asDouble()).isEqualTo(0.5);
  }

  private static double score(Row row, String name) {
    return row.<String, Double>getJavaMap(row.fieldIndex("constraint_scores")).get(name);
  }

  @Test
  void jsonlIsWrittenAsWell() throws IOException {
    Path output = temporary.resolve("jsonl");
    JobRun run = score("--text", "said", "--output", output, "--set", "output.format=jsonl");
    assertThat(run.code()).as(run.err()).isZero();
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      assertThat(spark.read().json(output.toString()).count()).isEqualTo(6);
    }
  }

  @Test
  void whatCannotBeScoredIsToldBeforeAnythingRuns() {
    assertThat(score("--text", "nowhere", "--output", temporary.resolve("a")).err())
        .contains("Cannot find column nowhere, which holds the texts");
    assertThat(score("--text", "most", "--output", temporary.resolve("b")).err())
        .contains("Cannot score column most: its type is bigint. Give a column of texts.");
    JobRun unknown =
        score(
            "--config",
            rewards,
            "--set",
            "rewards.kind.not-label=nobody",
            "--text",
            "said",
            "--output",
            temporary.resolve("c"));
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err())
        .contains("rewards.kind.not-label = nobody: the model has no such class. It has ");
    JobRun several =
        score(
            "--config",
            rewards,
            "--text",
            "said",
            "--set",
            "rewards.short.at-mots=3",
            "--set",
            "rewards.kind.model=",
            "--set",
            "reward.use=concepts,short,kind,none");
    assertThat(several.code()).isEqualTo(2);
    assertThat(several.err())
        .contains("rewards.short.at-mots is no setting of this reward. It has type, ")
        .contains("rewards.kind.model")
        .contains("no reward is called none");
  }

  @Test
  void listsBySetHaveCommasAndOtherColumnsMayBeOfAnyType() throws IOException {
    texts =
        Files.writeString(
            temporary.resolve("odd.jsonl"),
            "{\"concepts\": \"no list\", \"said\": \"You are ugly.\"}");
    Path output = temporary.resolve("odd");
    List<String> set =
        List.of("rewards.polite.type=forbidden-words", "rewards.polite.words=stupid, ugly");
    JobRun run =
        score(
            "--text",
            "said",
            "--output",
            output,
            "--set",
            set.get(0),
            "--set",
            set.get(1),
            "--set",
            "reward.use=polite");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("polite           mean 0.500");
    JobRun brackets =
        score(
            "--text",
            "said",
            "--set",
            set.get(0),
            "--set",
            "rewards.polite.words=[a, b]",
            "--set",
            "reward.use=polite");
    assertThat(brackets.code()).isEqualTo(2);
    assertThat(brackets.err()).contains("rewards.polite.words = [a, b]: it is one text.");
  }

  @Test
  void columnsAreReadAsTheirRewardsReadThem() throws IOException {
    Path folder = Files.createDirectories(temporary.resolve("texts/_part=1"));
    Files.writeString(
        folder.resolve("part.json"), "{\"concepts\": \"a dog\", \"said\": \"A dog.\"}");
    texts = temporary.resolve("texts");
    JobRun run =
        score(
                "--text",
                "said",
                "--output",
                temporary.resolve("similar"),
                "--set",
                "rewards.like.type=similarity",
                "--set",
                "rewards.like.reference-column=concepts",
                "--set",
                "reward.use=like")
            .succeeded();
    assertThat(run.out()).contains("like             mean 1.000");
    assertThat(score("--text", "said").err())
        .contains("Cannot use column concepts: its type is string");
  }

  @Test
  void whatWasScoredIsScoredAgainUnderOtherNames() throws IOException {
    Path once = temporary.resolve("once");
    JobRun first =
        score("--text", "said", "--output", once, "--set", "output.format=jsonl").succeeded();
    texts = once;
    assertThat(score("--text", "said").err())
        .contains("already has [reward, constraint_scores, satisfied, error, error_kind]");
    Path twice = temporary.resolve("twice");
    JobRun second =
        score("--text", "said", "--output", twice, "--set", "output.prefix=again_").succeeded();
    assertThat(second.out().lines().limit(3))
        .containsExactlyElementsOf(first.out().lines().limit(3).toList());
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      assertThat(spark.read().parquet(twice.toString()).collectAsList())
          .hasSize(6)
          .allSatisfy(
              row -> {
                assertThat(row.<Double>getAs("again_reward")).isEqualTo(row.getAs("reward"));
                assertThat(row.<String>getAs("again_error")).isEqualTo(row.getAs("error"));
              });
    }
    assertThat(score("--text", "said", "--set", "output.prefix=a b").err())
        .contains("output.prefix = a b: it must be of letters");
  }

  @Test
  void aCsvRecordMayHoldLineBreaksAndQuotes() throws IOException {
    texts =
        Files.writeString(
            temporary.resolve("texts.csv"),
            "id,said,concepts\r\n1,A dog.,dog\r\n2,\"A \"\"dog\"\"\nruns, \\\",dog run\r\n");
    Path output = temporary.resolve("csv");
    assertThat(score("--text", "said", "--output", output).succeeded().out())
        .contains("rows             2: 0 error")
        .contains("satisfied        100.0 %");
    try (SparkSession spark = SparkSession.builder().getOrCreate()) {
      assertThat(spark.read().parquet(output.toString()).orderBy("id").collectAsList())
          .extracting(row -> row.getAs("said"))
          .containsExactly("A dog.", "A \"dog\"\nruns, \\");
    }
  }

  @Test
  void columnsMayHaveAnyName() throws IOException {
    texts =
        Files.writeString(
            temporary.resolve("ticks.jsonl"),
            "{\"id\": 1, \"concepts\": [\"dog\"], \"a`b.c\": \"A dog.\"}");
    assertThat(score("--text", "a`b.c", "--output", temporary.resolve("ticks")).succeeded().out())
        .contains("satisfied        100.0 %");
  }

  @Test
  void aRunThatScoresNothingFails() throws IOException {
    texts =
        Files.writeString(
            temporary.resolve("bad.jsonl"),
            "{\"id\": 1, \"said\": \"A dog.\", \"concepts\": [\"!\"]}");
    JobRun run = score("--text", "said", "--output", temporary.resolve("bad"));
    assertThat(run.code()).isEqualTo(7);
    assertThat(run.err()).contains("Cannot score any row: Cannot score with reward concepts: ");
  }
}
