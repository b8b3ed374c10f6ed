package io.foresight.jobs.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownWordsTest {

  @TempDir Path folder;

  @Test
  void theWordsOfAFileAreKnownInAnyCase() throws IOException {
    Path file =
        Files.write(
            folder.resolve("words"),
            List.of("{\"text\": \"A dog's Ball, in the patrol.\"}", "", "holding"));
    KnownWords known = KnownWords.of(file);
    assertThat(known.unknown(List.of("dog", "ball", "patrol", "holding"))).isZero();
    assertThat(known.unknown(List.of("pat", "holin", "dog"))).isEqualTo(2);
    assertThat(known.unknown(List.of())).isZero();
  }
}
