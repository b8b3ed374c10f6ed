package io.foresight.jobs.input.text;

import io.foresight.jobs.input.schema.Json;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.util.Map;

/**
 * A line of JSONL, or a record of CSV.
 *
 * @param line from 1, counted from where reading began; of a record of several lines the first
 * @param offset of its first byte in the file
 * @param values by column, as {@link Json} has them; what a problem leaves of them
 * @param problem why it cannot be read; null if it can
 * @param raw its bytes, or some of them
 */
public record InputRecord(
    long line, long offset, Map<String, Object> values, String problem, byte[] raw) {

  /** Characters of a row that a message shows; a reader of the message wants no more. */
  private static final int SHOWN = 1500;

  /**
   * The message of a row that cannot be read.
   *
   * @param part that it is of
   * @param reason why not
   */
  public String message(Part part, String reason, Charset charset) {
    String place = part.start() == 0 ? "line " + line : "the line that begins at byte " + offset;
    String message = "Cannot read %s of %s: %s.".formatted(place, part.shown(), reason);
    return raw.length == 0 ? message : message + " It says: " + shown(charset);
  }

  /** The text, with bytes that are none as \xNN. */
  private String shown(Charset charset) {
    CharsetDecoder decoder = charset.newDecoder();
    ByteBuffer bytes = ByteBuffer.wrap(raw);
    CharBuffer chars = CharBuffer.allocate(SHOWN);
    StringBuilder shown = new StringBuilder();
    while (shown.length() < SHOWN) {
      CoderResult result = decoder.decode(bytes, chars, true);
      shown.append(chars.flip());
      chars.clear();
      if (!result.isError()) {
        break;
      }
      for (int i = 0; i < result.length(); i++) {
        shown.append("\\x%02X".formatted(bytes.get() & 0xff));
      }
    }
    if (shown.length() >= SHOWN || bytes.hasRemaining()) {
      int end = Math.min(SHOWN, shown.length());
      shown.setLength(Character.isHighSurrogate(shown.charAt(end - 1)) ? end - 1 : end);
      shown.append("...");
    }
    return shown.toString();
  }
}
