package io.foresight.jobs.input.text;

import io.foresight.jobs.input.files.Compression;
import io.foresight.jobs.input.files.Lines;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/** The records of a part of a file, in order. Not thread-safe. */
public final class Records implements Closeable {

  /** What makes records of lines. */
  interface Reading {
    /** The next one; null after the last. */
    public InputRecord next() throws IOException;
  }

  private final Source source;
  private InputStream content;
  private Reading reading;
  private InputRecord damage;
  private long left;
  private long line;

  private Records(Source source, long rows) {
    this.source = source;
    content = source;
    left = rows;
  }

  /**
   * Opens a part.
   *
   * @throws IOException if the file cannot be read; that what it holds is damaged is a record
   */
  public static Records open(Part part, TextLayout layout, Configuration hadoop)
      throws IOException {
    Path path = part.file().hadoop();
    FSDataInputStream file = path.getFileSystem(hadoop).open(path);
    long start = Math.max(0, part.start() - 1);
    Records records = new Records(new Source(file, start, part.file().length()), part.rows());
    boolean opened = false;
    try {
      file.seek(start);
      records.start(part, layout, Compression.of(part.file().name()), hadoop);
      opened = true;
    } finally {
      if (!opened) {
        records.close();
      }
    }
    return records;
  }

  /** The records of bytes in memory. */
  public static Records of(byte[] bytes, TextLayout layout) throws IOException {
    Source source = new Source(new ByteArrayInputStream(bytes), 0, bytes.length);
    Records records = new Records(source, Long.MAX_VALUE);
    records.content = layout.inAscii(source);
    records.reading = layout.reading(layout.lines(records.content, 0), Long.MAX_VALUE);
    return records;
  }

  private void start(Part part, TextLayout layout, Compression compression, Configuration hadoop)
      throws IOException {
    try {
      if (part.start() > 0) {
        // A line that begins exactly at the start is this part's; all before it ends is not.
        Lines lines = layout.lines(source, part.start() - 1);
        lines.next();
        reading = layout.reading(lines, part.end());
      } else {
        content = compression.open(source, hadoop);
        content = layout.inAscii(content);
        reading = layout.reading(layout.lines(content, 0), part.end());
      }
    } catch (Compression.DamagedException e) {
      note(e);
    }
    source.requireWhole();
  }

  /** The columns that a header names, in order. */
  List<String> header() {
    return reading instanceof CsvRecords csv ? csv.header() : List.of();
  }

  /**
   * The next record; null after the last.
   *
   * @throws IOException if the file cannot be read to its end, whatever was made of that
   */
  public InputRecord next() throws IOException {
    if (left == 0) {
      return null;
    }
    InputRecord next = null;
    if (reading != null) {
      try {
        next = reading.next();
      } catch (Compression.DamagedException e) {
        note(e);
      }
      source.requireWhole();
    }
    if (next == null) {
      next = damage;
      damage = null;
    }
    if (next != null) {
      line = next.line();
      left--;
    }
    return next;
  }

  /** Ends the reading by a record that says why. */
  private void note(Compression.DamagedException e) {
    String reason = "from there on the file cannot be unpacked (%s)".formatted(e.getMessage());
    reading = null;
    damage = new InputRecord(line + 1, 0, Map.of(), reason, new byte[0]);
  }

  @Override
  public void close() throws IOException {
    try (source) {
      content.close();
    }
  }

  /**
   * The bytes of a file. Remembers that they could not be read, since what is made of them may take
   * a failure for the end, or for damage.
   */
  private static final class Source extends InputStream {

    private final InputStream in;
    private final long length;
    private long position;
    private IOException failure;

    /**
     * @param position of the first byte in the file
     * @param length of the file
     */
    Source(InputStream in, long position, long length) {
      this.in = in;
      this.position = position;
      this.length = length;
    }

    void requireWhole() throws IOException {
      if (failure != null) {
        throw failure;
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      int read;
      try {
        read = in.read(bytes, offset, count);
      } catch (IOException e) {
        failure = e;
        throw e;
      } catch (RuntimeException e) {
        failure = new IOException(e.getMessage(), e);
        throw failure;
      }
      if (read < 0 && position < length) {
        failure =
            new EOFException(
                "it ended after %d of %d bytes, and was cut since it was listed"
                    .formatted(position, length));
        throw failure;
      }
      position += Math.max(0, read);
      return read;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
