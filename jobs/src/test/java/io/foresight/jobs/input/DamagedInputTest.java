package io.foresight.jobs.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.input.files.InputFile;
import io.foresight.jobs.input.files.InputFiles;
import io.foresight.jobs.input.files.InputFormat;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.input.files.InputSettings;
import io.foresight.jobs.input.files.Lines;
import io.foresight.jobs.input.files.Malformed;
import io.foresight.jobs.input.files.Unfinished;
import io.foresight.jobs.input.files.WatchedFileSystem;
import io.foresight.jobs.input.parquet.ParquetFooter;
import io.foresight.jobs.input.parquet.ThriftBytes;
import io.foresight.jobs.input.schema.Expectations;
import io.foresight.jobs.input.text.InputRecord;
import io.foresight.jobs.input.text.Part;
import io.foresight.jobs.input.text.Records;
import io.foresight.jobs.input.text.TextLayout;
import io.foresight.jobs.input.text.TextTable;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.run.RunException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
import net.jpountz.lz4.LZ4FrameOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.io.ParquetDecodingException;
import org.apache.spark.sql.Dataset;
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

  /** A file without the end of files as DOS marks it, where that is a line of its own. */
  private static byte[] withoutDosEnd(byte[] bytes) {
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0x1a) {
      length--;
    }
    boolean isOwnLine = length == 0 || bytes[length - 1] == '\n' || bytes[length - 1] == '\r';
    return isOwnLine ? Arrays.copyOf(bytes, length) : bytes;
  }

  @Test
  void everyLineOfTextIsARowOrTold() throws IOException {
    Random random = new Random(20260101);
    for (int i = 0; i < FILES; i++) {
      boolean csv = i % 2 == 0;
      byte[] original = text(random, csv);
      byte[] bytes = damaged(original, random);
      TextLayout layout = layout(csv ? InputFormat.CSV : InputFormat.JSONL);
      List<InputRecord> all = records(Records.of(bytes, layout));
      requireUndamaged(i, original, bytes, layout, all);
      boolean header = !all.isEmpty() && csv && all.get(0).line() == firstLine(bytes);
      if (!header) {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        all.forEach(record -> raw.writeBytes(record.raw()));
        byte[] whole = content(withoutDosEnd(bytes));
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

  /** Checks that rows whose bytes are the same, before the damage and behind it, are the same. */
  private static void requireUndamaged(
      int file, byte[] original, byte[] damaged, TextLayout layout, List<InputRecord> got)
      throws IOException {
    List<InputRecord> whole = records(Records.of(original, layout));
    int same = Math.max(0, Arrays.mismatch(original, damaged));
    same = Arrays.equals(original, damaged) ? original.length : same;
    int before = 0;
    // A row ends where the next one begins.
    while (before + 1 < whole.size() && whole.get(before + 1).offset() < same) {
      before++;
    }
    assertThat(shown(got.subList(0, Math.min(before, got.size()))))
        .as("file %d, rows before the damage", file)
        .isEqualTo(shown(whole.subList(0, before)));
    int tail = 0;
    int most = Math.min(original.length, damaged.length) - same;
    while (tail < most
        && original[original.length - 1 - tail] == damaged[damaged.length - 1 - tail]) {
      tail++;
    }
    // In CSV a quote that was opened or closed, and a header, are of the rows behind it as well.
    if (layout.format() == InputFormat.JSONL) {
      int from = original.length - tail;
      int behind = (int) whole.stream().filter(record -> record.offset() > from).count();
      assertThat(shown(got.subList(Math.max(0, got.size() - behind), got.size())))
          .as("file %d, rows behind the damage", file)
          .isEqualTo(shown(whole.subList(whole.size() - behind, whole.size())));
    }
  }

  private static List<String> shown(List<InputRecord> records) {
    return records.stream().map(r -> r.problem() == null ? r.values() + "" : r.problem()).toList();
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
    Lines lines = new Lines(new java.io.ByteArrayInputStream(bytes), 0, Lines.Mark.KEPT);
    Lines.Line line = lines.next();
    while (line != null && line.bytes().length == 0) {
      line = lines.next();
    }
    return line == null ? new byte[0] : line.bytes();
  }

  /** Those whose members have a checksum, so that what is not told is what it was. */
  private static byte[] packed(byte[] content, String suffix) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out =
        switch (suffix) {
          case "zst" -> new com.github.luben.zstd.ZstdOutputStream(packed).setChecksum(true);
          case "gz" -> new GZIPOutputStream(packed);
          case "bz2" -> new BZip2CompressorOutputStream(packed);
          case "lz4" ->
              new LZ4FrameOutputStream(
                  packed,
                  LZ4FrameOutputStream.BLOCKSIZE.SIZE_64KB,
                  LZ4FrameOutputStream.FLG.Bits.BLOCK_INDEPENDENCE,
                  LZ4FrameOutputStream.FLG.Bits.CONTENT_CHECKSUM);
          default -> throw new IllegalArgumentException(suffix);
        }) {
      out.write(content);
    }
    return packed.toByteArray();
  }

  @Test
  void whatCannotBeUnpackedIsTold() throws IOException {
    Random random = new Random(20260102);
    String[] suffixes = {"zst", "gz", "bz2", "lz4"};
    int told = 0;
    for (int i = 0; i < FILES / 5; i++) {
      byte[] content = text(random, false);
      String suffix = suffixes[i % suffixes.length];
      byte[] bytes = damaged(packed(content, suffix), random);
      List<InputRecord> all = unpacked(bytes, suffix);
      List<InputRecord> whole = records(Records.of(content, layout(InputFormat.JSONL)));
      boolean damaged = !all.isEmpty() && isOfUnpacking(all.get(all.size() - 1));
      told += damaged ? 1 : 0;
      if (!damaged && bytes.length > 0) {
        // The damage is where nothing depends on it, such as a name or a time.
        assertThat(shown(all)).as("file %d (%s)", i, suffix).isEqualTo(shown(whole));
      }
      assertThat(all.stream().filter(DamagedInputTest::isOfUnpacking).count())
          .as("file %d (%s)", i, suffix)
          .isEqualTo(damaged ? 1 : 0);
    }
    assertThat(told).isGreaterThan(FILES / 10);
  }

  private static boolean isOfUnpacking(InputRecord record) {
    return record.problem() != null
        && record.problem().startsWith("from there on the file cannot be unpacked");
  }

  private static List<InputRecord> unpacked(byte[] bytes, String suffix) throws IOException {
    Path path = Files.write(folder.resolve("x.jsonl." + suffix), bytes);
    InputFile file = new InputFile(path.toUri().toString(), bytes.length, 0, Map.of());
    try (Records records = Records.open(Part.whole(file), layout(InputFormat.JSONL), HADOOP)) {
      return records(records);
    }
  }

  private static InputSettings settings(Path path) {
    return settings(path.toString());
  }

  private static InputSettings settings(String path) {
    return new InputSettings(
        List.of(path),
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
    List<String> whole = rows(Files.write(folder.resolve("whole.parquet"), parquet));
    assertThat(whole).hasSize(20);
    int footer = ByteBuffer.wrap(parquet).order(ByteOrder.LITTLE_ENDIAN).getInt(parquet.length - 8);
    int data = parquet.length - 8 - footer;
    int read = 0;
    int same = 0;
    for (int i = 0; i < FILES; i++) {
      byte[] bytes = damaged(parquet, random);
      Path path = Files.write(folder.resolve("d%d.parquet".formatted(i % 50)), bytes);
      InputFile file = new InputFile(path.toUri().toString(), bytes.length, 0, Map.of());
      ParquetFooter found = ParquetFooter.of(file, HADOOP);
      assertThat(found.damage() == null && found.unsupported() == null)
          .as("file %d", i)
          .isEqualTo(found.schema() != null);
      int mismatch = Arrays.mismatch(parquet, bytes);
      boolean footerIsWhole =
          mismatch < data
              && bytes.length == parquet.length
              && Arrays.equals(parquet, data, parquet.length, bytes, data, parquet.length);
      if (found.schema() == null) {
        assertThat(footerIsWhole).as("file %d: %s", i, found.damage()).isFalse();
        continue;
      }
      // Spark takes its time for each.
      if (i % 20 != 0 && !(footerIsWhole && same < 15)) {
        continue;
      }
      read++;
      same += footerIsWhole ? 1 : 0;
      try {
        List<String> rows = rows(path);
        assertThat(rows).as("file %d", i).hasSize((int) found.rows());
        if (footerIsWhole) {
          // Pages have checksums; what has none, such as the first bytes, is of no row.
          assertThat(rows).as("file %d", i).isEqualTo(whole);
        }
      } catch (RunException e) {
        assertThat(e.kind()).isEqualTo(RunException.Kind.INPUT);
      } catch (Exception e) {
        RunException told = InputReader.problem(e);
        assertThat(told).as("file %d: %s", i, e).isNotNull();
        assertThat(told.getMessage()).contains("d%d.parquet: it is damaged".formatted(i % 50));
      }
    }
    assertThat(read).isPositive();
    assertThat(same).isPositive();
  }

  private static List<String> rows(Path path) {
    return InputReader.read(spark, settings(path), GenerationSettings.of("p", "q"))
        .collectAsList()
        .stream()
        .map(Row::toString)
        .toList();
  }

  @Test
  void aDamagedFooterAsksForNoMemory() throws IOException {
    int footer = ByteBuffer.wrap(parquet).order(ByteOrder.LITTLE_ENDIAN).getInt(parquet.length - 8);
    int data = parquet.length - 8 - footer;
    int told = 0;
    for (int at = data; at < parquet.length - 8; at++) {
      byte[] bytes = parquet.clone();
      // As a length it goes on in the next bytes, and is a large one.
      bytes[at] = (byte) 0xff;
      Path path = Files.write(folder.resolve("f.parquet"), bytes);
      ParquetFooter found =
          ParquetFooter.of(new InputFile(path.toUri() + "", bytes.length, 0, Map.of()), HADOOP);
      told += found.damage() == null ? 0 : 1;
    }
    assertThat(told).isGreaterThan(footer / 10);
    // A list of two thousand million elements, in the field of the schema.
    byte[] list = {0x15, 0x02, 0x19, (byte) 0xfc, -1, -1, -1, -1, 7};
    assertThatThrownBy(() -> ThriftBytes.requireWhole(list))
        .isInstanceOf(ParquetFooter.DamagedException.class)
        .hasMessageContaining("its footer names 2147483647 bytes or more behind byte 9 of 9");
  }

  @Test
  void aFailureOfTheStorageIsNoDamage() throws IOException {
    Path path = Files.write(folder.resolve("s.parquet"), parquet);
    InputFile file = new InputFile("watched://" + path, parquet.length, 0, Map.of());
    try {
      WatchedFileSystem.readable = 10;
      assertThatThrownBy(() -> ParquetFooter.of(file, WatchedFileSystem.configuration()))
          .isExactlyInstanceOf(IOException.class)
          .hasMessage("Connection reset");
    } finally {
      WatchedFileSystem.readable = Long.MAX_VALUE;
    }
    String reading = "Encountered error while reading file file:///data/a%20b.parquet. Details:";
    assertThat(
            InputReader.problem(
                    new IllegalStateException(
                        "Job aborted",
                        new IllegalStateException(
                            reading, new IOException("Connection reset by peer"))))
                .getMessage())
        .isEqualTo(
            "Cannot read input /data/a b.parquet: Connection reset by peer. Check the file and the access to it.");
    assertThat(
            InputReader.problem(
                    new IllegalStateException(
                        reading,
                        new IOException(
                            "could not read page",
                            new ParquetDecodingException("CRC checksum verification failed"))))
                .getMessage())
        .isEqualTo(
            "Cannot read input /data/a b.parquet: it is damaged (CRC checksum verification failed). Replace it.");
    assertThat(
            InputReader.problem(new IllegalStateException(reading, new OutOfMemoryError("heap"))))
        .isNull();
    assertThat(InputReader.problem(new IllegalStateException(reading, new NoSuchMethodError("m"))))
        .isNull();
  }

  @Test
  void filesOfParquetAreLookedAtOnceBeforeTheirRowsAre() throws IOException {
    Path many = Files.createDirectory(folder.resolve("many"));
    for (int i = 0; i < 40; i++) {
      Files.write(many.resolve(i + ".parquet"), parquet);
    }
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    hadoop.set("fs.watched.impl", WatchedFileSystem.class.getName());
    WatchedFileSystem.REQUESTS.clear();
    GenerationSettings generation = GenerationSettings.of("p", "q");
    Dataset<Row> rows = InputReader.read(spark, settings("watched://" + many), generation);
    rows.queryExecution().executedPlan();
    // The local file system asks for a file's status whenever it opens it, as for its footer.
    assertThat(WatchedFileSystem.REQUESTS)
        .filteredOn(request -> request.endsWith(".parquet"))
        .hasSize(40)
        .doesNotHaveDuplicates();
    long each = InputReader.read(spark, settings(many.resolve("0.parquet")), generation).count();
    assertThat(rows.count()).isEqualTo(40 * each);
  }

  @Test
  void aFileThatIsGoneWhenItsRowsAreNeededIsAChange() throws IOException {
    Path path = Files.write(folder.resolve("gone.parquet"), parquet);
    Dataset<Row> rows = InputReader.read(spark, settings(path), GenerationSettings.of("p", "q"));
    Files.delete(path);
    assertThatThrownBy(rows::collectAsList)
        .satisfies(
            e ->
                assertThat(InputReader.problem(e))
                    .hasMessageStartingWith("Cannot read input: it changed while it was read: ")
                    .hasMessageContaining("gone.parquet"));
  }
}
