package io.foresight.jobs.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.jobs.JobRun;
import io.foresight.jobs.process.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DryRunTest {

  @TempDir static Path temporary;

  private static JobRun.Folder folder;

  @BeforeAll
  static void models() throws IOException {
    folder = JobRun.Folder.create(temporary);
  }

  private static JobRun dry(Object... further) {
    List<Object> args = new ArrayList<>(List.of("--output", temporary.resolve("out"), "--dry-run"));
    args.addAll(List.of(further));
    JobRun run = folder.generate(args.toArray());
    assertThat(temporary.resolve("out")).doesNotExist();
    return run;
  }

  @Test
  void itTellsOfAllRows() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      lines.add("{\"id\": %d, \"concepts\": [\"dog\"], \"p\": \"dog\"}".formatted(i));
    }
    lines.add("{\"id\": 200, \"concepts\": [], \"p\": \" \\t \"}");
    lines.add("{\"id\": 201, \"concepts\": [\" \"], \"p\": null}");
    lines.add("{\"id\": 202, \"p\": \"%s\"}".formatted("dog ".repeat(5000).strip()));
    lines.add("nonsense");
    Path input = folder.file("all.jsonl", lines.toArray(String[]::new));
    JobRun run = dry("--input", input, "--set", "prompt.column=p").succeeded();
    assertThat(run.out().lines())
        .anyMatch(
            l ->
                l.startsWith(
                    "rows             204: 1 cannot be read, for example: Cannot read line 204 of"))
        .contains("column p         1 null, 1 blank")
        .contains("column concepts  1 null, 2 blank")
        .contains("column id        0 null, 0 blank")
        .anyMatch(
            l ->
                l.startsWith(
                    "prompts          201; of 2 rows none can be built, for example: Cannot build a prompt"))
        .anyMatch(
            l ->
                l.matches(
                    "prompt tokens    median (\\d+), 99 % \\1, longest \\d{4,}; the context holds \\d+: 1 do not fit, 0 leave .*"))
        .anyMatch(l -> l.matches("partitions       \\d+"))
        // Four a slot, of which there are two.
        .contains("shards           8");
    assertThat(
            dry("--input", input, "--set", "prompt.column=p", "--set", "run.shard-rows=10").out())
        .contains("shards           21");
  }

  @Test
  void idsThatStandTwiceAreAProblemAndTheRestIsTold() throws IOException {
    String row = "{\"id\": \"a\", \"concepts\": [\"dog\"]}";
    JobRun run = dry("--input", folder.file("twice.jsonl", row, row));
    assertThat(run.code()).isEqualTo(ExitCode.INPUT.code());
    assertThat(run.err()).contains("1 ids stand in several rows, for example a");
    assertThat(run.out()).contains("rows             2: 0 cannot be read");
    JobRun derived =
        dry("--input", folder.path().resolve("twice.jsonl"), "--set", "input.columns.id=");
    assertThat(derived.succeeded().out()).contains("rows             2: 0 cannot be read");
    Path none = folder.file("none.csv", "id,concepts");
    assertThat(dry("--input", none).succeeded().out()).contains("rows             0: 0 cannot");
  }

  @Test
  void allProblemsAreToldTogether() throws IOException {
    JobRun run =
        dry(
            "--input",
            folder.file("few.jsonl", "{\"id\": 1, \"x\": \"dog\"}", "{\"id\": 1, \"x\": null}"),
            "--set",
            "models.target=" + temporary.resolve("no-model"),
            "--set",
            "models.draft=" + temporary.resolve("no-draft"),
            "--set",
            "prompt.column=absent");
    assertThat(run.code()).isEqualTo(ExitCode.MODELS.code());
    assertThat(run.err())
        .contains(temporary.resolve("no-model") + "", temporary.resolve("no-draft") + "")
        .contains("Cannot find column absent, which holds the prompt")
        .contains("Cannot find column concepts, which holds what a reward judges by")
        .contains("1 ids stand in several rows");
    assertThat(run.out()).contains("column id        0 null");
  }

  @Test
  void settingsThatCannotBeBoundAreToldWithTheRest() throws IOException {
    Object[] wrong = {
      "--input",
      folder.file("some.jsonl", "{\"id\": 1, \"x\": \"dog\"}", "{\"id\": 1, \"x\": null}"),
      "--set",
      "decoding.strategy=greedy",
      "--set",
      "decoding.temperature=-1",
      "--set",
      "run.no-such-setting=1",
      "--set",
      "models.target=" + temporary.resolve("no-model"),
      "--set",
      "prompt.column=absent",
      "--summary",
      temporary.resolve("no-folder/summary.json")
    };
    JobRun run = dry(wrong);
    assertThat(run.code()).isEqualTo(ExitCode.SETTINGS.code());
    assertThat(run.err())
        .contains("decoding.temperature = -1", "run.no-such-setting is no setting")
        .contains("Cannot write --summary")
        .contains(temporary.resolve("no-model") + "")
        .contains("Cannot find column absent", "Cannot find column concepts")
        .contains("1 ids stand in several rows")
        // Greedy decoding has none.
        .doesNotContain("models.draft");
    assertThat(run.out()).contains("rows             2: 0 cannot be read");
    // What depends on a setting that is wrong itself is not told of.
    List<Object> more = new ArrayList<>(List.of(wrong));
    more.addAll(
        List.of(
            "--set",
            "prompt.template={{",
            "--set",
            "prompt.column=",
            "--set",
            "rewards.own.type=none",
            "--set",
            "reward.use=own",
            "--set",
            "models.local-cache-size=x"));
    assertThat(dry(more.toArray()).err())
        .contains("models.local-cache-size = x", "rewards.own")
        .contains("1 ids stand in several rows")
        .doesNotContain("Cannot find column", temporary.resolve("no-model") + "");
    assertThat(dry(more.toArray()).err()).doesNotContain("Exception");
    List<Object> unread = new ArrayList<>(more);
    unread.addAll(List.of("--set", "input.delimiter=ab"));
    assertThat(dry(unread.toArray()).err())
        .contains("input.delimiter = ab")
        .doesNotContain("1 ids stand");
    // Nobody knows what it would have set.
    assertThat(dry("--config", temporary.resolve("none.conf"), "--input", "none").err())
        .contains("none.conf")
        .doesNotContain("Cannot read input");
  }

  @Test
  void aTokenizerWithMoreIdsThanTheModelHasRowsIsAProblem() throws IOException {
    Path model = temporary.resolve("misfit");
    Files.createDirectory(model);
    try (Stream<Path> files = Files.list(folder.target())) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    ObjectMapper mapper = new ObjectMapper();
    Path tokenizer = model.resolve("tokenizer.json");
    ObjectNode json = (ObjectNode) mapper.readTree(tokenizer.toFile());
    json.withArray("added_tokens")
        .addObject()
        .put("id", 100_000)
        .put("content", "<late>")
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
    mapper.writeValue(tokenizer.toFile(), json);
    JobRun run =
        dry(
            "--input",
            folder.file("one.jsonl", "{\"id\": 1, \"concepts\": [\"dog\"]}"),
            "--set",
            "models.target=" + model,
            "--set",
            "decoding.strategy=greedy");
    assertThat(run.code()).isEqualTo(ExitCode.MODELS.code());
    assertThat(run.err())
        .contains("Cannot use tokenizer " + tokenizer + ": its token \"<late>\" has id 100000")
        .contains("so that 1 of its tokens have none");
  }
}
