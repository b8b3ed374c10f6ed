package io.foresight.jobs.input;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.input.files.Locations;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.Foresight;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import io.foresight.spark.run.Identified;
import io.foresight.spark.run.RunException;
import io.foresight.spark.run.RunRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that people have, and what their rows are: what the file says, or told. */
class ReadingTest {

  private static SparkSession spark;

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.session.timeZone", "America/New_York")
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static JobSettings bind(List<String> paths, String... overrides) {
    return JobSettings.bind(
        "generate",
        SettingsReader.layered(
            List.of(),
            List.of(overrides),
            ConfigFactory.empty().withValue("input.path", ConfigValueFactory.fromIterable(paths))));
  }

  private static String id(Dataset<Row> rows, String column) {
    return Identified.rows(rows, column).head().getAs(HiddenColumns.ID);
  }

  private static Dataset<Row> read(Path path, String... overrides) {
    return read(List.of(path.toString()), overrides);
  }

  private static Dataset<Row> read(List<String> paths, String... overrides) {
    JobSettings settings = bind(paths, overrides);
    return InputReader.read(spark, settings.reading(), settings.generation());
  }

  private Path file(String name, String... lines) throws IOException {
    return bytes(name, (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private Path bytes(String name, byte[] content) throws IOException {
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.write(path, content);
  }

  private static String error(Row row) {
    return row.getAs(HiddenColumns.INPUT_ERROR);
  }

  private static List<String> column(Dataset<Row> rows, String name) {
    return rows.collectAsList().stream()
        .map(row -> String.valueOf(row.<Object>getAs(name)))
        .toList();
  }

  private static void assertRefused(String message, Path path, String... overrides) {
    assertThatThrownBy(() -> read(path, overrides).collectAsList())
        .isInstanceOf(RunException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(((RunException) e).kind()).isEqualTo(RunException.Kind.INPUT));
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream zipped = new GZIPOutputStream(bytes)) {
      zipped.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static String row(Object id) {
    return "{\"id\": %s, \"concepts\": [\"dog\"]}".formatted(id);
  }

  @Test
  void idsKeepTheirSpelling() throws IOException {
    List<String> spelled =
        List.of(
            "1",
            "2.5",
            "0.10",
            "9007199254740993",
            "1e3",
            "-0",
            "123456789012345678901234567890",
            "0.1000000000000000055511151231257827",
            "true",
            "1E400");
    Path path = file("ids.jsonl", spelled.stream().map(ReadingTest::row).toArray(String[]::new));
    assertThat(column(read(path), "id")).containsExactlyElementsOf(spelled);
    assertThat(column(read(path), HiddenColumns.INPUT_ERROR)).containsOnly("null");
  }

  @Test
  void promptsAreWhatTheFileSays() throws IOException {
    Path path =
        file(
            "prompts.jsonl",
            "{\"id\": 1, \"p\": 123}",
            "{\"id\": 2, \"p\": 45.5}",
            "{\"id\": 3, \"p\": 0.10}",
            "{\"id\": 4, \"p\": [\"a\", \"b\"]}",
            "{\"id\": 5, \"p\": {\"role\": \"user\", \"content\": 1.0}}",
            "{\"id\": 6, \"p\": true}",
            "{\"id\": 7, \"p\": \"  text \"}",
            "{\"id\": 8, \"p\": null}",
            "{\"id\": 9, \"p\": [[1], [2.50]]}",
            "{\"id\": 10, \"p\": [{\"role\": \"system\"}, \"x\"]}",
            "{\"id\": 11, \"p\": [\"a\", null]}");
    assertThat(column(read(path, "prompt.column=p"), "p"))
        .containsExactly(
            "123",
            "45.5",
            "0.10",
            "a b",
            "{\"role\":\"user\",\"content\":1.0}",
            "true",
            "  text ",
            "null",
            "[[1],[2.50]]",
            "[{\"role\":\"system\"},\"x\"]",
            "null");
    // A list that lacks a text is as wrong among other values as in a column of lists.
    Path lists =
        file("lists.jsonl", "{\"id\": 1, \"p\": [\"a\", null]}", "{\"id\": 2, \"p\": [\"b\"]}");
    for (Path either : List.of(path, lists)) {
      assertThat(column(read(either, "prompt.column=p"), HiddenColumns.INPUT_ERROR))
          .filteredOn(error -> !error.equals("null"))
          .singleElement()
          .asString()
          .contains(
              "column p holds a list with null in it. Give a text or a list of texts without");
      assertRefused("holds a list with null", either, "prompt.column=p", "input.malformed=fail");
    }
  }

  @Test
  void aRowThatIsWrongIsWrongAlone() throws IOException {
    String good = row("\"a\"");
    List<String> bad =
        List.of(
            "{\"id\": ",
            "{\"id\": \"x\"} {}",
            "[1, 2]",
            "\"text\"",
            "{\"id\": 1, \"id\": 2}",
            "{\"id\": \"\\ud800\"}",
            "{'id': 1}",
            "{\"id\": 01}",
            "{\"id\": NaN}",
            "{\"id\": 1,}",
            "{\"id\": \"a\tb\"}",
            "nonsense",
            "{\"a\": %s}".formatted("[".repeat(1500)),
            "{\"id\": 1} // a comment");
    List<String> lines = new ArrayList<>(List.of(good));
    lines.addAll(bad);
    lines.add("");
    lines.add(good.replace("\"a\"", "\"b\""));
    Path path = file("bad.jsonl", lines.toArray(String[]::new));
    List<Row> rows = read(path).collectAsList();
    assertThat(rows).hasSize(bad.size() + 2);
    assertThat(error(rows.get(0))).isNull();
    assertThat(error(rows.get(rows.size() - 1))).isNull();
    for (int i = 0; i < bad.size(); i++) {
      String shown = bad.get(i).length() > 1500 ? "[[[..." : bad.get(i);
      assertThat(error(rows.get(i + 1)))
          .startsWith("Cannot read line %d of %s: ".formatted(i + 2, path))
          .endsWith(shown)
          .hasSizeLessThan(2000);
      assertThat(rows.get(i + 1).<String>getAs("id")).isNull();
    }
    assertRefused("Cannot read line 2 of " + path, path, "input.malformed=fail");
    assertThat(InputReader.countWithUniqueIds(read(path), "id")).isEqualTo(rows.size());
  }

  @Test
  void aValueOfAnotherTypeIsItsRowsError() throws IOException {
    List<String> wrong =
        List.of("\"dog\"", "7", "true", "{\"a\": 1}", "[[\"dog\"]]", "[{\"a\": 1}]");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < wrong.size(); i++) {
      lines.add("{\"id\": %d, \"concepts\": %s, \"n\": %d}".formatted(i, wrong.get(i), i));
    }
    lines.add("{\"id\": 10, \"concepts\": [\"dog\", 7], \"forms\": [[\"dogs\"], []], \"n\": 1}");
    lines.add("{\"id\": 11, \"concepts\": [], \"forms\": [], \"n\": null}");
    lines.add("{\"id\": 12, \"concepts\": null, \"forms\": [null], \"n\": 1}");
    lines.add("{\"id\": 13, \"concepts\": [\"a\"], \"forms\": [\"a\"], \"n\": 1}");
    lines.add("{\"id\": {\"x\": 1}, \"concepts\": [\"a\"], \"n\": 1}");
    lines.add("{\"id\": [1], \"concepts\": [\"a\"], \"n\": 1}");
    List<Row> rows = read(file("types.jsonl", lines.toArray(String[]::new))).collectAsList();
    for (int i = 0; i < wrong.size(); i++) {
      assertThat(error(rows.get(i))).contains("column concepts holds ", "Give a list of texts");
      assertThat(rows.get(i).<Object>getAs("concepts")).isNull();
      assertThat(rows.get(i).<Object>getAs("n")).isEqualTo((long) i);
      assertThat(rows.get(i).<Object>getAs("id")).isEqualTo("" + i);
    }
    assertThat(rows.get(6).<String>getList(rows.get(6).fieldIndex("concepts")))
        .containsExactly("dog", "7");
    assertThat(rows.subList(6, 9)).allSatisfy(row -> assertThat(error(row)).isNull());
    assertThat(error(rows.get(9))).contains("column forms holds a list of other things than lists");
    assertThat(error(rows.get(10))).contains("column id holds an object. Give a text or a number");
    assertThat(error(rows.get(11))).contains("column id holds a list");
    Path counts =
        file(
            "counts.jsonl",
            "{\"id\": 1, \"concepts\": [\"a\"], \"most\": 3}",
            "{\"id\": 2, \"concepts\": [\"a\"], \"most\": \"4\"}",
            "{\"id\": 3, \"concepts\": [\"a\"], \"most\": 2.5}");
    String[] length = {
      "reward.use=short", "rewards.short.type=length", "rewards.short.at-most-column=most"
    };
    assertThat(column(read(counts, length), "most")).containsExactly("3", "4", "null");
    assertRefused("column most holds a number", counts, with(length, "input.malformed=fail"));
  }

  private static String[] with(String[] some, String one) {
    String[] all = Arrays.copyOf(some, some.length + 1);
    all[some.length] = one;
    return all;
  }

  @Test
  void columnsThatNoSettingNamesLoseNothing() throws IOException {
    Path path =
        file(
            "others.jsonl",
            "{\"a\": 1, \"b\": 9007199254740993, \"c\": 1, \"d\": \"x\", \"e\": [1], \"f\": {\"k\": 1}, \"g\": [], \"h\": {}}",
            "{\"a\": 2, \"b\": 0.5, \"c\": 2.5, \"d\": 0.10, \"e\": \"y\", \"f\": {\"l\": [true]}, \"g\": [], \"h\": {}}");
    Dataset<Row> rows = read(path, "input.columns.id=");
    assertThat(rows.schema().simpleString())
        .isEqualTo(
            "struct<a:bigint,b:string,c:double,d:string,e:string,f:struct<k:bigint,l:array<boolean>>,g:array<string>,h:string,_foresight_error:string>");
    assertThat(column(rows, "b")).containsExactly("9007199254740993", "0.5");
    assertThat(column(rows, "d")).containsExactly("x", "0.10");
    assertThat(column(rows, "e")).containsExactly("[1]", "y");
    assertThat(rows.collectAsList()).extracting(ReadingTest::error).containsOnlyNulls();
  }

  @Test
  void textThatIsNotInItsEncodingIsTold() throws IOException {
    byte[] latin = (row("\"caf\u00e9\"") + "\n").getBytes(StandardCharsets.ISO_8859_1);
    ByteArrayOutputStream mixed = new ByteArrayOutputStream();
    mixed.writeBytes((row("\"caf\u00e9\"") + "\n").getBytes(StandardCharsets.UTF_8));
    mixed.writeBytes(latin);
    Path path = bytes("mixed.jsonl", mixed.toByteArray());
    List<Row> rows = read(path).collectAsList();
    assertThat(rows.get(0).<String>getAs("id")).isEqualTo("caf\u00e9");
    assertThat(error(rows.get(1)))
        .contains("line 2 of " + path + ": it is not in UTF-8: byte 12 is 0xE9", "caf\\xE9");
    assertRefused("it is not in UTF-8", path, "input.malformed=fail");
    for (String encoding : List.of("ISO-8859-1", "windows-1252", "UTF-16", "UTF-16LE", "UTF-32")) {
      Path other =
          bytes(
              encoding + ".jsonl",
              (row("\"caf\u00e9\"") + "\r\n" + row("2")).getBytes(Charset.forName(encoding)));
      assertThat(column(read(other, "input.encoding=" + encoding), "id"))
          .as(encoding)
          .containsExactly("caf\u00e9", "2");
    }
    Path csv =
        bytes(
            "l.csv",
            "id,concepts,note\n1,dog,caf\u00e9\n2,\u00e9,x\n"
                .getBytes(StandardCharsets.ISO_8859_1));
    List<Row> records = read(csv).collectAsList();
    assertThat(error(records.get(0))).contains("column note: it is not in UTF-8: byte 4 is 0xE9");
    assertThat(records.get(0).<String>getAs("id")).isEqualTo("1");
    assertThat(error(records.get(1))).contains("column concepts");
    assertThat(records.get(1).<String>getAs("note")).isEqualTo("x");
    assertThat(column(read(csv, "input.encoding=latin1"), "note"))
        .containsExactly("caf\u00e9", "x");
    Path marked =
        bytes(
            "bom.jsonl",
            ("\ufeff" + row(1) + "\n\ufeff" + row(2)).getBytes(StandardCharsets.UTF_8));
    assertThat(column(read(marked), "id")).containsExactly("1", "2");
    Path markedCsv =
        bytes("bom.csv", "\ufeff\"id\",concepts\r1,dog\r".getBytes(StandardCharsets.UTF_8));
    assertThat(column(read(markedCsv), "id")).containsExactly("1");
    assertThat(
            error(
                read(
                        bytes(
                            "cut.jsonl",
                            (row(1) + "\n" + row(2) + "\n" + "x")
                                .getBytes(StandardCharsets.UTF_16)),
                        "input.encoding=UTF-16")
                    .collectAsList()
                    .get(2)))
        .contains("line 3");
  }

  @Test
  void aLineThatIsNotInItsEncodingIsWrongAlone() throws IOException {
    Map<String, String> texts =
        Map.of(
            "Shift_JIS", "\u8868\u793a \u30bd|\u80fd",
            "GBK", "\u8baf\u901a \u4e02",
            "GB18030", "\u8baf\u901a \ud83d\ude00",
            "Big5", "\u529f\u8a31",
            "ISO-2022-JP", "\u3042\u3044 \u4e00\u4e8c\u4e09",
            "EUC-KR", "\ud55c\uad6d\uc5b4",
            "UTF-16BE", "\u0a0d\u0d0a \u220a",
            "UTF-16", "\u0a0d \ud83d\ude00",
            "UTF-32LE", "\u0a0d \ud83d\ude00",
            "IBM037", "caf\u00e9");
    for (Map.Entry<String, String> text : texts.entrySet()) {
      String encoding = text.getKey();
      Charset charset = Charset.forName(encoding);
      String of = text.getValue();
      String encoded = "input.encoding=" + encoding;
      StringBuilder many = new StringBuilder();
      IntStream.range(0, 3000).forEach(i -> many.append(row("\"" + of + i + "\"")).append("\n"));
      Path path = bytes(encoding + "-all.jsonl", many.toString().getBytes(charset));
      assertThat(column(read(path, encoded), "id"))
          .as(encoding)
          .isEqualTo(IntStream.range(0, 3000).mapToObj(i -> of + i).toList());
      Path csv =
          bytes(
              encoding + ".csv",
              "id|concepts|note\n1|dog|\"%s\"\n2|dog|%s\n"
                  .formatted(of, of.replace("|", ""))
                  .getBytes(charset));
      assertThat(column(read(csv, encoded, "input.delimiter=|"), "note"))
          .as(encoding)
          .containsExactly(of, of.replace("|", ""));
    }
    // Bytes of no character, in the middle of a file.
    Map<String, byte[]> wrong =
        Map.of(
            "Shift_JIS", new byte[] {(byte) 0xa0},
            "GBK", new byte[] {(byte) 0xff},
            "UTF-16BE", new byte[] {(byte) 0xdc, 0x00},
            "UTF-32BE", new byte[] {0x7f, 0, 0, 0});
    for (Map.Entry<String, byte[]> bad : wrong.entrySet()) {
      Charset charset = Charset.forName(bad.getKey());
      String[] line = row("\"x\"").split("x");
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < 2000; i++) {
        all.writeBytes((line[0] + i).getBytes(charset));
        all.writeBytes(i == 1000 ? bad.getValue() : new byte[0]);
        all.writeBytes((line[1] + "\n").getBytes(charset));
      }
      Path path = bytes(bad.getKey() + "-bad.jsonl", all.toByteArray());
      List<Row> rows = read(path, "input.encoding=" + bad.getKey()).collectAsList();
      assertThat(rows).as(bad.getKey()).hasSize(2000);
      for (int i = 0; i < 2000; i++) {
        if (i == 1000) {
          assertThat(error(rows.get(i)))
              .contains("Cannot read line 1001 of ", "it is not in " + charset.name())
              .contains("its character 13 is none");
        } else {
          assertThat(error(rows.get(i))).isNull();
          assertThat(rows.get(i).<String>getAs("id")).isEqualTo("" + i);
        }
      }
    }
  }

  @Test
  void columnsOfCsvAreInTheOrderOfTheFirstHeader() throws IOException {
    for (int f = 0; f < 40; f++) {
      file(
          "order/%02d.csv".formatted(f),
          f == 0 ? "z,id,concepts" : f % 2 == 0 ? "a%d,concepts,id,z".formatted(f) : "id,m,z",
          f == 0 ? "1,2,3" : f % 2 == 0 ? "1,2,3,4" : "1,2,3");
    }
    String[] names = read(folder.resolve("order")).columns();
    assertThat(names)
        .startsWith("z", "id", "concepts", "m", "a2", "a4")
        .endsWith("a38", HiddenColumns.INPUT_ERROR);
  }

  @Test
  void aColumnOfCountsIsKnownByAllItsRows() throws IOException {
    String[] length = {
      "reward.use=short", "rewards.short.type=length", "rewards.short.at-most-column=most"
    };
    Path csv = file("counts.csv", "id,concepts,most", "1,dog,n/a", "2,dog,7", "3,dog,");
    Dataset<Row> rows = read(csv, length);
    assertThat(rows.schema().apply("most").dataType()).isEqualTo(DataTypes.LongType);
    assertThat(column(rows, "most")).containsExactly("null", "7", "null");
    assertThat(column(rows, HiddenColumns.INPUT_ERROR).get(0))
        .contains("column most holds a text. Give a whole number");
  }

  @Test
  void aLongTextIsReadAsFarAsItsLineIs() throws IOException {
    String text = "x".repeat(21_000_000);
    assertThat(column(read(file("long.jsonl", row("\"" + text + "\""))), "id"))
        .singleElement()
        .isEqualTo(text);
    Path deep = file("deep.jsonl", row(1), "{\"id\": 2, \"x\": " + "[".repeat(1500));
    assertThat(error(read(deep).collectAsList().get(1)))
        .contains("it is more than can be read: Depth (1001) exceeds");
  }

  @Test
  void csvIsTakenByItsHeaders() throws IOException {
    file("csv/a.csv", "id,concepts,note", "1,dog run,first");
    file("csv/b.csv", "concepts,note,id", "cat sit,second,2");
    file("csv/c.csv", "id,more", "3,\"x,\"\"y\"\"", " z\"");
    file("csv/d.csv", "");
    List<Row> rows = read(folder.resolve("csv")).collectAsList();
    assertThat(rows).extracting(row -> row.getAs("id")).containsExactly("1", "2", "3");
    assertThat(rows).extracting(row -> row.getAs("note")).containsExactly("first", "second", null);
    assertThat(rows.get(2).<String>getAs("more")).isEqualTo("x,\"y\"\n z");
    assertThat(rows.get(1).<String>getList(rows.get(1).fieldIndex("concepts")))
        .containsExactly("cat", "sit");
    assertThat(rows).extracting(ReadingTest::error).containsOnlyNulls();
    Path wrong =
        file(
            "wrong.csv",
            "id,concepts,text",
            "1,dog,\"A dog.",
            "2,cat,A cat.",
            "3,cat",
            "4,cat,a,b",
            "5,cat,\"a\"b",
            "6,cat,\"\"",
            "7,,",
            "",
            "8,dog,say \"hi\"",
            "9,dog,\"never closed");
    List<Row> told = read(wrong).collectAsList();
    assertThat(told).hasSize(9);
    assertThat(error(told.get(0))).contains("line 2", "a quote is neither doubled nor at the end");
    assertThat(error(told.get(1))).isNull();
    assertThat(error(told.get(2))).contains("line 4", "it has 2 fields, and the header has 3");
    assertThat(error(told.get(3))).contains("it has 4 fields");
    assertThat(error(told.get(4))).contains("a quote is neither");
    assertThat(told.get(5).<String>getAs("text")).isEmpty();
    assertThat(told.get(6).isNullAt(1)).isTrue();
    assertThat(told.get(6).isNullAt(2)).isTrue();
    assertThat(told.get(7).<String>getAs("text")).isEqualTo("say \"hi\"");
    assertThat(error(told.get(8))).contains("line 11", "its quote is not closed");
    assertRefused("line 2 of " + wrong, wrong, "input.malformed=fail");
    Path tabs = file("tabs.csv", "id\tconcepts", "1\tdog,run");
    assertThat(column(read(tabs, "input.delimiter=\\t"), "id")).containsExactly("1");
    assertThat(column(read(file("semi.csv", "id;concepts", "1;dog"), "input.delimiter=;"), "id"))
        .containsExactly("1");
    assertRefused("it names column ID twice", file("twice.csv", "id,ID", "1,2"));
    file("cases/a.csv", "id,concepts", "1,dog");
    file("cases/b.csv", "ID,concepts", "2,dog");
    assertRefused("differ", folder.resolve("cases"));
  }

  @Test
  void aFirstLineMayNameTheDelimiter() throws IOException {
    for (String first : List.of("sep=;", "SEP=;", "\"sep=;\"", "\ufeffsep=;", "sep=;\r")) {
      Path path = file("named.csv", first, "id;concepts;note", "1;dog;a,b", "2;cat");
      Dataset<Row> rows = read(path);
      assertThat(column(rows, "note")).as(first).containsExactly("a,b", "null");
      assertThat(error(rows.collectAsList().get(1))).contains("line 4", "it has 2 fields");
    }
    Path tabs = file("tab.csv", "sep=\t", "id\tconcepts", "1\tdog");
    assertThat(column(read(tabs, "input.delimiter=;"), "id")).containsExactly("1");
    // Each file has its own.
    file("own/a.csv", "sep=|", "id|concepts", "1|dog");
    file("own/b.csv", "id,concepts", "2,dog");
    assertThat(column(read(folder.resolve("own")), "id")).containsExactly("1", "2");
    assertThat(read(file("no.csv", "id,concepts,sep=;", "1,dog,x")).columns()).contains("sep=;");
    assertThat(column(read(file("later.csv", "id,concepts", "sep=;,dog")), "id"))
        .containsExactly("sep=;");
  }

  @Test
  void theEndOfAFileOfDosIsNoRow() throws IOException {
    byte[] csv = "id,concepts\r\n1,dog\r\n\u001a".getBytes(StandardCharsets.UTF_8);
    byte[] jsonl = (row(1) + "\r\n\u001a\u001a\u001a").getBytes(StandardCharsets.UTF_8);
    for (Path path : List.of(bytes("dos.csv", csv), bytes("dos.jsonl", jsonl))) {
      Dataset<Row> rows = read(path);
      assertThat(column(rows, "id")).containsExactly("1");
      assertThat(column(rows, HiddenColumns.INPUT_ERROR)).containsExactly("null");
    }
    // Elsewhere it is a character like others.
    Path within = bytes("within.csv", "id,concepts\n\u001a,dog\n".getBytes(StandardCharsets.UTF_8));
    assertThat(column(read(within), "id")).containsExactly("\u001a");
  }

  @Test
  void namesAreNoPatternsWhereTheyExist() throws IOException {
    file("p1.jsonl", row("\"other\""));
    for (String name :
        List.of(
            "p[1].jsonl",
            "a{b,c}.jsonl",
            "q?.jsonl",
            "s*.jsonl",
            "sp ace%20.jsonl",
            "h#a.jsonl",
            "\u00fc.jsonl")) {
      assertThat(column(read(file(name, row("\"mine\""))), "id")).as(name).containsExactly("mine");
    }
    Path parquet = folder.resolve("p[2].parquet");
    spark.read().json(file("x.json", row(5)).toString()).write().parquet(parquet.toString());
    assertThat(column(read(parquet), "id")).containsExactly("5");
    assertThat(column(read(Path.of(folder + "/p[12].jsonl")), "id")).containsExactly("other");
    file("day-1.jsonl", row(1));
    file("day-2.jsonl", row(2));
    assertThat(column(read(Path.of(folder + "/day-*.jsonl")), "id")).containsExactly("1", "2");
    assertThat(column(read(Path.of(folder + "/day-{1,2}.jsonl")), "id")).containsExactly("1", "2");
    assertThat(
            column(
                read(
                    List.of(
                        folder + "/day-2.jsonl", folder + "/day-*.jsonl", folder + "/p1.jsonl")),
                "id"))
        .containsExactly("2", "1", "other");
    assertRefused("none that the pattern matches", Path.of(folder + "/none-*.jsonl"));
    assertRefused("no such file or folder. Give", folder.resolve("none.jsonl"));
  }

  @Test
  void whatIsNoDataIsSkippedAndNamed() throws IOException {
    file("in/a.jsonl", row(1));
    file("in/b.ndjson", row(2));
    file("in/c.JSON", row(3));
    bytes("in/d.jsonl.gz", gzip(row(4)));
    file("in/README.md", "# About");
    file("in/.hidden.jsonl", "x");
    file("in/_meta.jsonl", "x");
    file("in/_SUCCESS", "");
    file("in/deep/_x=1/e.jsonl", row(5));
    file("in/notes.txt", "x");
    PrintStream err = System.err;
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    try {
      System.setErr(new PrintStream(told, true, StandardCharsets.UTF_8));
      assertThat(column(read(folder.resolve("in")), "id")).containsExactly("1", "2", "3", "4", "5");
    } finally {
      System.setErr(err);
    }
    assertThat(told.toString(StandardCharsets.UTF_8).lines())
        .anyMatch(
            l ->
                l.equals(
                    "Skipped 2 files beside the data, not jsonl by name: README.md, notes.txt"));
    file("two/a.jsonl", row(1));
    file("two/b.csv", "id,concepts", "2,dog");
    assertRefused("files of several formats", folder.resolve("two"));
    assertThat(column(read(folder.resolve("two"), "input.format=csv"), "id")).containsExactly("2");
    assertThat(column(read(file("nameless", row(7))), "id")).containsExactly("7");
    file("plain/part-0", row(8));
    assertThat(column(read(folder.resolve("plain"), "input.format=jsonl"), "id"))
        .containsExactly("8");
    assertRefused("no file that is data by its name", folder.resolve("plain"));
    assertRefused("neither its name nor its first bytes", file("odd", "odd"));
    assertRefused("no file that is data", Files.createDirectory(folder.resolve("empty")));
    assertRefused(
        "none of its rows is one", file("array.json", "[", "{\"id\": 1}", "]"), "input.limit=1");
  }

  @Test
  void compressedTextIsRead() throws IOException {
    String text = row(1) + "\n" + row(2) + "\n";
    bytes("z/a.jsonl.gz", gzip(text));
    assertThat(column(read(folder.resolve("z/a.jsonl.gz")), "id")).containsExactly("1", "2");
    ByteArrayOutputStream zstd = new ByteArrayOutputStream();
    try (OutputStream out = new com.github.luben.zstd.ZstdOutputStream(zstd)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    assertThat(column(read(bytes("b.jsonl.zst", zstd.toByteArray())), "id"))
        .containsExactly("1", "2");
    ByteArrayOutputStream lz4 = new ByteArrayOutputStream();
    try (OutputStream out = new net.jpountz.lz4.LZ4FrameOutputStream(lz4)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    assertThat(column(read(bytes("c.jsonl.lz4", lz4.toByteArray())), "id"))
        .containsExactly("1", "2");
    for (String codec : List.of("bzip2", "lz4", "snappy", "deflate")) {
      Path out = folder.resolve(codec);
      spark
          .read()
          .text(file("t.txt", row(1), row(2)).toString())
          .coalesce(1)
          .write()
          .option("compression", codec)
          .text(out.toString());
      Path part;
      try (var parts = Files.list(out)) {
        part =
            parts
                .filter(p -> p.getFileName().toString().startsWith("part"))
                .findFirst()
                .orElseThrow();
      }
      String name = part.getFileName().toString();
      Path renamed =
          Files.move(
              part, folder.resolve(codec + ".jsonl" + name.substring(name.lastIndexOf('.'))));
      assertThat(column(read(renamed), "id")).as(codec).containsExactly("1", "2");
    }
    byte[] whole =
        gzip(
            IntStream.range(0, 20000)
                .mapToObj(i -> row(i * 7919))
                .reduce("", (a, b) -> a.length() > 100_000 ? a : a + b + "\n"));
    Path cut = bytes("cut.jsonl.gz", Arrays.copyOf(whole, whole.length / 2));
    List<Row> rows = read(cut).collectAsList();
    assertThat(rows.size()).isGreaterThan(10);
    assertThat(error(rows.get(rows.size() - 1)))
        .contains("from there on the file cannot be unpacked");
    assertThat(rows.subList(0, rows.size() - 2)).extracting(ReadingTest::error).containsOnlyNulls();
    assertRefused("none of its rows is one", bytes("no.jsonl.gz", new byte[] {1, 2, 3}));
  }

  @Test
  void foldersNamesAreTexts() throws IOException {
    file("zip/zip=01234/a.jsonl", row(1));
    file("zip/zip=a%2Fb/a.jsonl", row(2));
    file("zip/zip=__HIVE_DEFAULT_PARTITION__/a.jsonl", "{");
    file("zip/b.jsonl", row(3));
    assertThat(column(read(folder.resolve("zip")), "zip"))
        .containsExactly("null", "01234", "null", "a/b");
    Path parquet = folder.resolve("parts");
    spark
        .read()
        .json(
            file(
                    "j.json",
                    "{\"id\": 1, \"concepts\": [\"a\"], \"k\": \"007\"}",
                    "{\"id\": 2, \"concepts\": [\"a\"], \"k\": \"a b\"}")
                .toString())
        .write()
        .partitionBy("k")
        .parquet(parquet.toString());
    assertThat(read(parquet).collectAsList())
        .extracting(row -> row.getAs("id") + "=" + row.getAs("k"))
        .containsExactlyInAnyOrder("1=007", "2=a b");
  }

  @Test
  void theFirstRowsAreThoseOfTheFiles() throws IOException {
    for (int f = 0; f < 5; f++) {
      int from = f * 10;
      file(
          "first/%d.jsonl".formatted(f),
          IntStream.range(from, from + 10).mapToObj(ReadingTest::row).toArray(String[]::new));
    }
    // What is behind the rows that are wanted is not read.
    bytes("first/9.jsonl", "{\"id\": ".getBytes(StandardCharsets.UTF_8));
    List<String> expected = IntStream.range(0, 23).mapToObj(String::valueOf).toList();
    assertThat(
            column(read(folder.resolve("first"), "input.limit=23", "input.malformed=fail"), "id"))
        .isEqualTo(expected);
    assertThat(read(folder.resolve("first"), "input.limit=1000").count()).isEqualTo(51);
    for (int f = 0; f < 3; f++) {
      int from = f * 10;
      spark
          .range(from, from + 10, 1, 1)
          .selectExpr(f == 1 ? "cast(id as int) id" : "id", "array('a') concepts")
          .write()
          .parquet(folder.resolve("pq/%d.parquet".formatted(f)).toString());
    }
    assertThat(column(read(folder.resolve("pq"), "input.limit=23"), "id"))
        .containsExactlyInAnyOrderElementsOf(expected);
    assertThat(column(read(folder.resolve("pq"), "input.limit=20"), "id"))
        .containsExactlyInAnyOrderElementsOf(expected.subList(0, 20));
    // Nor what is behind them in the files that are looked at together.
    bytes("first/4.jsonl", "{\"id\": ".getBytes(StandardCharsets.UTF_8));
    assertThat(
            column(read(folder.resolve("first"), "input.limit=23", "input.malformed=fail"), "id"))
        .isEqualTo(expected);
    file("in-one.jsonl", row(0), row(1), "{", row(3));
    assertThat(
            read(folder.resolve("in-one.jsonl"), "input.limit=2", "input.malformed=fail").count())
        .isEqualTo(2);
    assertRefused(
        "line 3", folder.resolve("in-one.jsonl"), "input.limit=3", "input.malformed=fail");
    assertThat(read(folder.resolve("pq")).count()).isEqualTo(30);
    Path csv = file("many.csv", "id,concepts", "1,a", "2,\"", "3,a", "4,a");
    assertThat(read(csv, "input.limit=3").count()).isEqualTo(3);
  }

  @Test
  void aFileInPartsIsTheSameFile() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      text.append(i % 50 == 7 ? "bad " + i : row(i))
          .append(i % 3 == 0 ? "\r\n" : i % 3 == 1 ? "\n" : "\r");
    }
    Path path = bytes("parts.jsonl", text.toString().getBytes(StandardCharsets.UTF_8));
    List<String> whole = column(read(path), "id");
    assertThat(whole).hasSize(500);
    String before = spark.conf().get("spark.sql.files.maxPartitionBytes");
    try {
      for (int size : new int[] {899, 900, 901}) {
        spark.conf().set("spark.sql.files.maxPartitionBytes", String.valueOf(size));
        Dataset<Row> rows = read(path);
        assertThat(column(rows, "id")).as("%d", size).isEqualTo(whole);
        List<String> errors =
            column(rows, HiddenColumns.INPUT_ERROR).stream()
                .filter(e -> !e.equals("null"))
                .toList();
        assertThat(errors).hasSize(10).doesNotHaveDuplicates();
        assertThat(errors.get(9)).contains("the line that begins at byte ", "It says: bad 457");
      }
      assertThat(column(read(path, "input.limit=77"), "id")).isEqualTo(whole.subList(0, 77));
    } finally {
      spark.conf().set("spark.sql.files.maxPartitionBytes", before);
    }
  }

  private Path parquet(String name, String message, Object... values) throws IOException {
    MessageType schema = MessageTypeParser.parseMessageType(message);
    Path path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    try (ParquetWriter<Group> writer =
        ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(path.toString()))
            .withType(schema)
            .withConf(new Configuration())
            .build()) {
      Group group = new SimpleGroupFactory(schema).newGroup();
      for (int i = 0; i < values.length; i++) {
        String field = schema.getFieldName(i);
        if (values[i] instanceof Long number) {
          group.append(field, number);
        } else if (values[i] instanceof Integer number) {
          group.append(field, number);
        } else if (values[i] instanceof byte[] binary) {
          group.append(field, Binary.fromConstantByteArray(binary));
        } else if (values[i] instanceof Double number) {
          group.append(field, number);
        } else {
          group.append(field, values[i].toString());
        }
      }
      writer.write(group);
    }
    return path;
  }

  @Test
  void parquetFilesMayDiffer() throws IOException {
    parquet(
        "d/a.parquet",
        "message m { required int32 id; required binary note (UTF8); required double x; }",
        1,
        "n",
        0.5);
    parquet(
        "d/b.parquet",
        "message m { required int64 id; required int32 more; required int32 x; }",
        1L << 40,
        7,
        3);
    parquet("d/c.parquet", "message m { required int64 id; required int64 more; }", 3L, 9L);
    Dataset<Row> rows =
        read(
            folder.resolve("d"),
            "input.columns.concepts=note",
            "prompt.template={id}",
            "reward.use=short",
            "rewards.short.type=length",
            "rewards.short.at-most=3");
    assertThat(rows.schema().simpleString())
        .isEqualTo("struct<id:bigint,note:string,x:double,more:bigint,_foresight_error:string>");
    assertThat(rows.orderBy("id").collectAsList())
        .extracting(Row::toString)
        .containsExactly(
            "[1,n,0.5,null,null]", "[3,null,null,9,null]", "[1099511627776,null,3.0,7,null]");
    parquet("e/a.parquet", "message m { required int64 id; }", 1L);
    parquet("e/b.parquet", "message m { required double id; }", 2.5);
    parquet("e/c.parquet", "message m { required binary id (UTF8); }", "x");
    assertThat(column(read(folder.resolve("e")), "id")).containsExactlyInAnyOrder("1", "2.5", "x");
    parquet("f/a.parquet", "message m { required int64 id; }", 1L);
    parquet("f/b.parquet", "message m { required binary id; }", new byte[] {1});
    assertRefused(
        "column id is bigint in " + folder.resolve("f/a.parquet") + " and binary in",
        folder.resolve("f"));
    parquet("g/a.parquet", "message m { required int64 id; }", 1L);
    parquet("g/b.parquet", "message m { required int64 ID; }", 1L);
    assertRefused("two columns ID, which differ in case only", folder.resolve("g"));
  }

  @Test
  void timesAndIdsOfParquetAreWhatTheFileSays() throws IOException {
    byte[] uuid = new byte[16];
    Arrays.fill(uuid, (byte) 0xab);
    Path path =
        parquet(
            "t.parquet",
            "message m { required fixed_len_byte_array(16) u (UUID); required int64 n (TIMESTAMP(NANOS,true)); required int64 l (TIMESTAMP(NANOS,false)); required int32 d (DATE); required int64 t (TIMESTAMP(MICROS,true)); required binary b; required int64 w (TIMESTAMP(MICROS,false)); required int32 dec (DECIMAL(9,8)); }",
            uuid,
            1_700_000_000_123_456_789L,
            -1L,
            -719_162,
            -62_135_596_800_000_000L,
            new byte[] {0, (byte) 255},
            0L,
            0);
    Dataset<Row> rows =
        read(
            path,
            "input.columns.id=b",
            "prompt.template={u} {n} {l} {d} {t} {w} {dec}",
            "reward.use=short",
            "rewards.short.type=length",
            "rewards.short.at-most=3");
    assertThat(id(rows, "b")).isEqualTo("00FF");
    assertThat(id(rows, "t")).isEqualTo("{\"t\":\"0001-01-01T00:00:00.000000Z\"}");
    Row row = rows.head();
    Map<String, Object> values = Rows.values(row);
    assertThat(
            new io.foresight.engine.prompt.PromptTemplate("{u} {n} {l} {d} {t} {w} {dec}")
                .render(values))
        .isEqualTo(
            "abababab-abab-abab-abab-abababababab 2023-11-14T22:13:20.123456789Z 1969-12-31T23:59:59.999999999 0001-01-01 0001-01-01T00:00:00Z 1970-01-01T00:00:00 0.00000000");
    assertThatThrownBy(() -> new io.foresight.engine.prompt.PromptTemplate("{b}").render(values))
        .hasMessageContaining("column b is binary");
    // What is read is written again.
    read(
            path,
            "input.columns.id=b",
            "prompt.template={u}",
            "reward.use=short",
            "rewards.short.type=length",
            "rewards.short.at-most=3")
        .write()
        .parquet(folder.resolve("again").toString());
    assertThat(
            InputReader.countWithUniqueIds(
                read(
                    path,
                    "input.columns.id=b",
                    "prompt.template={u}",
                    "reward.use=short",
                    "rewards.short.type=length",
                    "rewards.short.at-most=3"),
                "b"))
        .isEqualTo(1);
  }

  @Test
  void whatParquetCannotGiveIsRefusedByName() throws IOException {
    String uuid = "fixed_len_byte_array(16)";
    Map<String, String> refused =
        Map.of(
            "required group s { required group t { required %s u (UUID); } }".formatted(uuid),
            "its column s.t.u holds UUIDs within a structure",
            "required group l (LIST) { repeated group list { required %s element (UUID); } }"
                .formatted(uuid),
            "its column l.list.element holds UUIDs",
            "repeated %s r (UUID);".formatted(uuid),
            "its column r holds UUIDs",
            "required group s { required int64 n (TIMESTAMP(NANOS,true)); }",
            "its column s.n holds nanoseconds within a structure",
            "optional fixed_len_byte_array(12) i (INTERVAL);",
            "its column i holds intervals",
            "optional int64 t (TIME(MICROS,true));",
            "its column t holds times of day",
            "optional int32 t (TIME(MILLIS,true));",
            "its column t holds times of day");
    int n = 0;
    for (Map.Entry<String, String> entry : refused.entrySet()) {
      Path path = folder.resolve("refused%d.parquet".formatted(n++));
      MessageType schema =
          MessageTypeParser.parseMessageType("message m { " + entry.getKey() + " }");
      ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(path.toString()))
          .withType(schema)
          .withConf(new Configuration())
          .build()
          .close();
      assertRefused("Cannot read input %s: %s".formatted(path, entry.getValue()), path);
    }
    Path spans = folder.resolve("spans.parquet");
    spark
        .sql(
            "select '1' id, array('a') concepts, interval '26' hour h, named_struct('m', interval '14' month) s")
        .write()
        .parquet(spans.toString());
    Row row = read(spans).head();
    assertThat(row.<Object>getAs("h")).isEqualTo(java.time.Duration.ofHours(26));
    assertThat(row.getStruct(row.fieldIndex("s")).get(0)).isEqualTo(java.time.Period.of(1, 2, 0));
    Path own = folder.resolve("own.parquet");
    spark
        .sql("select '1' id, array('a') concepts, 'mine' `_metadata`, 'x' p")
        .write()
        .partitionBy("p")
        .parquet(own.toString());
    Row mine = read(own, "input.limit=1").head();
    assertThat(mine.<String>getAs("_metadata")).isEqualTo("mine");
    assertThat(mine.<String>getAs("p")).isEqualTo("x");
  }

  @Test
  void manyFilesOfParquetArePlannedTogether() {
    Path many = folder.resolve("many");
    spark
        .range(0, 300, 1, 60)
        .selectExpr("id", "array('a') concepts", "'n' note")
        .write()
        .parquet(many.toString());
    Dataset<Row> rows = read(many, "input.limit=299");
    assertThat(rows.count()).isEqualTo(299);
    // The files, and the last one's beginning.
    assertThat(leaves(rows)).isEqualTo(2);
    for (int f = 0; f < 9; f++) {
      spark
          .range(1)
          .selectExpr("id", "array('a') concepts", "'n' n" + f)
          .write()
          .parquet(folder.resolve("different/" + f).toString());
    }
    Dataset<Row> different = read(folder.resolve("different"));
    assertThat(leaves(different)).isEqualTo(9);
    assertThat(different.count()).isEqualTo(9);
  }

  private static int leaves(Dataset<Row> rows) {
    return rows.queryExecution().optimizedPlan().collectLeaves().size();
  }

  @Test
  void damagedParquetIsTold() throws IOException {
    Path good = parquet("q/a.parquet", "message m { required int64 id; }", 1L);
    byte[] bytes = Files.readAllBytes(good);
    bytes("q/b.parquet", Arrays.copyOf(bytes, bytes.length - 20));
    bytes("q/c.parquet", new byte[0]);
    bytes("q/d.parquet", "PAR1 no".getBytes(StandardCharsets.UTF_8));
    List<Row> rows = read(folder.resolve("q")).collectAsList();
    assertThat(rows).hasSize(4);
    assertThat(rows.stream().filter(row -> error(row) != null))
        .hasSize(3)
        .allSatisfy(row -> assertThat(error(row)).contains("it is no whole Parquet file"));
    assertThat(read(folder.resolve("q"), "input.limit=2").count()).isEqualTo(2);
    assertRefused(
        "b.parquet: it is no whole Parquet file", folder.resolve("q"), "input.malformed=fail");
    assertRefused("it is no whole Parquet file", folder.resolve("q/d.parquet"));
    assertRefused("it is no whole Parquet file", file("j.jsonl", row(1)), "input.format=parquet");
  }

  @Test
  void scoringReadsWhatItNeeds() throws IOException {
    Path path =
        file(
            "s.jsonl",
            "{\"id\": {\"a\": 1}, \"concepts\": \"no list\", \"text\": \"A dog.\", \"r\": [\"A dog.\"]}",
            "{\"id\": {\"a\": 2}, \"text\": 42, \"r\": \"x\"}",
            "{\"text\": [1]}");
    JobSettings settings =
        bind(
            List.of(path.toString()),
            "reward.use=like",
            "rewards.like.type=similarity",
            "rewards.like.reference-column=r");
    ScoringSettings scoring =
        new ScoringSettings(
            settings.generation().settings(), "text", settings.generation().rewards());
    Dataset<Row> rows = InputReader.readTexts(spark, settings.reading(), scoring, "id");
    assertThat(rows.schema().simpleString())
        .isEqualTo(
            "struct<concepts:string,id:struct<a:bigint>,r:array<string>,text:string,_foresight_error:string>");
    assertThat(column(rows, "text")).containsExactly("A dog.", "42", "null");
    assertThat(error(rows.collectAsList().get(2)))
        .contains("column text holds a list. Give a text");
  }

  @Test
  void namesThatCannotBeColumnsAreRefused() throws IOException {
    for (String name :
        List.of(
            "_foresight_id",
            "_foresight_error",
            "_FORESIGHT_ID",
            "_foresight_checksum",
            "_foresight_shard",
            "_foresight_other")) {
      assertRefused(
          "it has a column " + name + ", a name of Foresight's own. Rename it",
          file("own.jsonl", "{\"id\": 1, \"concepts\": [\"a\"], \"%s\": 1}".formatted(name)));
    }
    assertRefused("differ in case only", file("case.jsonl", "{\"id\": 1, \"x\": 1, \"X\": 2}"));
    assertRefused("a column without a name", file("none.jsonl", "{\"id\": 1, \"\": 1}"));
    List<Row> rows =
        read(file("few.jsonl", row(1), row(2), "{\"Id\": 3, \"concepts\": [\"a\"]}"))
            .collectAsList();
    assertThat(error(rows.get(2))).contains("column Id differs from id in case only. Rename it");
    assertThat(error(rows.get(1))).isNull();
  }

  @Test
  void namesThatCannotBeColumnsAreRefusedOfDatasetsToo() throws IOException {
    GenerationSettings settings = bind(List.of("any")).generation();
    for (String column : List.of("1 as _foresight_id", "'x' as _Foresight_own")) {
      Dataset<Row> rows = spark.range(1).selectExpr("id", "array('a') concepts", column);
      assertThatThrownBy(() -> Foresight.schema(rows, settings))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageMatching(
              "Cannot use column _[fF]oresight_\\w+: it is a name of Foresight's.*");
    }
    Dataset<Row> number =
        spark.range(1).selectExpr("id", "array('a') concepts", "1 as _foresight_error");
    assertThatThrownBy(() -> Foresight.schema(number, settings))
        .hasMessageContaining("column _foresight_error: its type is int");
    Dataset<Row> told =
        spark.range(1).selectExpr("id", "array('a') concepts", "'x' as _foresight_error");
    assertThat(Foresight.schema(told, settings).fieldNames()).doesNotContain("_foresight_error");
  }

  @Test
  void whatTheFirstRowsTakeIsNotGuessed() throws IOException {
    Path path = file("many.jsonl", row(1), row(2));
    assertThat(files(path).bytes()).isEqualTo(Files.size(path));
    assertThat(files(path, "input.limit=1").bytes()).isZero();
  }

  private static RunRequest.InputFiles files(Path path, String... overrides) {
    return InputReader.files(spark, bind(List.of(path.toString()), overrides).reading());
  }

  @Test
  void anUnfinishedRunIsNotRead() throws IOException {
    file("run/part-0.jsonl", row(1));
    file("run/_foresight/run.json", "{\"plan\": {\"shards\": 40}}");
    Path run = folder.resolve("run");
    assertRefused(
        "Cannot read input %s: its run is not finished: 1 of 40 parts are there".formatted(run),
        run);
    assertRefused("its run is not finished", run.resolve("part-0.jsonl"));
    assertRefused("its run is not finished", folder);
    assertRefused("its run is not finished", Path.of(run + "/part-*"));
    assertThat(read(run, "input.unfinished=read").count()).isEqualTo(1);
    file("run/_foresight/run.json", "{");
    assertRefused("its run is not finished. Finish", run);
    file("run/_SUCCESS", "");
    assertThat(read(run).count()).isEqualTo(1);
  }

  @Test
  void inputAndOutputLieApart() throws IOException {
    Path in = file("a/in/x.jsonl", row(1)).getParent();
    Path link = Files.createSymbolicLink(folder.resolve("link"), in.getParent());
    List<String> in2 = List.of(in.toString());
    for (String output :
        List.of(
            in + "",
            in + "/out",
            in + "/../in/out",
            link + "/in/out",
            folder + "/a",
            folder + "",
            link + "")) {
      JobSettings settings = bind(in2);
      assertThatThrownBy(() -> Locations.requireApart(spark, settings.reading(), output))
          .as(output)
          .isInstanceOf(RunException.class)
          .hasMessageStartingWith("Cannot write output " + output);
    }
    for (String output : List.of(folder + "/a/in2", folder + "/b", link + "/out", "relative")) {
      Locations.requireApart(spark, bind(in2).reading(), output);
    }
    Locations.requireApart(spark, bind(List.of(in + "/*.jsonl")).reading(), in + "/out");
  }

  @Test
  void idsAreUniqueAmongRowsThatCouldBeRead() throws IOException {
    assertThatThrownBy(
            () ->
                InputReader.countWithUniqueIds(
                    read(file("dup.jsonl", row(1), row("\"1\""), row(2))), "id"))
        .hasMessageContaining("1 ids stand in several rows, for example 1");
    assertThatThrownBy(
            () ->
                InputReader.countWithUniqueIds(
                    read(file("no.jsonl", row(1), row(null), "{")), "id"))
        .hasMessageContaining("1 rows have none");
    assertThat(read(file("e.jsonl", row(1), "{", "{")).schema().apply("id").dataType())
        .isEqualTo(DataTypes.StringType);
  }
}
