package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionsTest {

  @TempDir private Path temporary;

  private static JobRun withOption(String property, String value) {
    System.setProperty(property, value);
    try {
      return JobRun.of("inspect", "--input", "/no/such/input");
    } finally {
      System.clearProperty(property);
    }
  }

  @Test
  void aFileThatIsShippedAndMissingIsToldAsASetting() throws IOException {
    Path there = Files.createFile(temporary.resolve("there.txt"));
    Path missing = temporary.resolve("missing.jar");
    JobRun run = withOption("spark.jars", there + "," + missing.toUri());
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err())
        .contains("Cannot find %s, which --jars names.".formatted(missing.toUri()))
        .doesNotContain("there.txt")
        .doesNotContain("\tat ");
    run = withOption("spark.files", missing.toString());
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("Cannot find %s, which --files names.".formatted(missing));
    run = withOption("spark.archives", missing + "#name");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("which --archives names.");
  }
}
