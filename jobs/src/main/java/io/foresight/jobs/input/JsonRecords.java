package io.foresight.jobs.input;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.Map;

/** Lines of JSON. Blank ones are no rows. */
final class JsonRecords implements Records.Reading {

  private final Lines lines;
  private final long end;
  private final Charset charset;

  /**
   * @param end lines that begin there or later are not read
   */
  JsonRecords(Lines lines, long end, Charset charset) {
    this.lines = lines;
    this.end = end;
    this.charset = charset;
  }

  @Override
  public InputRecord next() throws IOException {
    Lines.Line line;
    do {
      line = lines.next();
      if (line == null || line.offset() >= end) {
        return null;
      }
    } while (isBlank(line.bytes()));
    byte[] raw = line.bytes();
    if (line.cut()) {
      return unreadable(line, "it is longer than %d bytes".formatted(Lines.LONGEST));
    }
    try {
      String text = Records.decoded(raw, charset);
      // A byte order mark, which files that were put together have inside.
      text = text.startsWith("\ufeff") ? text.substring(1) : text;
      return new InputRecord(line.number(), line.offset(), Json.object(text), null, raw);
    } catch (CharacterCodingException e) {
      return unreadable(line, Records.whyNoText(raw, charset));
    } catch (Json.NoObjectException e) {
      return unreadable(line, e.getMessage());
    }
  }

  private static InputRecord unreadable(Lines.Line line, String reason) {
    return new InputRecord(line.number(), line.offset(), Map.of(), reason, line.bytes());
  }

  private static boolean isBlank(byte[] bytes) {
    for (byte b : bytes) {
      if (b != ' ' && b != '\t') {
        return false;
      }
    }
    return true;
  }
}
