package io.foresight.jobs.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;

/** A report as JSON. What is no number, such as the mean of nothing, is null. */
final class ReportJson {

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .registerModule(
              new SimpleModule()
                  .addSerializer(Double.class, new Finite())
                  .addSerializer(double.class, new Finite()))
          .enable(SerializationFeature.INDENT_OUTPUT);

  /**
   * Halves of surrogate pairs, which models may write: as UTF-8 there are none. (Whole pairs are
   * one character of a pattern.)
   */
  private static final Pattern HALF = Pattern.compile("\\p{Cs}");

  /** What might end a script element or begin a comment in it, or a line of a script. */
  private static final Pattern MARKUP = Pattern.compile("[<>&\\u2028\\u2029]");

  private ReportJson() {}

  private static final class Finite extends StdSerializer<Double> {

    Finite() {
      super(Double.class);
    }

    @Override
    public void serialize(Double value, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      if (Double.isFinite(value)) {
        json.writeNumber(value);
      } else {
        json.writeNull();
      }
    }
  }

  /** The value, indented, to stand in a file. */
  static String of(Object value) {
    try {
      return escaped(HALF, JSON.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The value, to stand in a script element of HTML whatever its texts spell. */
  static String inHtml(Object value) {
    try {
      String json =
          JSON.writer().without(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value);
      return escaped(MARKUP, escaped(HALF, json));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** With JSON's escapes, since all that is found stands within JSON's strings. */
  private static String escaped(Pattern found, String json) {
    return found.matcher(json).replaceAll(m -> "\\\\u%04x".formatted((int) m.group().charAt(0)));
  }
}
