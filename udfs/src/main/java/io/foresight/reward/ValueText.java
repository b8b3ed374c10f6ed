package io.foresight.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.util.RawValue;
import java.math.BigDecimal;
import java.sql.Timestamp;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How a value of a row is written as text: a number as people write it, with all its digits (of a
 * double those that tell it from its neighbours; a decimal keeps its zeros) and without an
 * exponent, unless it is a double of 22 digits before the point or six zeros behind it; a time as
 * ISO 8601 has it and, if it is a moment, in UTC; a list of such values with one space between
 * them; other structures as JSON.
 */
public final class ValueText {

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN).build();

  /** Digits before the point, less zeros behind it, between which a number has no exponent. */
  private static final int LARGEST = 21;

  private static final int SMALLEST = -6;

  private ValueText() {}

  /**
   * Writes a value.
   *
   * @param value of a row's column, not null; structures as {@link Map}s, lists as {@link List}s
   * @throws IllegalArgumentException if it is, or holds, what no text can be made of; the message
   *     says what it does: "is binary. ..."
   */
  public static String of(Object value) {
    if (value instanceof List<?> list && list.stream().noneMatch(ValueText::isStructure)) {
      return list.stream().map(ValueText::element).collect(Collectors.joining(" "));
    }
    return isStructure(value) ? json(value) : scalar(value);
  }

  private static boolean isStructure(Object value) {
    return value instanceof List || value instanceof Map;
  }

  private static String element(Object value) {
    if (value == null) {
      throw new IllegalArgumentException("has an element that is null. Fill it in.");
    }
    return scalar(value);
  }

  private static String scalar(Object value) {
    if (value instanceof byte[]) {
      throw new IllegalArgumentException("is binary. Give a text, such as its base64.");
    }
    if (value instanceof BigDecimal number) {
      return number.toPlainString();
    }
    if (value instanceof Double || value instanceof Float) {
      return fraction((Number) value);
    }
    if (value instanceof Timestamp time) {
      return time.toInstant().toString();
    }
    if (value instanceof LocalDateTime time) {
      return DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(time);
    }
    return value.toString();
  }

  /** As ECMAScript writes numbers, and RFC 8785 with it; that of Java would be 1.0E10. */
  private static String fraction(Number value) {
    if (!Double.isFinite(value.doubleValue())) {
      return value.toString();
    }
    // A float's own digits: as a double it has others.
    BigDecimal number = new BigDecimal(value.toString()).stripTrailingZeros();
    int point = number.precision() - number.scale();
    if (number.signum() == 0 || (point > SMALLEST && point <= LARGEST)) {
      return number.signum() == 0 ? "0" : number.toPlainString();
    }
    BigDecimal digits = number.movePointLeft(point - 1).stripTrailingZeros();
    return digits.toPlainString() + "e" + (point - 1);
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(plain(value));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written: " + e.getOriginalMessage(), e);
    }
  }

  /** The same of numbers, booleans, texts and nulls alone. */
  private static Object plain(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(ValueText::plain).toList();
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> plain = new LinkedHashMap<>();
      map.forEach((key, element) -> plain.put(of(key), plain(element)));
      return plain;
    }
    if ((value instanceof Double || value instanceof Float)
        && Double.isFinite(((Number) value).doubleValue())) {
      return new RawValue(fraction((Number) value));
    }
    boolean isOfJson = value == null || value instanceof Boolean || value instanceof Number;
    return isOfJson ? value : scalar(value);
  }
}
