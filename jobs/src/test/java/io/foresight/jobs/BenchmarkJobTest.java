package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  private static JsonNode benchmark(Path json, String... further) throws IOException {
    List<String> args =
        new ArrayList<>(
            List.of(
                "benchmark",
                "--set",
                "models.target=" + folder.target(),
                "--set",
                "models.draft=" + folder.draft(),
                "--set",
                "decoding.max-new-tokens=5",
                "--input",
                prompts.toString(),
                "--json",
                json.toString()));
    args.addAll(List.of(further));
    JobRun run = JobRun.of(args.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("| cdlh |").contains("The draft's arg max is the target's at");
    return new ObjectMapper().readTree(json.toFile());
  }

  @Test
  void comparesAllStrategies() throws IOException {
    JsonNode figures = benchmark(temporary.resolve("all.json"), "--rows", "6");
    assertThat(figures.findValuesAsText("strategy"))
        .containsExactly(
            "greedy",
            "sample",
            "best-of-n",
            "speculative",
            "cdlh",
            "cdlh-appx",
            "cdsl",
            "cdlh-speculative");
    assertThat(figures.get(0).get("rows").asInt()).isEqualTo(6);
    assertThat(figures.get(4).get("ratio_to_cdlh").asDouble()).isEqualTo(1);
    // Speculation with hard rejection says what greedy decoding says.
    assertThat(figures.get(3).get("output_digest")).isEqualTo(figures.get(0).get("output_digest"));
    assertThat(figures.get(0).get("acceptance_rate").isNull()).isTrue();
    assertThat(figures.get(3).get("acceptance_rate").isNull()).isFalse();
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
        benchmark(temporary.resolve("variants.json"), "--variants", variants.toString());
    assertThat(figures.findValuesAsText("strategy")).containsExactly("z", "cdlh", "a");
    assertThat(figures.get(1).get("target_positions_per_token").asDouble())
        .isGreaterThan(figures.get(0).get("target_positions_per_token").asDouble());
  }

  @ParameterizedTest
  @ValueSource(strings = {"strategies.conf", "curve.conf"})
  void theVariantsOfTheReadmeRun(String name) throws IOException {
    JsonNode figures =
        benchmark(
            temporary.resolve(name + ".json"), "--variants", "../conf/" + name, "--rows", "1");
    assertThat(figures).hasSizeGreaterThan(5);
  }
}
