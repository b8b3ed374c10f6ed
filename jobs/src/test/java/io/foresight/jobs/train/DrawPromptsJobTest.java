package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.JobRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrawPromptsJobTest {

  @TempDir Path folder;

  private JobRun draw(Path input, Path output, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("draw-prompts", "--input", input.toString(), "--output", output.toString()));
    args.addAll(List.of(more));
    return JobRun.of(args.toArray(String[]::new));
  }

  /** Ten words, each in a line with the next one, in another form. */
  private Path corpus() throws IOException {
    List<String> words =
        List.of("dog", "cat", "boat", "tree", "house", "river", "cloud", "chair", "horse", "train");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      lines.add(
          "{\"concepts\": [\"%s\"], \"text\": \"Two %ss and %ss.\"}"
              .formatted(words.get(i), words.get(i), words.get((i + 1) % words.size())));
    }
    lines.add("{\"concepts\": [\"once\", \"Rare\"], \"text\": \"A rare dog.\"}");
    return Files.write(folder.resolve("corpus.jsonl"), lines);
  }

  @Test
  void noTwoWordsMeetInALineInAnyForm() throws IOException {
    Path input = corpus();
    Path output = folder.resolve("prompts.jsonl");
    String[] options = {"--rows", "12", "--words", "3", "--named", "1"};
    assertThat(draw(input, output, options).code()).isZero();
    List<String> lines = Files.readAllLines(output);
    assertThat(lines).hasSize(12);
    String corpus = Files.readString(input);
    Set<Set<String>> distinct = new HashSet<>();
    for (String line : lines) {
      JsonNode row = new ObjectMapper().readTree(line);
      List<String> concepts = new ArrayList<>();
      row.get("concepts").forEach(c -> concepts.add(c.asText()));
      assertThat(concepts).hasSize(3).doesNotHaveDuplicates();
      assertThat(distinct.add(Set.copyOf(concepts))).isTrue();
      assertThat(row.get("id").asText()).isNotBlank();
      for (String one : concepts) {
        for (String other : concepts) {
          assertThat(corpus).doesNotContain("Two %ss and %ss.".formatted(one, other));
        }
      }
      assertThat(concepts).as("they meet in a line").doesNotContainSequence("rare", "once");
    }
    Path again = folder.resolve("again.jsonl");
    draw(input, again, options);
    assertThat(again).hasSameTextualContentAs(output);
    draw(input, again, "--rows", "12", "--words", "3", "--named", "1", "--seed", "2");
    assertThat(Files.readAllLines(again)).isNotEqualTo(lines);
  }

  @Test
  void whatIsNoWordIsNotDrawn() throws IOException {
    Path input = corpus();
    Files.writeString(
        input,
        "{\"concepts\": [\" \"], \"text\": \"This and that.\"}\n",
        StandardOpenOption.APPEND);
    Path output = folder.resolve("prompts.jsonl");
    assertThat(draw(input, output, "--rows", "5", "--words", "2", "--named", "1").code()).isZero();
    assertThat(output).content().contains("dog").doesNotContain("\" \"");
  }

  @Test
  void saysWhatItCannotFind() throws IOException {
    JobRun run =
        draw(corpus(), folder.resolve("p.jsonl"), "--rows", "1", "--words", "9", "--named", "1");
    assertThat(run.code()).isNotZero();
    assertThat(run.err()).contains("Cannot draw 1 prompts of 9 words").contains("--named");
    run = draw(corpus(), folder.resolve("p.jsonl"), "--rows", "1", "--named", "1000000");
    assertThat(run.err()).contains("Cannot draw 1 prompts of 5 words", "0 were found");
    String[] many = {"--rows", "3000000", "--words", "2", "--named", "1"};
    assertThat(draw(corpus(), folder.resolve("p.jsonl"), many).err())
        .contains("Cannot draw 3000000 prompts of 2 words")
        .doesNotContain(" 0 were found");
    run = draw(folder.resolve("none.jsonl"), folder.resolve("p.jsonl"), "--words", "1");
    assertThat(run.err()).contains("--words 1: it must be at least 2").contains("none.jsonl");
  }
}
