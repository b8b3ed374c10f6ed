package io.foresight.jobs.input.text;

import io.foresight.jobs.input.files.Lines;
import io.foresight.jobs.input.schema.Json;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.Map;

/** Lines of JSON. Blank ones are no rows. */
final class JsonRecords implements Records.Reading {

  private final Lines lines;
  private final long end;
  private final TextLayout layout;

  /**
   * @param end lines that begin there or later are not read
   */
  JsonRecords(Lines lines, long end, TextLayout layout) {
    this.lines = lines;
    this.end = end;
    this.layout = layout;
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
      Map<String, Object> values = Json.object(layout.decoded(raw));
      return new InputRecord(line.number(), line.offset(), values, null, raw);
    } catch (CharacterCodingException e) {
      return unreadable(line, layout.whyNoText(raw));
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
