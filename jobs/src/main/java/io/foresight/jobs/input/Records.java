package io.foresight.jobs.input;

import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/** The records of a part of a file, in order. Not thread-safe. */
final class Records implements Closeable {

  /** What makes records of lines. */
  interface Reading {
    /** The next one; null after the last. */
    InputRecord next() throws IOException;
  }

  private final Source source;
  private final boolean unpacked;
  private Reading reading;
  private InputRecord failure;
  private long left;
  private long line;

  private Records(Source source, boolean unpacked, long rows) {
    this.source = source;
    this.unpacked = unpacked;
    left = rows;
  }

  /**
   * Opens a part.
   *
   * @throws IOException if the file cannot be read; that what it holds is damaged is a record
   */
  static Records open(Part part, TextLayout layout, Configuration hadoop) throws IOException {
    Path path = part.file().hadoop();
    FSDataInputStream file = path.getFileSystem(hadoop).open(path);
    Source source = new Source(file);
    Compression compression = Compression.of(part.file().name());
    Records records = new Records(source, compression != Compression.NONE, part.rows());
    try {
      records.start(part, layout, file, compression, hadoop);
    } catch (IOException | RuntimeException | Error e) {
      if (!records.damaged(e)) {
        file.close();
        throw e;
      }
    }
    return records;
  }

  /** The records of bytes in memory. */
  static Records of(byte[] bytes, TextLayout layout) throws IOException {
    Records records =
        new Records(new Source(new java.io.ByteArrayInputStream(bytes)), false, Long.MAX_VALUE);
    records.reading = layout.reading(new Lines(records.source, 0), Long.MAX_VALUE);
    return records;
  }

  private void start(
      Part part,
      TextLayout layout,
      FSDataInputStream file,
      Compression compression,
      Configuration hadoop)
      throws IOException {
    if (part.start() > 0) {
      // A line that begins exactly at the start is this part's; all before it ends is not.
      file.seek(part.start() - 1);
      Lines lines = new Lines(source, part.start() - 1);
      lines.next();
      reading = layout.reading(lines, part.end());
    } else {
      InputStream content = compression.open(source, hadoop);
      reading = layout.reading(new Lines(layout.inAscii(content), 0), part.end());
    }
  }

  /** The columns that a header names, in order. */
  List<String> header() {
    return reading instanceof CsvRecords csv ? csv.header() : List.of();
  }

  /** The next record; null after the last. */
  InputRecord next() throws IOException {
    if (left == 0) {
      return null;
    }
    InputRecord next = failure;
    failure = null;
    if (next == null && reading != null) {
      try {
        next = reading.next();
      } catch (IOException | RuntimeException | Error e) {
        if (!damaged(e)) {
          throw e;
        }
        next = failure;
        failure = null;
      }
    }
    if (next != null) {
      line = next.line();
      left--;
    }
    return next;
  }

  /** Notes what ends the reading of a file, if that is what the file holds. */
  private boolean damaged(Throwable e) {
    boolean ofContent = unpacked || e instanceof CharacterCodingException;
    if (source.failed || !ofContent || e instanceof VirtualMachineError) {
      return false;
    }
    String reason =
        e instanceof CharacterCodingException
            ? "from there on the file is not in its encoding"
            : "from there on the file cannot be unpacked (%s)".formatted(e.getMessage());
    reading = null;
    failure = new InputRecord(line + 1, 0, Map.of(), reason, new byte[0]);
    return true;
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  /** Knows whether a failure is the storage's or the content's. */
  private static final class Source extends FilterInputStream {

    private boolean failed;

    Source(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return in.read(bytes, offset, length);
      } catch (IOException | RuntimeException e) {
        failed = true;
        throw e;
      }
    }
  }

  /** Decodes bytes, of which all must be text. */
  static String decoded(byte[] bytes, Charset charset) throws CharacterCodingException {
    return charset.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** Why bytes are no text; null if they are. */
  static String whyNoText(byte[] bytes, Charset charset) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      java.nio.charset.CharsetDecoder decoder = charset.newDecoder();
      java.nio.CharBuffer chars = java.nio.CharBuffer.allocate(1024);
      java.nio.charset.CoderResult result;
      do {
        chars.clear();
        result = decoder.decode(buffer, chars, true);
      } while (result.isOverflow());
      if (!result.isError()) {
        return null;
      }
      result.throwException();
      throw new IllegalStateException("An error of a decoder is thrown.");
    } catch (CharacterCodingException e) {
      String reason =
          "it is not in %s: byte %d is 0x%02X"
              .formatted(charset.name(), buffer.position() + 1, bytes[buffer.position()] & 0xff);
      return charset.equals(StandardCharsets.UTF_8)
          ? reason + ". Write it in UTF-8, or set input.encoding"
          : reason;
    }
  }
}
