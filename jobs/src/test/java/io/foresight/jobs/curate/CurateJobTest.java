package io.foresight.jobs.curate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.JobRun;
import io.foresight.jobs.curate.PlantedRows.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole curations of rows with planted duplicates, leaks and foreign texts. */
class CurateJobTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path temporary;

  private static JobRun curate(Object... arguments) {
    List<String> args = new ArrayList<>(List.of("curate", "--set", "output.format=jsonl"));
    for (Object argument : arguments) {
      args.add(argument.toString());
    }
    return JobRun.of(args.toArray(String[]::new));
  }

  private static List<JsonNode> rows(Path folder) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        assertThat(file.getFileName().toString()).matches("part-\\d{5}-of-\\d{5}\\.jsonl");
        for (String line : Files.readAllLines(file)) {
          rows.add(JSON.readTree(line));
        }
      }
    }
    return rows;
  }

  @Test
  void allThatIsPlantedIsFoundAndNothingElse() throws IOException {
    PlantedRows planted = new PlantedRows(10_000, 1);
    Path run = planted.write(temporary.resolve("run"), 3);
    Path output = temporary.resolve("out");
    JobRun curated =
        curate(
            "--input",
            run,
            "--output",
            output,
            "--set",
            "curate.languages=en",
            "--set",
            "curate.references.path=" + planted.writeReferences(temporary.resolve("test.txt")),
            "--set",
            "curate.columns=id,reward",
            "--summary",
            temporary.resolve("summary.json"));
    assertThat(curated.code()).as(curated.err()).isZero();
    Map<String, JsonNode> dropped = new HashMap<>();
    for (JsonNode row : rows(output.resolve("dropped"))) {
      assertThat(dropped.put(row.get("id").asText(), row)).isNull();
    }
    Map<Kind, String> steps =
        Map.of(
            Kind.EXACT, "exact duplicate",
            Kind.NEAR, "near-duplicate",
            Kind.LEAKED, "in references",
            Kind.FOREIGN, "language",
            Kind.ERROR, "status");
    for (PlantedRows.Planted row : planted.rows) {
      JsonNode found = dropped.get(row.id());
      if (row.kind() == Kind.CONTROL) {
        assertThat(found).as("%s", row).isNull();
      } else {
        assertThat(found).as("%s", row).isNotNull();
        assertThat(found.get("reason").asText()).as("%s", row).isEqualTo(steps.get(row.kind()));
        if (row.kind() == Kind.EXACT || row.kind() == Kind.NEAR) {
          assertThat(found.get("similar_to").asText()).startsWith("r");
          assertThat(found.get("jaccard").asDouble()).isGreaterThan(0.4);
        }
      }
    }
    Set<String> train = ids(output.resolve("train"));
    Set<String> test = ids(output.resolve("test"));
    assertThat(train).doesNotContainAnyElementsOf(test);
    Set<String> kept = new TreeSet<>(train);
    kept.addAll(test);
    assertThat(kept).isEqualTo(new TreeSet<>(planted.ids(Kind.CONTROL)));
    assertThat((double) test.size() / kept.size()).isBetween(0.095, 0.105);
    assertThat(kept.size()).isGreaterThan(1000);
    JsonNode row = rows(output.resolve("train")).get(0);
    assertThat(row.get("prompt").asText()).isEqualTo("about " + row.get("id").asText() + " =");
    assertThat(row.get("completion").asText()).startsWith(" The ");
    JsonNode card = JSON.readTree(output.resolve("curation.json").toFile());
    assertThat(card).isEqualTo(JSON.readTree(temporary.resolve("summary.json").toFile()));
    long left = card.get("read").asLong();
    assertThat(left).isEqualTo(10_000);
    for (JsonNode step : card.get("steps")) {
      assertThat(step.get("rows").asLong()).isEqualTo(left);
      left -= step.get("dropped").asLong();
      assertThat(step.get("kept").asLong()).isEqualTo(left);
    }
    assertThat(left).isEqualTo(kept.size());
    assertThat(output.resolve("card.md")).content().contains("| exact | ").contains("split: test");
    assertThat(output.resolve("card.html")).content().contains("near-duplicate");
    assertThat(output.resolve("_SUCCESS")).exists();
    assertThat(output.resolve("_foresight/tmp")).doesNotExist();
    assertThat(curated.out()).contains("Written to");
    JobRun again =
        curate(
            "--input",
            run,
            "--output",
            output,
            "--set",
            "curate.languages=en",
            "--set",
            "curate.references.path=" + temporary.resolve("test.txt"),
            "--set",
            "curate.columns=id,reward");
    assertThat(again.succeeded().out()).contains("Written before to");
    JobRun other = curate("--input", run, "--output", output);
    assertThat(other.code()).isEqualTo(10);
    assertThat(other.err()).contains("it holds another run").contains("curate.languages was en");
  }

  private static Set<String> ids(Path folder) throws IOException {
    Set<String> ids = new HashSet<>();
    for (JsonNode row : rows(folder)) {
      assertThat(ids.add(row.get("id").asText())).isTrue();
    }
    return ids;
  }
}
