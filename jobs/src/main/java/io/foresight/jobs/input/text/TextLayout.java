package io.foresight.jobs.input.text;

import io.foresight.jobs.input.files.InputFormat;
import io.foresight.jobs.input.files.Lines;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How rows lie in files of text. Immutable.
 *
 * @param format JSONL or CSV
 * @param encoding name of the files' charset
 * @param delimiter between the fields of CSV
 * @param wordLists columns whose fields of CSV are words with blanks between them
 * @param formLists columns whose fields of CSV are alternatives per word
 */
public record TextLayout(
    InputFormat format,
    String encoding,
    String delimiter,
    Set<String> wordLists,
    Set<String> formLists)
    implements Serializable {

  private static final long serialVersionUID = 1;

  private static final String SYNTAX = "\n\r\",{}";

  /** By the names of charsets: it is asked for every row. */
  private static final Map<String, Boolean> LIKE_ASCII = new ConcurrentHashMap<>();

  /** The charset of the bytes that lines are made of. */
  public Charset charset() {
    return isLikeAscii() ? given() : StandardCharsets.UTF_8;
  }

  private Charset given() {
    return Charset.forName(encoding);
  }

  /**
   * Whether the bytes of line ends and punctuation stand for nothing else. In charsets of several
   * bytes they may be halves of characters.
   */
  private boolean isLikeAscii() {
    return LIKE_ASCII.computeIfAbsent(encoding, TextLayout::isLikeAscii);
  }

  private static boolean isLikeAscii(String encoding) {
    Charset charset = Charset.forName(encoding);
    return charset.equals(StandardCharsets.UTF_8)
        || (charset.canEncode()
            && charset.newEncoder().maxBytesPerChar() == 1
            && Arrays.equals(SYNTAX.getBytes(charset), SYNTAX.getBytes(StandardCharsets.US_ASCII)));
  }

  /** Whether reading may begin anywhere, and find the next line's beginning. */
  boolean isSplittable() {
    return format == InputFormat.JSONL && isLikeAscii();
  }

  /** The same text, in bytes that lines can be found in. */
  InputStream inAscii(InputStream content) {
    return isLikeAscii() ? content : new Transcoded(content, given());
  }

  /**
   * The lines of such bytes.
   *
   * @param offset of the first byte
   */
  Lines lines(InputStream ascii, long offset) {
    Lines.Mark mark =
        !charset().equals(StandardCharsets.UTF_8)
            ? Lines.Mark.KEPT
            : format == InputFormat.CSV ? Lines.Mark.DROPPED_FIRST : Lines.Mark.DROPPED;
    return new Lines(ascii, offset, mark);
  }

  /** Reads records of the lines that begin before {@code end}. */
  Records.Reading reading(Lines lines, long end) throws IOException {
    return format == InputFormat.CSV
        ? new CsvRecords(lines, this)
        : new JsonRecords(lines, end, this);
  }

  /** Decodes bytes of a line, of which all must be text. */
  String decoded(byte[] bytes) throws CharacterCodingException {
    return charset().newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  /** Why bytes of a line are no text; null if they are. */
  String whyNoText(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    CharsetDecoder decoder = charset().newDecoder();
    CharBuffer chars = CharBuffer.allocate(1024);
    CoderResult result;
    int before = 0;
    do {
      chars.clear();
      result = decoder.decode(buffer, chars, true);
      chars.flip();
      before += Character.codePointCount(chars, 0, chars.length());
    } while (result.isOverflow());
    if (!result.isError()) {
      return null;
    }
    if (!isLikeAscii()) {
      return "it is not in %s: its character %d is none".formatted(given().name(), before + 1);
    }
    String reason =
        "it is not in %s: byte %d is 0x%02X"
            .formatted(given().name(), buffer.position() + 1, bytes[buffer.position()] & 0xff);
    return given().equals(StandardCharsets.UTF_8)
        ? reason + ". Write it in UTF-8, or set input.encoding"
        : reason;
  }

  /** Text of another charset as UTF-8. */
  private static final class Transcoded extends InputStream {

    /** Stands for what is no text: no character itself, by Unicode's definition. */
    private static final char NO_TEXT = '\uffff';

    /** Is in no text of UTF-8, so that the line that has it is told, and no other. */
    private static final int NO_UTF8 = 0xff;

    private final InputStreamReader reader;
    private final CharBuffer chars = CharBuffer.allocate(1 << 13);
    private ByteBuffer bytes = ByteBuffer.allocate(0);

    Transcoded(InputStream in, Charset charset) {
      reader =
          new InputStreamReader(
              in,
              charset
                  .newDecoder()
                  .onMalformedInput(CodingErrorAction.REPLACE)
                  .onUnmappableCharacter(CodingErrorAction.REPLACE)
                  .replaceWith(String.valueOf(NO_TEXT)));
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
        bytes = encoded(chars.duplicate().limit(whole));
        chars.position(whole);
        chars.compact();
      }
      int count = Math.min(length, bytes.remaining());
      bytes.get(target, offset, count);
      return count;
    }

    private static ByteBuffer encoded(CharBuffer text) {
      ByteArrayOutputStream encoded = new ByteArrayOutputStream();
      while (text.hasRemaining()) {
        int end = text.position();
        while (end < text.limit() && text.get(end) != NO_TEXT) {
          end++;
        }
        boolean more = end < text.limit();
        CharBuffer valid = text.duplicate().limit(end);
        encoded.writeBytes(valid.toString().getBytes(StandardCharsets.UTF_8));
        if (more) {
          encoded.write(NO_UTF8);
        }
        text.position(more ? end + 1 : end);
      }
      return ByteBuffer.wrap(encoded.toByteArray());
    }

    @Override
    public void close() throws IOException {
      reader.close();
    }
  }
}
