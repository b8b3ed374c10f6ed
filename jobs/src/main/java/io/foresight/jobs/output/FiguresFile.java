package io.foresight.jobs.output;

import com.fasterxml.jackson.databind.JsonNode;
import io.foresight.spark.run.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A local file that an option asks a job's figures into. */
public final class FiguresFile {

  private FiguresFile() {}

  /**
   * Checks before any work that the file can be written.
   *
   * @param file {@code null} if the option was not given
   * @throws RunException if it cannot
   */
  public static void check(String option, Path file) {
    if (file == null) {
      return;
    }
    Path folder = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file) || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot write %s %s: it is a folder, or not in one that exists and can be written. Give another file."
              .formatted(option, file));
    }
  }

  /** Writes {@code figures}, unless {@code file} is {@code null}. */
  public static void write(Path file, JsonNode figures) throws IOException {
    if (file != null) {
      Files.writeString(file, figures.toPrettyString() + "\n");
    }
  }
}
