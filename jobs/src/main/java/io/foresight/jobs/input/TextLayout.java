package io.foresight.jobs.input;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/**
 * How rows lie in files of text. Immutable.
 *
 * @param format JSONL or CSV
 * @param encoding name of the files' charset
 * @param delimiter between the fields of CSV
 * @param wordLists columns whose fields of CSV are words with blanks between them
 * @param formLists columns whose fields of CSV are alternatives per word
 */
record TextLayout(
    InputFormat format,
    String encoding,
    String delimiter,
    Set<String> wordLists,
    Set<String> formLists)
    implements Serializable {

  private static final long serialVersionUID = 1;

  private static final String SYNTAX = "\n\r\",{}";

  /** The charset of the bytes that lines are made of. */
  Charset charset() {
    return isLikeAscii() ? given() : StandardCharsets.UTF_8;
  }

  private Charset given() {
    return Charset.forName(encoding);
  }

  /** Whether the bytes of line ends and punctuation stand for nothing else. */
  private boolean isLikeAscii() {
    Charset charset = given();
    return charset.equals(StandardCharsets.UTF_8)
        || Arrays.equals(SYNTAX.getBytes(charset), SYNTAX.getBytes(StandardCharsets.US_ASCII));
  }

  /** Whether reading may begin anywhere, and find the next line's beginning. */
  boolean isSplittable() {
    return format == InputFormat.JSONL && isLikeAscii();
  }

  /** The same text, in bytes that lines can be found in. */
  InputStream inAscii(InputStream content) {
    return isLikeAscii() ? content : new Transcoded(content, given());
  }

  /** Reads records of the lines that begin before {@code end}. */
  Records.Reading reading(Lines lines, long end) throws IOException {
    return format == InputFormat.CSV
        ? new CsvRecords(lines, this)
        : new JsonRecords(lines, end, charset());
  }

  /** Text of another charset as UTF-8. */
  private static final class Transcoded extends InputStream {

    private final InputStreamReader reader;
    private final CharBuffer chars = CharBuffer.allocate(1 << 13);
    private ByteBuffer bytes = ByteBuffer.allocate(0);

    /** Reads strictly: what is no text ends in a CharacterCodingException. */
    Transcoded(InputStream in, Charset charset) {
      reader = new InputStreamReader(in, charset.newDecoder());
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      while (!bytes.hasRemaining()) {
        // Half of a pair of surrogates waits for the other.
        if (reader.read(chars) < 0) {
          return -1;
        }
        chars.flip();
        int end = chars.limit();
        int whole = Character.isHighSurrogate(chars.get(end - 1)) ? end - 1 : end;
        bytes = StandardCharsets.UTF_8.encode(chars.duplicate().limit(whole));
        chars.position(whole);
        chars.compact();
      }
      int count = Math.min(length, bytes.remaining());
      bytes.get(target, offset, count);
      return count;
    }
  }
}
