package io.foresight.jobs.input.schema;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.foresight.jobs.input.files.Lines;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON as RFC 8259 has it, with numbers as they are spelled. A value is a String, {@link Numeral},
 * Boolean, List, Map or null.
 */
public final class Json {

  /** A number, as it is spelled. */
  public record Numeral(String text) {}

  /** That a text is no JSON object; the message is a reason. */
  public static final class NoObjectException extends Exception {

    private static final long serialVersionUID = 1;

    NoObjectException(String reason) {
      super(reason);
    }
  }

  // Names are not pooled: those of a damaged file are as many as its rows.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          // How long a text may be, its line's length says.
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(Lines.LONGEST).build())
          .build();

  private Json() {}

  /** The values of an object by their keys, which are different from each other. */
  public static Map<String, Object> object(String text) throws NoObjectException {
    try (JsonParser parser = FACTORY.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new NoObjectException("it is no JSON object");
      }
      Map<String, Object> values = object(parser);
      if (parser.nextToken() != null) {
        throw new NoObjectException("something follows its JSON object");
      }
      return values;
    } catch (StreamConstraintsException e) {
      throw new NoObjectException("it is more than can be read: " + reason(e));
    } catch (JsonProcessingException e) {
      throw new NoObjectException("it is no JSON: " + reason(e));
    } catch (IOException e) {
      throw new IllegalStateException("A text cannot fail to be read.", e);
    }
  }

  private static String reason(JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
    return message
        .replaceFirst("(?i)( \\(?(start marker )?at \\[Source.*| \\(for .*)$", "")
        .strip();
  }

  private static Map<String, Object> object(JsonParser parser)
      throws IOException, NoObjectException {
    Map<String, Object> values = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = text(parser.currentName());
      parser.nextToken();
      values.put(key, value(parser));
    }
    return values;
  }

  private static Object value(JsonParser parser) throws IOException, NoObjectException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> {
        List<Object> elements = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          elements.add(value(parser));
        }
        yield elements;
      }
      case VALUE_STRING -> text(parser.getText());
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> new Numeral(parser.getText());
    };
  }

  /** Half of a pair of surrogates is no character, and would be written as another one. */
  private static String text(String text) throws NoObjectException {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw new NoObjectException("\\u%04x stands alone in a text".formatted((int) c));
      }
    }
    return text;
  }

  /** Writes a value without blanks, keys in their order, numbers as they were spelled. */
  public static String written(Object value) {
    StringBuilder json = new StringBuilder();
    write(value, json);
    return json.toString();
  }

  private static void write(Object value, StringBuilder json) {
    if (value instanceof String text) {
      json.append('"');
      JsonStringEncoder.getInstance().quoteAsString(text, json);
      json.append('"');
    } else if (value instanceof Numeral number) {
      json.append(number.text());
    } else if (value instanceof List<?> list) {
      String separator = "[";
      for (Object element : list) {
        write(element, json.append(separator));
        separator = ",";
      }
      json.append(list.isEmpty() ? "[]" : "]");
    } else if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        write(entry.getKey(), json.append(separator));
        write(entry.getValue(), json.append(':'));
        separator = ",";
      }
      json.append(map.isEmpty() ? "{}" : "}");
    } else {
      json.append(value);
    }
  }

  /** What a value is, in words. */
  public static String kind(Object value) {
    if (value instanceof String) {
      return "a text";
    }
    if (value instanceof Numeral) {
      return "a number";
    }
    if (value instanceof Boolean) {
      return "true or false";
    }
    return value instanceof List ? "a list" : value instanceof Map ? "an object" : "null";
  }

  public static boolean isScalar(Object value) {
    return value instanceof String || value instanceof Numeral || value instanceof Boolean;
  }
}
