package io.foresight.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDigestTest {

  @TempDir Path temporary;

  private String digest(String folder, String... namesAndContents) throws IOException {
    Path path = temporary.resolve(folder);
    for (int i = 0; i < namesAndContents.length; i += 2) {
      Path file = path.resolve(namesAndContents[i]);
      Files.createDirectories(file.getParent());
      Files.writeString(file, namesAndContents[i + 1]);
    }
    return ModelDigest.ofFile(path);
  }

  @Test
  void theSameFilesHaveTheSameDigestWhereverTheyLie() throws IOException {
    assertThat(digest("one", "a/b", "x", "c", "y")).isEqualTo(digest("two", "c", "y", "a/b", "x"));
  }

  @Test
  void aNameIsNoContent() throws IOException {
    assertThat(digest("name", "ab", "c")).isNotEqualTo(digest("content", "a", "bc"));
    assertThat(digest("two", "a", "x", "b", "y")).isNotEqualTo(digest("one", "a", "xby"));
  }
}
