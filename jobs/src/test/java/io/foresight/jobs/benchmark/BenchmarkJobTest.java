package io.foresight.jobs.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.Strategies;
import io.foresight.jobs.JobRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BenchmarkJobTest {

  @TempDir static Path temporary;

  private static JobRun.Folder folder;
  private static Path prompts;

  @BeforeAll
  static void models() throws IOException {
    folder = JobRun.Folder.create(temporary);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      lines.add("{\"id\": %d, \"concepts\": [\"%s\"]}".formatted(i, i % 2 == 0 ? "dog" : "park"));
    }
    prompts = folder.file("prompts.jsonl", lines.toArray(String[]::new));
  }

  private static JobRun run(String... further) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "benchmark",
                "--set",
                "models.target=" + folder.target(),
                "--set",
                "models.draft=" + folder.draft(),
                "--set",
                "decoding.max-new-tokens=5"));
    if (!List.of(further).contains("--input")) {
      args.addAll(List.of("--input", prompts.toString()));
    }
    if (!List.of(further).contains("--rounds")) {
      args.addAll(List.of("--rounds", "1"));
    }
    args.addAll(List.of(further));
    return JobRun.of(args.toArray(String[]::new));
  }

  private static JsonNode benchmark(Path json, String... further) throws IOException {
    List<String> args = new ArrayList<>(List.of(further));
    args.addAll(List.of("--json", json.toString()));
    JobRun run = run(args.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("| cdlh |")
        .contains("The draft's arg max is the target's at")
        .contains("One forward, one thread: the draft's over one token takes")
        .contains("Roofline, one thread:")
        .contains("Resident memory at the start of the measured rows");
    return new ObjectMapper().readTree(json.toFile());
  }

  private static JsonNode find(JsonNode figures, String strategy, int batch) {
    for (JsonNode one : figures) {
      if (one.get("strategy").asText().equals(strategy) && one.get("batch").asInt() == batch) {
        return one;
      }
    }
    throw new AssertionError("There are no figures of " + strategy + " at batch " + batch + ".");
  }

  @Test
  void comparesAllStrategiesAtEachBatch() throws IOException {
    // Of the tiny pair's drafts none pays, so that they are asked for.
    String[] options = {"--rows", "6", "--batch", "1,3", "--rounds", "2"};
    String[] drafting = {"--set", "decoding.adaptive-draft=false"};
    JsonNode figures =
        benchmark(
            temporary.resolve("all.json"),
            Stream.of(options, drafting).flatMap(Stream::of).toArray(String[]::new));
    List<String> twice = new ArrayList<>(Strategies.names());
    twice.addAll(Strategies.names());
    assertThat(figures.findValuesAsText("strategy")).isEqualTo(twice);
    JsonNode greedy = find(figures, "greedy", 1);
    JsonNode speculative = find(figures, "speculative", 1);
    assertThat(greedy.get("rows").asInt()).isEqualTo(6);
    assertThat(find(figures, "cdlh", 3).get("ratio_to_cdlh").asDouble()).isEqualTo(1);
    // Speculation with hard rejection says what greedy decoding says.
    assertThat(speculative.get("output_digest")).isEqualTo(greedy.get("output_digest"));
    assertThat(greedy.get("acceptance_rate").isNull()).isTrue();
    assertThat(speculative.get("acceptance_rate").isNull()).isFalse();
    assertThat(greedy.get("draft_sequences_per_forward").isNull()).isTrue();
    for (String strategy : Strategies.names()) {
      JsonNode three = find(figures, strategy, 3);
      // The same texts in every round and at every batch, by fewer forwards.
      assertThat(three.get("rounds_agree").asBoolean()).as(strategy).isTrue();
      assertThat(three.get("output_digest"))
          .as(strategy)
          .isEqualTo(find(figures, strategy, 1).get("output_digest"));
      assertThat(three.get("target_physical_forwards_per_token").asDouble())
          .as(strategy)
          .isLessThan(
              find(figures, strategy, 1).get("target_physical_forwards_per_token").asDouble());
      assertThat(three.get("predicted_ratio_to_cdlh").asDouble()).as(strategy).isPositive();
      assertThat(shares(three)).as(strategy).isEqualTo(1, within(1e-6));
    }
  }

  @Test
  void figuresOfRewardsAreOfTheRowsThatTheyJudge() throws IOException {
    Path input =
        folder.file(
            "judged.jsonl",
            "{\"id\": 1, \"say\": \"dog\", \"concepts\": [\"zebra\"]}",
            "{\"id\": 2, \"say\": \"dog\", \"concepts\": []}",
            "{\"id\": 3, \"say\": \"dog\", \"concepts\": null}");
    Path json = temporary.resolve("judged.json");
    JobRun run =
        run(
                "--input",
                input.toString(),
                "--set",
                "prompt.template={say} =",
                "--strategies",
                "greedy",
                "--batch",
                "1",
                "--json",
                json.toString())
            .succeeded();
    JsonNode greedy = find(new ObjectMapper().readTree(json.toFile()), "greedy", 1);
    assertThat(greedy.get("rows").asInt()).isEqualTo(3);
    assertThat(greedy.get("judged").asInt()).isEqualTo(1);
    assertThat(greedy.get("judged_hard").asInt()).isEqualTo(1);
    assertThat(greedy.get("judged_coverage").asInt()).isEqualTo(1);
    assertThat(greedy.get("satisfied").asDouble()).isZero();
    assertThat(greedy.get("satisfied_high").asDouble()).isZero();
    assertThat(greedy.get("mean_reward").asDouble()).isZero();
    assertThat(run.out()).contains("| 0.0 % of 1 (0-0) | 0.000 of 1 |");
  }

  private static double shares(JsonNode figures) {
    return Stream.of(
            "target_forward",
            "draft_forward",
            "canonical_forward",
            "reward",
            "tokenizer",
            "batching",
            "waiting")
        .mapToDouble(part -> figures.get("time_" + part).asDouble())
        .sum();
  }

  @Test
  void everyFigureOfTheListIsThere() throws IOException {
    Path markdown = temporary.resolve("figures.md");
    JsonNode figures =
        benchmark(
            temporary.resolve("figures.json"),
            "--strategies",
            "cdlh,cdsl",
            "--precision",
            "fp32,bf16",
            "--batch",
            "2",
            "--spark",
            "cdsl",
            "--judge",
            folder.target().toString(),
            "--markdown",
            markdown.toString());
    assertThat(figures.findValuesAsText("precision"))
        .containsExactly("fp32", "bf16", "fp32", "bf16");
    JsonNode cdsl = figures.get(3);
    for (String name :
        List.of(
            "tokens_per_second",
            "tokens_per_second_low",
            "rows_per_second",
            "ratio_to_cdlh",
            "ratio_to_cdlh_high",
            "measured_over_predicted_to_cdlh",
            "predicted_share_of_time",
            "mean_reward",
            "satisfied",
            "satisfied_low",
            "perplexity",
            "perplexity_high",
            "judge_perplexity",
            "mean_tokens",
            "ended_by_eos",
            "concept_overuse",
            "rows_differing_from_fp32",
            "acceptance_rate",
            "target_forwards_per_token",
            "target_positions_per_token",
            "draft_forwards_per_token",
            "draft_positions_per_token",
            "reward_calls_per_token",
            "near_ties_per_token",
            "draft_sequences_per_forward",
            "target_copied_bytes_per_forward",
            "time_outside_forwards_and_rewards")) {
      assertThat(cdsl.get(name).isNumber()).as(name).isTrue();
    }
    // Greedy decoding was not run.
    assertThat(cdsl.get("ratio_to_greedy").isNull()).isTrue();
    assertThat(figures.get(2).get("rows_differing_from_fp32").isNull()).isTrue();
    assertThat(cdsl.at("/run/spark/one_slot_seconds").asDouble()).isPositive();
    assertThat(cdsl.at("/run/machine/copy_bytes_per_second").asDouble()).isPositive();
    assertThat(cdsl.at("/run/resident_mib/middle").asLong()).isPositive();
    assertThat(markdown).content().contains("Two slots are").contains("The judge is");
  }

  @Test
  void rowsAreRepeatedUnderFreshIds() throws IOException {
    JsonNode figures =
        benchmark(
            temporary.resolve("repeated.json"),
            "--strategies",
            "cdlh,sample",
            "--rows",
            "2",
            "--repeat-rows",
            "50",
            "--batch",
            "4");
    assertThat(figures.get(0).get("rows").asInt()).isEqualTo(50);
    // Each time a row has another seed, so that samples repeat less than arg maxes.
    assertThat(figures.get(1).get("distinct_2").asDouble())
        .isGreaterThan(figures.get(0).get("distinct_2").asDouble());
  }

  @Test
  void whatChangesNothingInAVariantIsToldOnce() {
    JobRun run =
        run(
            "--rows",
            "2",
            "--batch",
            "1,2",
            "--strategies",
            "greedy,cdlh",
            "--set",
            "decoding.lookahead=3",
            "--set",
            "decoding.top-p=0.9");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.err().lines().filter(line -> line.contains("changes nothing")))
        .containsExactly(
            "In variant greedy, decoding.lookahead (3) changes nothing: greedy does not read it; cdlh, cdlh-appx, cdsl, cdlh-speculative and cdsl-tree do.",
            "In variant greedy, decoding.top-p (0.9) changes nothing: greedy does not read it; sample, best-of-n, speculative, cdlh, cdlh-appx, cdsl, cdlh-speculative and cdsl-tree do.",
            "In variant cdlh, decoding.top-p (0.9) changes nothing: cdlh samples nothing under decoding.verification = hard.");
  }

  @Test
  void optionsAreCheckedTogether() {
    JobRun run = run("--batch", "0,4", "--rounds", "0", "--precision", "fp16", "--rows", "-1");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err())
        .contains("--batch 0: it must be a whole number of at least 1.")
        .contains("--rounds 0: it must be")
        .contains("--rows -1: it must be")
        .contains("--precision fp16: it must be one of fp32, bf16, int8.");
    JobRun spark = run("--strategies", "greedy,cdlh", "--spark", "cdsl");
    assertThat(spark.code()).isEqualTo(2);
    assertThat(spark.err()).contains("--spark cdsl: it must be one of greedy, cdlh.");
  }

  @Test
  void comparesVariantsInTheFilesOrder() throws IOException {
    Path variants =
        folder.file(
            "variants.conf",
            "variants = [",
            "  { name = z, decoding.strategy = greedy }",
            "  { name = cdlh, decoding { strategy = cdlh, candidates = 2 } }",
            "  { name = a, decoding.strategy = speculative }",
            "]");
    JsonNode figures =
        benchmark(
            temporary.resolve("variants.json"),
            "--variants",
            variants.toString(),
            "--set",
            "decoding.batch=2");
    assertThat(figures.findValuesAsText("strategy")).containsExactly("z", "cdlh", "a");
    assertThat(figures.get(0).get("batch").asInt()).isEqualTo(2);
    assertThat(figures.get(1).get("target_positions_per_token").asDouble())
        .isGreaterThan(figures.get(0).get("target_positions_per_token").asDouble());
    Path twice = folder.file("twice.conf", "variants = [ { name = a }, { name = a } ]");
    assertThat(run("--variants", twice.toString()).err()).contains("two variants are named \"a\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"strategies.conf", "curve.conf", "hard.conf"})
  void theVariantsOfTheReadmeRun(String name) throws IOException {
    JsonNode figures =
        benchmark(
            temporary.resolve(name + ".json"),
            "--variants",
            "../conf/" + name,
            "--rows",
            "1",
            "--batch",
            "1");
    assertThat(figures).hasSizeGreaterThan(5);
  }
}
