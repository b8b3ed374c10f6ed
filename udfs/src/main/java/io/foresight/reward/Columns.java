package io.foresight.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What rewards read of a row; each throws {@link IllegalArgumentException} for another type. */
final class Columns {

  private Columns() {}

  /** A text; empty if the row has none. */
  static Optional<String> text(Map<String, Object> row, String column) {
    Object value = row.get(column);
    if (value != null && !(value instanceof String)) {
      throw new IllegalArgumentException(
          "Cannot read column %s: it holds %s. Give a text.".formatted(column, value));
    }
    return Optional.ofNullable((String) value);
  }

  /** A list of texts; empty if the row has none. */
  static Optional<List<String>> texts(Map<String, Object> row, String column) {
    return row.get(column) == null ? Optional.empty() : Optional.of(texts(row.get(column), column));
  }

  /** The texts of a value that is a list of them. */
  static List<String> texts(Object value, String column) {
    if (!(value instanceof List<?> list)) {
      throw new IllegalArgumentException(
          "Cannot read column %s: it holds %s. Give a list of texts.".formatted(column, value));
    }
    List<String> texts = new ArrayList<>();
    for (Object element : list) {
      if (!(element instanceof String text)) {
        throw new IllegalArgumentException(
            "Cannot read column %s: it holds %s. Give a list of texts.".formatted(column, element));
      }
      texts.add(text);
    }
    return texts;
  }

  /** A whole number of at least 0; empty if the row has none. */
  static OptionalInt count(Map<String, Object> row, String column) {
    Object value = row.get(column);
    if (value == null) {
      return OptionalInt.empty();
    }
    boolean whole =
        value instanceof Integer
            || value instanceof Long
            || value instanceof Short
            || value instanceof Byte;
    long number = whole ? ((Number) value).longValue() : -1;
    if (number < 0 || number > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Cannot read column %s: it holds %s. Give a whole number of at least 0."
              .formatted(column, value));
    }
    return OptionalInt.of((int) number);
  }
}
