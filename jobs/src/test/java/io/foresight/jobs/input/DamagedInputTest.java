package io.foresight.jobs.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.spark.GenerationSettings;
import io.foresight.spark.HiddenColumns;
import io.foresight.spark.run.RunException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Small files, each with one random damage: a row, or told; no crash, no hang, nothing lost. {@code
 * -Dforesight.damaged-inputs=10000} tries as many.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class DamagedInputTest {

  private static final int FILES = Integer.getInteger("foresight.damaged-inputs", 1000);
  private static final Configuration HADOOP = new Configuration();

  @TempDir private static Path folder;

  private static SparkSession spark;
  private static byte[] parquet;

  @BeforeAll
  static void start() throws IOException {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate();
    Path written = folder.resolve("written");
    spark
        .range(0, 20, 1, 1)
        .selectExpr(
            "id",
            "array('dog', cast(id as string)) concepts",
            "id / 3 x",
            "named_struct('a', id) s")
        .write()
        .parquet(written.toString());
    try (Stream<Path> files = Files.list(written)) {
      parquet =
          Files.readAllBytes(
              files.filter(f -> f.toString().endsWith(".parquet")).findFirst().orElseThrow());
    }
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static byte[] text(Random random, boolean csv) {
    StringBuilder text = new StringBuilder(csv ? "id,concepts,note\n" : "");
    String[] notes = {"plain", "caf\u00e9 \ud83d\ude00", "a \"\"quote\"\"", "two\nlines", "1,5"};
    int rows = 1 + random.nextInt(6);
    for (int i = 0; i < rows; i++) {
      String note = notes[random.nextInt(notes.length)];
      String quoted = note.replace("\"\"", "\\\"").replace("\n", "\\n");
      text.append(
          csv
              ? "%d,dog run,\"%s\"".formatted(i, note)
              : "{\"id\": %d, \"concepts\": [\"dog\"], \"note\": \"%s\", \"n\": %s}"
                  .formatted(i, quoted, random.nextBoolean() ? i : i / 4.0));
      text.append(random.nextInt(4) == 0 ? "\r\n" : "\n");
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] damaged(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length);
    switch (random.nextInt(6)) {
      case 0 -> {
        return Arrays.copyOf(bytes, at);
      }
      case 1 -> {
        byte[] noise = new byte[1 + random.nextInt(8)];
        random.nextBytes(noise);
        return inserted(bytes, at, noise);
      }
      case 2 -> {
        String[] other = {
          "null", "{}", "[[1]]", "\"", "\n", "{", "]", ",", "\\ud800", "\u0000", "1e999"
        };
        return inserted(
            bytes, at, other[random.nextInt(other.length)].getBytes(StandardCharsets.UTF_8));
      }
      case 3 -> {
        String[] encodings = {"UTF-16", "ISO-8859-1", "UTF-16LE"};
        Charset other = Charset.forName(encodings[random.nextInt(encodings.length)]);
        return new String(bytes, StandardCharsets.UTF_8).getBytes(other);
      }
      case 4 -> {
        int end = Math.min(bytes.length, at + 1 + random.nextInt(20));
        byte[] without = Arrays.copyOf(bytes, bytes.length - (end - at));
        System.arraycopy(bytes, end, without, at, bytes.length - end);
        return without;
      }
      default -> {
        byte[] flipped = bytes.clone();
        flipped[at] ^= (byte) (1 << random.nextInt(8));
        return flipped;
      }
    }
  }

  private static byte[] inserted(byte[] bytes, int at, byte[] more) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(bytes, 0, at);
    all.writeBytes(more);
    all.write(bytes, at, bytes.length - at);
    return all.toByteArray();
  }

  private static TextLayout layout(InputFormat format) {
    return new TextLayout(format, "UTF-8", ",", Set.of("concepts"), Set.of("forms"));
  }

  private static List<InputRecord> records(Records records) throws IOException {
    List<InputRecord> all = new ArrayList<>();
    for (InputRecord next = records.next(); next != null; next = records.next()) {
      all.add(next);
    }
    return all;
  }

  /** The bytes that are no line ends. */
  private static byte[] content(byte[] bytes) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte b : bytes) {
      if (b != '\n' && b != '\r') {
        content.write(b);
      }
    }
    return content.toByteArray();
  }

  @Test
  void everyLineOfTextIsARowOrTold() throws IOException {
    Random random = new Random(20260101);
    for (int i = 0; i < FILES; i++) {
      boolean csv = i % 2 == 0;
      byte[] bytes = damaged(text(random, csv), random);
      TextLayout layout = layout(csv ? InputFormat.CSV : InputFormat.JSONL);
      List<InputRecord> all = records(Records.of(bytes, layout));
      boolean header = !all.isEmpty() && csv && all.get(0).line() == firstLine(bytes);
      if (!header) {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        all.forEach(record -> raw.writeBytes(record.raw()));
        byte[] whole = content(bytes);
        byte[] got = content(raw.toByteArray());
        if (csv) {
          byte[] before = Arrays.copyOf(whole, whole.length - got.length);
          assertThat(whole).as("file %d", i).endsWith(got);
          byte[] line = headerLine(bytes);
          // A header may go on in the next line only within quotes.
          assertThat(before).as("file %d", i).startsWith(line);
          assertThat(
                  before.length == line.length
                      || new String(line, StandardCharsets.ISO_8859_1).contains("\""))
              .as("file %d", i)
              .isTrue();
        } else {
          // Lines of blanks are no rows.
          assertThat(unblanked(got)).as("file %d", i).isEqualTo(unblanked(whole));
        }
      }
      for (InputRecord record : all) {
        Part part = Part.whole(new InputFile("file:/f", 0, 0, Map.of()));
        assertThat(
                record.problem() != null
                    || !record.values().isEmpty()
                    || new String(record.raw(), StandardCharsets.UTF_8)
                        .strip()
                        .replace("\ufeff", "")
                        .matches("\\{\\s*\\}"))
            .as("file %d, line %d", i, record.line())
            .isTrue();
        assertThat(record.message(part, "reason", layout.charset())).hasSizeLessThan(2000);
      }
    }
  }

  private static byte[] unblanked(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1)
        .replaceAll("[ \t]", "")
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static long firstLine(byte[] bytes) {
    long line = 1;
    int i = 0;
    while (i < bytes.length && (bytes[i] == '\n' || bytes[i] == '\r')) {
      line += bytes[i] == '\n' || i + 1 >= bytes.length || bytes[i + 1] != '\n' ? 1 : 0;
      i++;
    }
    return line;
  }

  /** The first line that is not empty. */
  private static byte[] headerLine(byte[] bytes) throws IOException {
    Lines lines = new Lines(new java.io.ByteArrayInputStream(bytes), 0);
    Lines.Line line = lines.next();
    while (line != null && line.bytes().length == 0) {
      line = lines.next();
    }
    return line == null ? new byte[0] : line.bytes();
  }

  @Test
  void whatCannotBeUnpackedIsTold() throws IOException {
    Random random = new Random(20260102);
    for (int i = 0; i < FILES / 5; i++) {
      byte[] content = text(random, false);
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      boolean zstd = i % 2 == 0;
      try (var out =
          zstd
              ? new com.github.luben.zstd.ZstdOutputStream(packed).setChecksum(true)
              : new GZIPOutputStream(packed)) {
        out.write(content);
      }
      byte[] bytes = damaged(packed.toByteArray(), random);
      Path path = Files.write(folder.resolve("x.jsonl." + (zstd ? "zst" : "gz")), bytes);
      InputFile file = new InputFile(path.toUri().toString(), bytes.length, 0, Map.of());
      List<InputRecord> all;
      try (Records records = Records.open(Part.whole(file), layout(InputFormat.JSONL), HADOOP)) {
        all = records(records);
      }
      int expected = records(Records.of(content, layout(InputFormat.JSONL))).size();
      boolean told = all.stream().anyMatch(record -> record.problem() != null);
      assertThat(told || all.size() == expected || bytes.length == 0).as("file %d", i).isTrue();
    }
  }

  private static InputSettings settings(Path path) {
    return new InputSettings(
        List.of(path.toString()),
        InputFormat.AUTO,
        0,
        "concepts",
        "forms",
        Malformed.ROW,
        "UTF-8",
        ",",
        Unfinished.REFUSE);
  }

  @Test
  void sparkReadsWhatTheFilesHold() throws IOException {
    Random random = new Random(20260103);
    for (boolean csv : new boolean[] {false, true}) {
      Path many = Files.createDirectories(folder.resolve("many" + csv));
      long expected = 0;
      for (int i = 0; i < FILES / 10; i++) {
        byte[] bytes = damaged(text(random, csv), random);
        Path path = Files.write(many.resolve("%05d.%s".formatted(i, csv ? "csv" : "jsonl")), bytes);
        TextLayout layout = layout(csv ? InputFormat.CSV : InputFormat.JSONL);
        expected += records(Records.of(bytes, layout)).size();
        assertThat(path).exists();
      }
      List<InputFile> files = InputFiles.find(HADOOP, settings(many)).files();
      Expectations expectations = Expectations.of(GenerationSettings.of("p", "q"));
      try {
        InputFormat format = csv ? InputFormat.CSV : InputFormat.JSONL;
        List<Row> rows =
            new TextTable(spark, settings(many), expectations, format).read(files).collectAsList();
        assertThat(rows).hasSize((int) expected);
        assertThat(rows).anyMatch(row -> row.getAs(HiddenColumns.INPUT_ERROR) == null);
      } catch (InputProblem.ReasonException e) {
        // Names of columns that differ in case only are refused as a whole.
        assertThat(e.getMessage()).contains("in case only");
      }
    }
  }

  @Test
  void aDamagedParquetFileIsRowsOrTold() throws IOException {
    Random random = new Random(20260104);
    int read = 0;
    for (int i = 0; i < FILES; i++) {
      byte[] bytes = damaged(parquet, random);
      Path path = Files.write(folder.resolve("d%d.parquet".formatted(i % 50)), bytes);
      InputFile file = new InputFile(path.toUri().toString(), bytes.length, 0, Map.of());
      ParquetFooter footer = ParquetFooter.of(file, HADOOP);
      assertThat(footer.problem() == null || footer.schema() == null).isTrue();
      if (footer.problem() != null || i % 40 != 0) {
        continue;
      }
      read++;
      try {
        List<Row> rows =
            InputReader.read(spark, settings(path), GenerationSettings.of("p", "q"))
                .collectAsList();
        assertThat(rows).hasSize((int) footer.rows());
      } catch (Exception e) {
        RunException told = InputReader.problem(e);
        assertThat(told).as("file %d: %s", i, e).isNotNull();
        assertThat(told.kind()).isEqualTo(RunException.Kind.INPUT);
      }
    }
    assertThat(read).isPositive();
  }
}
