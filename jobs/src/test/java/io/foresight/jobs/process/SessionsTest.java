package io.foresight.jobs.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.foresight.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionsTest {

  @TempDir private Path temporary;

  private static String refusal(String property, String value) {
    System.setProperty(property, value);
    try {
      return catchThrowableOfType(SettingsException.class, () -> Sessions.open("test"))
          .getMessage();
    } finally {
      System.clearProperty(property);
    }
  }

  @Test
  void aFileThatIsShippedAndMissingIsToldAsASetting() throws IOException {
    Path there = Files.createFile(temporary.resolve("there.txt"));
    Path missing = temporary.resolve("missing.jar");
    assertThat(refusal("spark.jars", there + "," + missing.toUri()))
        .contains("Cannot find %s, which --jars names.".formatted(missing.toUri()))
        .doesNotContain("there.txt");
    assertThat(refusal("spark.files", missing.toString()))
        .contains("Cannot find %s, which --files names.".formatted(missing));
    assertThat(refusal("spark.archives", missing + "#name")).contains("which --archives names.");
  }
}
