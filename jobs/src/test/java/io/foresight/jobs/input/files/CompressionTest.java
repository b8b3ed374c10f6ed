package io.foresight.jobs.input.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.jobs.input.schema.Json;
import io.foresight.jobs.input.text.InputRecord;
import io.foresight.jobs.input.text.Part;
import io.foresight.jobs.input.text.Records;
import io.foresight.jobs.input.text.TextLayout;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import net.jpountz.xxhash.XXHashFactory;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.CodecPool;
import org.apache.hadoop.io.compress.DeflateCodec;
import org.apache.hadoop.io.compress.Lz4Codec;
import org.apache.hadoop.io.compress.SnappyCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of compression, with files of several members, and files that are cut. */
class CompressionTest {

  private static final Configuration HADOOP = WatchedFileSystem.configuration();

  private static final TextLayout JSONL =
      new TextLayout(InputFormat.JSONL, "UTF-8", ",", Set.of(), Set.of());

  @TempDir private Path folder;

  private interface Packer {
    OutputStream to(OutputStream out) throws IOException;
  }

  /** A way to compress. */
  private record Kind(String suffix, Packer packer) {

    byte[] packed(String text) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (OutputStream out = packer.to(bytes)) {
        out.write(text.getBytes(StandardCharsets.UTF_8));
      }
      return bytes.toByteArray();
    }

    @Override
    public String toString() {
      return suffix;
    }
  }

  private static Stream<Kind> kinds() {
    SnappyCodec snappy = new SnappyCodec();
    snappy.setConf(new Configuration());
    Lz4Codec lz4 = new Lz4Codec();
    lz4.setConf(new Configuration());
    return Stream.of(
        new Kind(".gz", GZIPOutputStream::new),
        new Kind(".bz2", BZip2CompressorOutputStream::new),
        new Kind(".zst", com.github.luben.zstd.ZstdOutputStream::new),
        new Kind(".lz4", net.jpountz.lz4.LZ4FrameOutputStream::new),
        new Kind(".lz4", CompressionTest::linkedBlocks),
        new Kind(".lz4", lz4::createOutputStream),
        new Kind(".snappy", snappy::createOutputStream),
        new Kind(".deflate", DeflaterOutputStream::new));
  }

  /** Frames that say that their blocks may refer to each other, as those of Python's lz4 do. */
  private static OutputStream linkedBlocks(OutputStream target) {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    return new FilterOutputStream(frame) {
      @Override
      public void close() throws IOException {
        ByteArrayOutputStream independent = new ByteArrayOutputStream();
        try (OutputStream packed = new net.jpountz.lz4.LZ4FrameOutputStream(independent)) {
          packed.write(frame.toByteArray());
        }
        byte[] bytes = independent.toByteArray();
        int flags = Integer.BYTES;
        bytes[flags] &= (byte) ~(1 << 5);
        int check = XXHashFactory.fastestInstance().hash32().hash(bytes, flags, 2, 0);
        bytes[flags + 2] = (byte) (check >> 8);
        target.write(bytes);
        target.close();
      }
    };
  }

  private static byte[] joined(byte[]... members) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] member : members) {
      all.writeBytes(member);
    }
    return all.toByteArray();
  }

  private static String rows(int from, int to) {
    StringBuilder text = new StringBuilder();
    IntStream.range(from, to).forEach(i -> text.append("{\"id\": %d}\n".formatted(i)));
    return text.toString();
  }

  private Part part(Kind kind, byte[] bytes) throws IOException {
    Path path = Files.write(folder.resolve("x.jsonl" + kind.suffix), bytes);
    return Part.whole(new InputFile("watched://" + path, bytes.length, 0, Map.of()));
  }

  private static List<InputRecord> read(Part part) throws IOException {
    List<InputRecord> all = new ArrayList<>();
    try (Records records = Records.open(part, JSONL, HADOOP)) {
      for (InputRecord next = records.next(); next != null; next = records.next()) {
        all.add(next);
      }
    }
    return all;
  }

  private static List<String> ids(List<InputRecord> records) {
    return records.stream()
        .map(r -> r.problem() == null ? ((Json.Numeral) r.values().get("id")).text() : r.problem())
        .toList();
  }

  private static List<String> numbers(int to) {
    return IntStream.range(0, to).mapToObj(String::valueOf).toList();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void allMembersAreRead(Kind kind) throws IOException {
    byte[] first = kind.packed(rows(0, 3));
    byte[] second = kind.packed(rows(3, 5));
    byte[] empty = kind.packed("");
    assertThat(ids(read(part(kind, joined(first, second))))).isEqualTo(numbers(5));
    assertThat(ids(read(part(kind, joined(first, empty, second))))).isEqualTo(numbers(5));
    assertThat(ids(read(part(kind, joined(empty, first, second, empty))))).isEqualTo(numbers(5));
    assertThat(read(part(kind, empty))).isEmpty();
    // A member may end within a line, and be longer than any buffer.
    String text = rows(0, 40_000);
    assertThat(
            ids(
                read(
                    part(
                        kind,
                        joined(
                            kind.packed(text.substring(0, 300_001)),
                            kind.packed(text.substring(300_001)))))))
        .isEqualTo(numbers(40_000));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aFileOfNothingHasNoRows(Kind kind) throws IOException {
    assertThat(read(part(kind, new byte[0]))).isEmpty();
  }

  @Test
  void zerosBehindTheLastMemberOfGzipAreNothing() throws IOException {
    Kind gzip = kinds().filter(k -> k.suffix.equals(".gz")).findFirst().orElseThrow();
    byte[] rows = gzip.packed(rows(0, 3));
    byte[] more = gzip.packed(rows(3, 5));
    for (int zeros : new int[] {1, 2, 7, 512, 100_000}) {
      byte[] padded = joined(rows, more, new byte[zeros]);
      assertThat(ids(read(part(gzip, padded)))).as("%d zeros", zeros).isEqualTo(numbers(5));
    }
    for (byte[] other : List.of(new byte[] {0, 0, 7}, new byte[] {7}, joined(new byte[9], more))) {
      List<String> ids = ids(read(part(gzip, joined(rows, other))));
      assertThat(ids.subList(0, 3)).isEqualTo(numbers(3));
      assertThat(ids.subList(3, ids.size()))
          .singleElement()
          .asString()
          .startsWith("from there on the file cannot be unpacked (");
    }
    assertThat(ids(read(part(gzip, new byte[99])))).singleElement().asString().contains("unpacked");
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aCutIsTold(Kind kind) throws IOException {
    byte[] first = kind.packed(rows(0, 3));
    byte[] second = kind.packed(rows(3, 5));
    for (int cut = 1; cut < second.length; cut++) {
      List<String> ids = ids(read(part(kind, joined(first, Arrays.copyOf(second, cut)))));
      assertThat(ids.get(ids.size() - 1))
          .as("%d bytes of %d", cut, second.length)
          .startsWith("from there on the file cannot be unpacked (");
      // The line before may be cut, too.
      assertThat(ids.subList(0, 3)).isEqualTo(numbers(3));
      assertThat(ids.size()).isLessThanOrEqualTo(6);
    }
    for (int cut = 1; cut < first.length; cut++) {
      List<String> ids = ids(read(part(kind, Arrays.copyOf(first, cut))));
      assertThat(ids.get(ids.size() - 1))
          .as("%d bytes of %d", cut, first.length)
          .startsWith("from there on the file cannot be unpacked (");
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aFailureOfTheStorageIsNoEnd(Kind kind) throws IOException {
    byte[] first = kind.packed(rows(0, 3));
    Part part = part(kind, joined(first, kind.packed(rows(3, 5))));
    try {
      for (long readable : new long[] {0, 1, first.length, first.length + 2}) {
        WatchedFileSystem.readable = readable;
        assertThatThrownBy(() -> read(part))
            .as("%d bytes", readable)
            .isExactlyInstanceOf(IOException.class)
            .hasMessage("Connection reset");
      }
    } finally {
      WatchedFileSystem.readable = Long.MAX_VALUE;
    }
  }

  @Test
  void aFileThatWasCutSinceItWasListedIsNotWhole() throws IOException {
    byte[] text = rows(0, 3).getBytes(StandardCharsets.UTF_8);
    Path path = Files.write(folder.resolve("y.jsonl"), text);
    Part part = Part.whole(new InputFile("file:" + path, text.length + 5, 0, Map.of()));
    assertThatThrownBy(() -> read(part)).hasMessageContaining("it ended after 30 of 35 bytes");
  }

  @Test
  void decompressorsAreGivenBack() throws IOException {
    DeflateCodec codec = new DeflateCodec();
    codec.setConf(new Configuration());
    Kind kind = new Kind(".deflate", DeflaterOutputStream::new);
    byte[] whole = kind.packed(rows(0, 50_000));
    for (byte[] bytes : List.of(whole, Arrays.copyOf(whole, 500))) {
      try (Records records = Records.open(part(kind, bytes), JSONL, HADOOP)) {
        records.next();
        assertThat(CodecPool.getLeasedDecompressorsCount(codec)).isPositive();
      }
      assertThat(CodecPool.getLeasedDecompressorsCount(codec)).isZero();
    }
  }

  @Test
  void aLongWindowOfZstandardIsRead() throws IOException {
    Kind kind =
        new Kind(".zst", out -> new com.github.luben.zstd.ZstdOutputStream(out).setLong(28));
    byte[] bytes = kind.packed(rows(0, 3));
    assertThat(ids(read(part(kind, bytes)))).isEqualTo(numbers(3));
  }

  @Test
  void aDamagedLengthOfAChunkAsksForNoMemory() throws IOException {
    Kind kind = kinds().filter(k -> k.suffix.equals(".snappy")).findFirst().orElseThrow();
    byte[] bytes = kind.packed(rows(0, 3));
    bytes[4] = 0x7f;
    assertThat(ids(read(part(kind, bytes)))).singleElement().asString().contains("a chunk would");
  }

  @Test
  void whatIsNoDamageIsNoRow() throws IOException {
    TextLayout broken = new TextLayout(InputFormat.CSV, "UTF-8", ",", null, null);
    Part part = part(new Kind(".gz", null), new Kind("", GZIPOutputStream::new).packed("id\n1\n"));
    try (Records records = Records.open(part, broken, HADOOP)) {
      // A set of columns that is missing stands for any error of our own.
      assertThatThrownBy(records::next).isInstanceOf(NullPointerException.class);
    }
  }
}
