package io.foresight.jobs.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.JobRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The names of figures are those of docs/figures.md: all of them, and no others. */
class FiguresPageTest {

  private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-zA-Z0-9_.]+)` \\|.*");

  /** Objects that the page has as one. */
  private static final Set<String> WHOLE = Set.of("settings", "summary", "identity");

  @TempDir static Path temporary;

  private static JobRun.Folder folder;
  private static Path prompts;

  @BeforeAll
  static void models() throws IOException {
    folder = JobRun.Folder.create(temporary);
    prompts =
        folder.file(
            "prompts.jsonl",
            "{\"id\": 1, \"concepts\": [\"dog\"], \"said\": \"A dog.\"}",
            "{\"id\": 2, \"concepts\": [\"park\"], \"said\": \"A dog.\"}");
  }

  private static Set<String> page(String section) throws IOException {
    String page = Files.readString(Path.of("../docs/figures.md"));
    String start = "\n## " + section + "\n";
    assertThat(page).contains(start);
    String rest = page.substring(page.indexOf(start) + start.length());
    int end = rest.indexOf("\n## ");
    Set<String> names = new TreeSet<>();
    ROW.matcher(end < 0 ? rest : rest.substring(0, end))
        .results()
        .forEach(
            row ->
                assertThat(names.add(row.group(1).replace("NAME", "concepts")))
                    .as("twice: " + row.group(1))
                    .isTrue());
    return names;
  }

  private static Set<String> names(JsonNode json) {
    Set<String> names = new TreeSet<>();
    collect("", json, names);
    return names;
  }

  private static void collect(String path, JsonNode json, Set<String> names) {
    json.fields()
        .forEachRemaining(
            field -> {
              String name = path + field.getKey();
              if (field.getValue().isObject() && !WHOLE.contains(name)) {
                collect(name + ".", field.getValue(), names);
              } else {
                names.add(name);
              }
            });
  }

  private static JsonNode read(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  @Test
  void generate() throws IOException {
    Path out = temporary.resolve("generated");
    Path summary = temporary.resolve("generated.json");
    folder
        .generate(
            "--input", prompts, "--output", out, "--summary", summary, "--set", "output.prefix=g_")
        .succeeded();
    JsonNode run = read(out.resolve("_foresight/run.json"));
    assertThat(names(run)).isEqualTo(page("run.json of generate"));
    assertThat(names(read(summary))).isEqualTo(page("--summary of generate"));
    assertThat(run.get("summary")).isEqualTo(read(summary));
    assertThat(run.at("/summary/soft_coverage").isDouble()).isTrue();
  }

  @Test
  void score() throws IOException {
    Path out = temporary.resolve("scored");
    Path summary = temporary.resolve("scored.json");
    JobRun.of(
            "score",
            "--text",
            "said",
            "--input",
            prompts.toString(),
            "--output",
            out.toString(),
            "--summary",
            summary.toString())
        .succeeded();
    JsonNode run = read(out.resolve("_foresight/run.json"));
    assertThat(names(run)).isEqualTo(page("run.json of score"));
    assertThat(names(read(summary))).isEqualTo(page("--summary of score"));
    assertThat(run.at("/summary/hard_coverage").asDouble()).isEqualTo(0.5);
  }

  @Test
  void evaluate() throws IOException {
    Path out = temporary.resolve("evaluated");
    JobRun.of(
            "evaluate",
            "--input",
            prompts.toString(),
            "--output",
            out.toString(),
            "--strategies",
            "greedy,cdsl",
            "--set",
            "models.target=" + folder.target(),
            "--set",
            "models.draft=" + folder.draft(),
            "--set",
            "decoding.max-new-tokens=3")
        .succeeded();
    Set<String> names = new TreeSet<>();
    read(out.resolve("report.json"))
        .fields()
        .forEachRemaining(
            field -> {
              if (field.getValue().isArray() && field.getValue().get(0).isObject()) {
                field
                    .getValue()
                    .get(0)
                    .fieldNames()
                    .forEachRemaining(name -> names.add(field.getKey() + "." + name));
              } else {
                names.add(field.getKey());
              }
            });
    assertThat(names).isEqualTo(page("report.json of evaluate"));
  }

  @Test
  void benchmark() throws IOException {
    Path json = temporary.resolve("benchmark.json");
    List<String> args =
        new ArrayList<>(
            List.of(
                "benchmark",
                "--input",
                prompts.toString(),
                "--rounds",
                "1",
                "--batch",
                "2",
                "--strategies",
                "greedy,speculative",
                "--spark",
                "speculative",
                "--json",
                json.toString()));
    for (String setting :
        List.of(
            "models.target=" + folder.target(),
            "models.draft=" + folder.draft(),
            "decoding.max-new-tokens=3")) {
      args.addAll(List.of("--set", setting));
    }
    JobRun.of(args.toArray(String[]::new)).succeeded();
    for (JsonNode variant : read(json)) {
      Set<String> names = names(variant);
      // The object itself has a line, for when it is null.
      names.add("run.spark");
      assertThat(names).isEqualTo(page("--json of benchmark"));
    }
  }
}
