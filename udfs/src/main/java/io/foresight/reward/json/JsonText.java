package io.foresight.reward.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NumericNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A text read as JSON: one value, white space around it. Nested at most {@value #DEEPEST} deep, so
 * that it is safe to walk; numbers are such that a double is near.
 *
 * @param value the value, if the whole text is one
 * @param parsed characters up to where it parses: all of a text that only ends too early, else up
 *     to the end of the last token that is right
 */
record JsonText(Optional<JsonNode> value, int parsed) {

  /** Deepest nesting. */
  static final int DEEPEST = 100;

  /** A larger double may stand for another whole number than was written. */
  private static final double LARGEST_WHOLE = 1L << 53;

  /** Whole numbers up to that are equal nodes, however they are written: 1.0 is 1. */
  private static final JsonNodeFactory NODES =
      new JsonNodeFactory() {
        private static final long serialVersionUID = 1;

        @Override
        public NumericNode numberNode(double number) {
          if (number != Math.rint(number) || Math.abs(number) > LARGEST_WHOLE) {
            return super.numberNode(number);
          }
          long whole = (long) number;
          return whole == (int) whole ? numberNode((int) whole) : numberNode(whole);
        }
      };

  private static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
                  .build())
          .setNodeFactory(NODES);

  /** Reads a text that is one value. */
  static JsonText of(String text) {
    return read(text.toCharArray(), 0, false);
  }

  /**
   * The objects and arrays of a text, whatever stands around them, and what begins as one and does
   * not parse; in their order. What is in one of them is not looked at on its own. A bracket that
   * nothing follows as in JSON is one of the prose.
   */
  static List<Found> in(String text) {
    char[] characters = text.toCharArray();
    List<Found> all = new ArrayList<>();
    int at = 0;
    while (at < characters.length) {
      if (!opens(characters, at)) {
        at++;
        continue;
      }
      JsonText json = read(characters, at, true);
      all.add(new Found(at, json));
      at += Math.max(1, json.parsed());
    }
    return all;
  }

  /**
   * JSON in a text.
   *
   * @param from index of its first character
   */
  record Found(int from, JsonText json) {}

  /** Whether an object or array may begin there: what follows the bracket may follow it in JSON. */
  private static boolean opens(char[] text, int at) {
    if (text[at] != '{' && text[at] != '[') {
      return false;
    }
    int next = at + 1;
    while (next < text.length && " \t\r\n".indexOf(text[next]) >= 0) {
      next++;
    }
    return next == text.length
        || (text[at] == '{' ? "\"}" : "\"{[]-0123456789tfn").indexOf(text[next]) >= 0;
  }

  /**
   * Reads.
   *
   * @param first whether what follows the first value does not matter
   */
  private static JsonText read(char[] text, int from, boolean first) {
    int parsed = 0;
    try (JsonParser parser = MAPPER.createParser(text, from, text.length - from)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        parser.finishToken();
        boolean endless =
            token == JsonToken.VALUE_NUMBER_FLOAT && !Double.isFinite(parser.getDoubleValue());
        if (endless) {
          return new JsonText(Optional.empty(), parsed);
        }
        parsed = (int) parser.currentLocation().getCharOffset();
        boolean whole = parser.getParsingContext().inRoot();
        if (whole && (first || parser.nextToken() == null)) {
          return new JsonText(Optional.of(MAPPER.readTree(new String(text, from, parsed))), parsed);
        }
        if (whole) {
          break;
        }
      }
      return new JsonText(Optional.empty(), parsed);
    } catch (JsonProcessingException e) {
      // After a comma Jackson throws no JsonEOFException, but says so.
      boolean ends = e.getOriginalMessage().startsWith("Unexpected end-of-input");
      return new JsonText(Optional.empty(), ends ? text.length - from : parsed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The quote and brackets that are still open at the end of a text, as what closes them. */
  static String closing(String text) {
    StringBuilder closing = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (quoted) {
        i += c == '\\' ? 1 : 0;
      } else if (c == '{' || c == '[') {
        closing.append(c == '{' ? '}' : ']');
      } else if ((c == '}' || c == ']') && !closing.isEmpty()) {
        closing.setLength(closing.length() - 1);
      }
    }
    return closing.append(quoted ? "\"" : "").reverse().toString();
  }
}
