package io.foresight.jobs.report;

import io.foresight.settings.Secrets;
import io.foresight.spark.run.RunException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A report's files, each of which is there as a whole or not at all. */
public final class ReportFiles {

  /** The page. */
  public static final String HTML = "report.html";

  /** The text. */
  public static final String MARKDOWN = "report.md";

  /** The data of both. */
  public static final String JSON = "report.json";

  private ReportFiles() {}

  /**
   * Writes them into a folder of any file system that Hadoop knows, over those of before.
   *
   * @throws RunException of kind STORAGE if they cannot be written
   */
  public static void write(Configuration hadoop, String folder, ReportData data) {
    try {
      ByteArrayOutputStream page = new ByteArrayOutputStream();
      ReportPage.write(data, page);
      write(hadoop, new Path(folder, JSON), bytes(ReportJson.of(data) + "\n"));
      write(hadoop, new Path(folder, MARKDOWN), bytes(ReportText.of(data)));
      write(hadoop, new Path(folder, HTML), page.toByteArray());
    } catch (IOException e) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot write the report to %s: %s. What it is of is whole; see to the storage, and give the same command again."
              .formatted(folder, Secrets.reason(e)),
          e);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void write(Configuration hadoop, Path file, byte[] content) throws IOException {
    FileSystem files = file.getFileSystem(hadoop);
    Path written = new Path(file.getParent(), "_" + file.getName() + ".tmp");
    if ("file".equals(files.getUri().getScheme())) {
      // Hadoop would put a checksum's file beside each, and cannot replace one at once.
      java.nio.file.Path local = java.nio.file.Path.of(written.toUri().getPath());
      Files.createDirectories(local.getParent());
      Files.write(local, content);
      Files.move(local, local.resolveSibling(file.getName()), StandardCopyOption.ATOMIC_MOVE);
      return;
    }
    try (OutputStream out = files.create(written, true)) {
      out.write(content);
    }
    files.delete(file, false);
    if (!files.rename(written, file)) {
      throw new IOException("cannot rename %s to %s".formatted(written, file));
    }
  }
}
