package io.foresight.jobs.input.files;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * The lines of a stream of bytes, ended by LF, CRLF or CR, with where they begin. Not thread-safe.
 */
public final class Lines {

  /** Bytes of a line from which on it is no row but a file of another kind. */
  public static final int LONGEST = 64 << 20;

  /** What becomes of a byte order mark of UTF-8. */
  public enum Mark {
    /** It is text. */
    KEPT,
    /** It is none of the text at the beginning of the file. */
    DROPPED_FIRST,
    /** Nor at that of a line, where files that were put together have it. */
    DROPPED
  }

  private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};
  private static final byte[] NONE = {};

  /** Stands behind the text of files that DOS programs wrote. */
  private static final byte DOS_END = 0x1a;

  private static final byte[] LF = {'\n'};
  private static final byte[] CR = {'\r'};
  private static final byte[] CRLF = {'\r', '\n'};

  /**
   * A line.
   *
   * @param bytes without its end and a mark that is dropped; only the first {@link #LONGEST} ones
   * @param end the bytes that end it; empty at the end of the file
   * @param number from 1, counted from where reading began
   * @param offset of its first byte
   * @param cut whether it was longer
   */
  public record Line(byte[] bytes, byte[] end, long number, long offset, boolean cut) {}

  private final InputStream in;
  private final Mark mark;
  private final byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;
  private long offset;
  private long number;

  /**
   * @param offset of the stream's first byte in its file
   */
  public Lines(InputStream in, long offset, Mark mark) {
    this.in = in;
    this.offset = offset;
    this.mark = mark;
  }

  /**
   * The next line; null after the last. What follows the last end of line counts if it is there,
   * and more than the end of a file as DOS marks it.
   */
  public Line next() throws IOException {
    if (!filled()) {
      return null;
    }
    long begin = offset;
    byte[] whole = NONE;
    ByteArrayOutputStream collected = null;
    boolean cut = false;
    byte[] end = NONE;
    while (filled()) {
      int stop = position;
      while (stop < limit && buffer[stop] != '\n' && buffer[stop] != '\r') {
        stop++;
      }
      int length = stop - position;
      if (collected == null && stop < limit) {
        whole = Arrays.copyOfRange(buffer, position, stop);
      } else {
        collected = collected == null ? new ByteArrayOutputStream() : collected;
        int room = Math.min(length, LONGEST - collected.size());
        collected.write(buffer, position, room);
        cut |= room < length;
      }
      consume(length);
      if (position < limit) {
        end = end();
        break;
      }
    }
    byte[] bytes = collected == null ? whole : collected.toByteArray();
    if (end.length == 0 && isDosEnd(bytes)) {
      return null;
    }
    number++;
    boolean drop = mark == Mark.DROPPED || (mark == Mark.DROPPED_FIRST && begin == 0);
    return new Line(drop ? unmarked(bytes) : bytes, end, number, begin, cut);
  }

  private static boolean isDosEnd(byte[] bytes) {
    for (byte b : bytes) {
      if (b != DOS_END) {
        return false;
      }
    }
    return true;
  }

  private static byte[] unmarked(byte[] bytes) {
    boolean marked = bytes.length >= MARK.length && Arrays.equals(bytes, 0, 3, MARK, 0, 3);
    return marked ? Arrays.copyOfRange(bytes, MARK.length, bytes.length) : bytes;
  }

  private byte[] end() throws IOException {
    byte first = buffer[position];
    consume(1);
    if (first == '\n') {
      return LF;
    }
    if (filled() && buffer[position] == '\n') {
      consume(1);
      return CRLF;
    }
    return CR;
  }

  private void consume(int bytes) {
    position += bytes;
    offset += bytes;
  }

  private boolean filled() throws IOException {
    if (position < limit) {
      return true;
    }
    position = 0;
    limit = Math.max(0, in.read(buffer, 0, buffer.length));
    return limit > 0;
  }
}
