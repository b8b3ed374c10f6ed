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

  /** Rows of a small run: each is id, prompt, text, reward. */
  private Path run(String name, String seed, Object[]... rows) throws IOException {
    Path folder = temporary.resolve(name);
    Files.createDirectories(folder.resolve("_foresight"));
    List<String> lines = new ArrayList<>();
    for (Object[] row : rows) {
      Map<String, Object> values = new HashMap<>();
      values.put("id", row[0]);
      values.put("subject", row[1]);
      values.put("output", row[2]);
      values.put("reward", row[3]);
      values.put("status", row.length > 4 ? row[4] : "ok");
      lines.add(JSON.writeValueAsString(values));
    }
    Files.write(folder.resolve("part-00000-of-00001-x.json"), lines);
    Files.writeString(
        folder.resolve("_foresight/run.json"), PlantedRows.manifest(seed).toPrettyString());
    Files.createFile(folder.resolve("_SUCCESS"));
    return folder;
  }

  private static Object[] row(Object... values) {
    return values;
  }

  private Path small() throws IOException {
    return run(
        "small",
        "1",
        row("a", "dogs", "A dog barks at the postman who runs away.", 0.9),
        row("b", "dogs", "Two puppies sleep beneath an old oak tree.", 0.4),
        row("c", "dogs", "Nobody told me that hounds can swim so well.", 0.6),
        row("d", "cats", "The cat sits on my warm keyboard again.", 0.7),
        row("e", "cats", "Several kittens chase a red ball of wool.", 0.65),
        row("f", "birds", "<b>Sparrows</b> & crows share one roof | peacefully.", 0.8),
        row("g", "fish", "Under the ice a pike waits without moving.", 0.95),
        row("h", "fish", "Anglers talk about the weather all morning.", 0.1));
  }

  @Test
  void preferencePairsHaveTheMarginOfTheirRewards() throws IOException {
    Path output = temporary.resolve("pairs");
    JobRun curated =
        curate(
            "--input", small(),
            "--output", output,
            "--set", "curate.form=preference",
            "--set", "curate.preference.margin=0.3",
            "--set", "curate.split.train=1");
    assertThat(curated.code()).as(curated.err()).isZero();
    List<JsonNode> rows = rows(output.resolve("train"));
    assertThat(rows)
        .extracting(row -> row.get("prompt").asText())
        .containsExactly("dogs =", "fish =");
    JsonNode dogs = rows.get(0);
    assertThat(dogs.get("chosen").asText()).isEqualTo(" A dog barks at the postman who runs away.");
    assertThat(dogs.get("rejected").asText())
        .isEqualTo(" Two puppies sleep beneath an old oak tree.");
    assertThat(dogs.get("score_chosen").asDouble()).isEqualTo(0.9);
    assertThat(dogs.get("score_rejected").asDouble()).isEqualTo(0.4);
    assertThat(dogs.get("margin").asDouble()).isEqualTo(0.5);
    assertThat(rows(output.resolve("dropped")))
        .extracting(row -> row.get("id").asText() + " " + row.get("reason").asText())
        .containsExactly("c no pair", "d no pair", "e no pair", "f no pair");
    assertThat(Files.readString(output.resolve("card.html")))
        .contains("&lt;b&gt;Sparrows&lt;/b&gt; &amp; crows")
        .doesNotContain("<b>Sparrows");
    assertThat(Files.readString(output.resolve("card.md"))).contains("roof \\| peacefully");
    JsonNode pairs = JSON.readTree(output.resolve("curation.json").toFile()).at("/steps/5");
    assertThat(pairs.get("name").asText()).isEqualTo("pairs");
    assertThat(pairs.get("dropped_examples")).hasSize(4);
  }

  @Test
  void chatsEndWithTheAssistantsTurn() throws IOException {
    Path output = temporary.resolve("chat");
    curate(
            "--input", small(),
            "--output", output,
            "--set", "curate.form=chat",
            "--set", "curate.select.by=above",
            "--set", "curate.select.reward=0.65",
            "--set", "curate.split.train=1")
        .succeeded();
    List<JsonNode> rows = rows(output.resolve("train"));
    assertThat(rows)
        .extracting(row -> row.get("id").asText())
        .containsExactly("a", "d", "e", "f", "g");
    assertThat(rows.get(0).get("messages").toString())
        .isEqualTo(
            "[{\"role\":\"user\",\"content\":\"dogs =\"},{\"role\":\"assistant\",\"content\":\"A dog barks at the postman who runs away.\"}]");
  }

  @Test
  void anyNumberOfPartitionsGivesTheSameFiles() throws IOException {
    PlantedRows planted = new PlantedRows(600, 3);
    Path references = planted.writeReferences(temporary.resolve("refs.txt"));
    String before = null;
    for (int partitions : new int[] {1, 3, 8}) {
      Path output = temporary.resolve("out-" + partitions);
      Path run = planted.write(temporary.resolve("runs-" + partitions + "/run"), partitions);
      System.setProperty("spark.default.parallelism", String.valueOf(partitions));
      try {
        curate(
                "--input",
                run,
                "--output",
                output,
                "--set",
                "curate.references.path=" + references,
                "--set",
                "curate.select.by=diverse")
            .succeeded();
      } finally {
        System.clearProperty("spark.default.parallelism");
      }
      String now = content(output).replace("runs-" + partitions, "runs");
      assertThat(now).contains("near-duplicate");
      if (before != null) {
        assertThat(now).isEqualTo(before);
      }
      before = now;
    }
  }

  /** All files but run.json, which tells when it was. */
  private static String content(Path output) throws IOException {
    StringBuilder content = new StringBuilder();
    try (Stream<Path> files = Files.walk(output)) {
      for (Path file : files.sorted().toList()) {
        if (Files.isRegularFile(file) && !file.toString().contains("_foresight")) {
          content.append(output.relativize(file)).append('\n').append(Files.readString(file));
        }
      }
    }
    return content.toString();
  }

  private void refused(int code, String message, Object... arguments) {
    Path output = temporary.resolve("refused");
    List<Object> all = new ArrayList<>(List.of("--output", output));
    all.addAll(List.of(arguments));
    JobRun run = curate(all.toArray());
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    assertThat(run.err()).contains(message);
    assertThat(output).doesNotExist();
  }

  @Test
  void whatCannotBeIsOneClearLine() throws IOException {
    Path small = small();
    refused(3, "Cannot curate: no run is named. Give --input");
    refused(3, "there is no such run", "--input", temporary.resolve("none"));
    refused(
        3,
        "Cannot split 4 prompts into {train=0.9, test=0.1}: test would have none",
        "--input",
        small);
    refused(
        3,
        "Cannot curate: step filter dropped all 8 texts that came to it (words: 8)",
        "--input",
        small,
        "--set",
        "curate.min-words=50");
    refused(
        3,
        "Cannot read references",
        "--input",
        small,
        "--set",
        "curate.references.path=" + temporary.resolve("none.jsonl"));
    refused(
        2, "the detector knows no language xx", "--input", small, "--set", "curate.languages=xx");
    refused(2, "curate.status", "--input", small, "--set", "curate.status=good");
    refused(2, "the shares make", "--input", small, "--set", "curate.split.train=0.5");
    Path other = run("other", "2", row("z", "owls", "Owls see well in a dark forest.", 0.5));
    refused(3, "decoding.seed: 1, 2", "--input", small, "--input", other);
    Path without = run("without", "1", row("z", "owls", "Owls see well in a dark forest.", null));
    refused(3, "no row of", "--input", without);
    Files.delete(other.resolve("_SUCCESS"));
    refused(
        3,
        "its run is not finished: 1 of 4 parts of its 100 rows are there. Go on with it by ./submit.sh generate --output",
        "--input",
        other);
  }

  @Test
  void mixedRunsAreNamedInTheCard() throws IOException {
    Path other = run("other", "2", row("a", "owls", "Owls see well in a dark forest.", 0.5));
    Path output = temporary.resolve("mixed");
    curate("--mix", "--input", small(), other, "--output", output, "--set", "curate.split.all=1")
        .succeeded();
    assertThat(Files.readString(output.resolve("card.md")))
        .contains("mixed on purpose")
        .contains("decoding.seed: 1, 2");
    assertThat(rows(output.resolve("all")))
        .extracting(row -> row.get("prompt").asText())
        .containsExactly("dogs =", "owls =", "cats =", "birds =", "fish =");
    Path again = temporary.resolve("mixed");
    assertThat(
            curate(
                    "--mix",
                    "--overwrite",
                    "--input",
                    other,
                    "--output",
                    again,
                    "--set",
                    "curate.split.all=1",
                    "--set",
                    "curate.select.by=all")
                .succeeded()
                .out())
        .contains("1 rows of 1 prompts");
    assertThat(rows(again.resolve("all"))).hasSize(1);
  }
}
