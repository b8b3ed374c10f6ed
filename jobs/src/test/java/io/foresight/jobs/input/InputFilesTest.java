package io.foresight.jobs.input;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What finding an input's files asks of a storage, where each request takes its time. */
class InputFilesTest {

  private static final int FILES = 50;

  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    for (int i = 0; i < FILES; i++) {
      Files.writeString(folder.resolve("%03d.jsonl".formatted(i)), "{\"id\": %d}".formatted(i));
    }
    WatchedFileSystem.REQUESTS.clear();
  }

  private static int found(List<String> paths) {
    InputSettings settings =
        new InputSettings(
            paths,
            InputFormat.AUTO,
            0,
            "concepts",
            "forms",
            Malformed.ROW,
            "UTF-8",
            ",",
            Unfinished.REFUSE);
    return InputFiles.find(WatchedFileSystem.configuration(), settings).files().size();
  }

  @Test
  void aPatternAsksForFoldersAlone() {
    assertThat(found(List.of("watched://" + folder + "/*.jsonl"))).isEqualTo(FILES);
    assertThat(WatchedFileSystem.REQUESTS.size()).isLessThan(10);
  }

  @Test
  void aFileIsAskedForOnce() {
    List<String> paths =
        List.of("watched://" + folder + "/001.jsonl", "watched://" + folder + "/002.jsonl");
    assertThat(found(paths)).isEqualTo(2);
    assertThat(WatchedFileSystem.REQUESTS)
        .filteredOn(request -> request.endsWith(".jsonl"))
        .containsExactlyElementsOf(
            paths.stream().map(p -> "status of " + p.replace("///", "/")).toList());
    assertThat(WatchedFileSystem.REQUESTS.size()).isLessThanOrEqualTo(4);
  }

  @Test
  void aFolderIsListedOnce() {
    assertThat(found(List.of("watched://" + folder))).isEqualTo(FILES);
    assertThat(WatchedFileSystem.REQUESTS.size()).isLessThan(10);
  }
}
