package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.Main;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RankIdsJobTest {

  private static final Path DRAFT = Path.of("..", "examples", "draft");

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void copy() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(DRAFT)) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName().toString()));
      }
    }
  }

  private int rank(Path input) {
    return Main.run("rank-ids", "--model", model.toString(), "--input", input.toString());
  }

  @Test
  void frequentIdsComeFirstAndOfEquallyFrequentOnesTheLower() throws IOException {
    Path input = folder.resolve("texts.jsonl");
    Files.writeString(input, "{\"concepts\": [\"dog\"], \"n\": 3, \"text\": \"dog\"}\nbeach\n\n");
    assertThat(rank(input)).isZero();
    List<Integer> ids =
        Files.readAllLines(model.resolve(HeadIds.FILE)).stream().map(Integer::valueOf).toList();
    try (Tokenizer tokenizer = Tokenizer.load(model)) {
      int dog = tokenizer.encodeWritten(" dog")[0];
      int beach = tokenizer.encodeWritten(" beach")[0];
      assertThat(ids).doesNotHaveDuplicates().contains(beach);
      assertThat(ids.indexOf(dog)).isLessThan(ids.indexOf(beach));
    }
    String first = Files.readString(model.resolve(HeadIds.FILE));
    assertThat(rank(input)).isZero();
    assertThat(model.resolve(HeadIds.FILE)).hasContent(first);
  }

  @Test
  void textsThatAreNoneAreRefused() throws IOException {
    Path empty = Files.createFile(folder.resolve("empty.txt"));
    assertThat(rank(empty)).isNotZero();
    Path broken = Files.writeString(folder.resolve("broken.jsonl"), "{\"text\": \"dog\n");
    assertThat(rank(broken)).isNotZero();
    assertThat(model.resolve(HeadIds.FILE)).doesNotExist();
  }
}
