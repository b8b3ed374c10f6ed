package io.foresight.jobs.evaluate;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.foresight.jobs.report.ReportData;
import io.foresight.settings.Secrets;
import io.foresight.spark.run.RunException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A report's files, each of which is there as a whole or not at all. */
final class ReportFiles {

  static final String JSON = "report.json";
  static final String MARKDOWN = "report.md";

  private static final ObjectMapper MAPPER = mapper();

  private ReportFiles() {}

  private static ObjectMapper mapper() {
    SimpleModule numbers = new SimpleModule();
    JsonSerializer<Double> finite =
        new JsonSerializer<>() {
          @Override
          public void serialize(Double value, JsonGenerator json, SerializerProvider provider)
              throws IOException {
            if (Double.isFinite(value)) {
              json.writeNumber(value);
            } else {
              // JSON has no other word for a figure that does not apply.
              json.writeNull();
            }
          }
        };
    numbers.addSerializer(Double.class, finite);
    numbers.addSerializer(double.class, finite);
    return new ObjectMapper().registerModule(numbers);
  }

  /** Writes them into a folder, over those of before. */
  static void write(Configuration hadoop, String folder, ReportData data) {
    try {
      write(
          hadoop,
          new Path(folder, JSON),
          MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(data) + "\n");
      write(hadoop, new Path(folder, MARKDOWN), EvaluationText.whole(data));
    } catch (IOException e) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot write the report to %s: %s. The runs are whole; see to the storage, and give the same command again."
              .formatted(folder, Secrets.reason(e)),
          e);
    }
  }

  private static void write(Configuration hadoop, Path file, String text) throws IOException {
    FileSystem files = file.getFileSystem(hadoop);
    Path written = new Path(file.getParent(), "_" + file.getName() + ".tmp");
    try (OutputStream out = files.create(written, true)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    files.delete(file, false);
    if (!files.rename(written, file)) {
      throw new IOException("cannot rename %s to %s".formatted(written, file));
    }
  }
}
