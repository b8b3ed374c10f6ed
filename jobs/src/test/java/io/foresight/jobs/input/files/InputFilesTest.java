package io.foresight.jobs.input.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What finding an input's files asks of a storage, where each request takes its time. */
class InputFilesTest {

  private static final int FILES = 50;

  @TempDir private java.nio.file.Path folder;

  @BeforeEach
  void write() throws IOException {
    for (int i = 0; i < FILES; i++) {
      Files.writeString(folder.resolve("%03d.jsonl".formatted(i)), "{\"id\": %d}".formatted(i));
    }
    WatchedFileSystem.REQUESTS.clear();
  }

  private static int found(List<String> paths) {
    return found(WatchedFileSystem.configuration(), paths);
  }

  private static int found(Configuration hadoop, List<String> paths) {
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
    return InputFiles.find(hadoop, settings).files().size();
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

  /** Local files of which nobody may ask for what it takes a process each to know. */
  public static final class WithoutProcesses extends LocalFileSystem {

    @Override
    public RemoteIterator<LocatedFileStatus> listLocatedStatus(Path folder) {
      throw new AssertionError("asked for the permissions of the files of " + folder);
    }
  }

  @Test
  void permissionsOfLocalFilesAreNotAskedFor() throws IOException {
    Files.createDirectories(folder.resolve("a/b"));
    Files.writeString(folder.resolve("a/b/x.jsonl"), "{}");
    Configuration hadoop = new Configuration();
    hadoop.set("fs.file.impl", WithoutProcesses.class.getName());
    hadoop.setBoolean("fs.file.impl.disable.cache", true);
    assertThat(found(hadoop, List.of(folder.toString()))).isEqualTo(FILES + 1);
  }
}
