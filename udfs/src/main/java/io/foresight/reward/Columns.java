package io.foresight.reward;

import io.foresight.decoding.RowFault;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What rewards read of a row; each throws a {@link RowFault} for another type. */
public final class Columns {

  private static final int LONGEST_SHOWN = 100;

  private Columns() {}

  /** A text; empty if the row has none. */
  public static Optional<String> text(Map<String, Object> row, String column) {
    Object value = row.get(column);
    if (value != null && !(value instanceof String)) {
      throw wrong(column, value, "a text");
    }
    return Optional.ofNullable((String) value);
  }

  /** A list of texts; empty if the row has none. */
  public static Optional<List<String>> texts(Map<String, Object> row, String column) {
    return Optional.ofNullable(row.get(column)).map(value -> texts(value, column));
  }

  /** The texts of a value that is a list of them. */
  public static List<String> texts(Object value, String column) {
    if (!(value instanceof List<?> list)) {
      throw wrong(column, value, "a list of texts");
    }
    List<String> texts = new ArrayList<>();
    for (Object element : list) {
      if (!(element instanceof String text)) {
        throw wrong(column, element, "a list of texts");
      }
      texts.add(text);
    }
    return texts;
  }

  /**
   * A list; empty if the row has none.
   *
   * @param what what it is a list of, in words
   */
  public static Optional<List<?>> list(Map<String, Object> row, String column, String what) {
    Object value = row.get(column);
    if (value == null) {
      return Optional.empty();
    }
    if (!(value instanceof List<?> list)) {
      throw wrong(column, value, what);
    }
    return Optional.of(list);
  }

  /** A whole number of at least 0, also as text, as CSV has it; empty if the row has none. */
  public static OptionalInt count(Map<String, Object> row, String column) {
    Object value = row.get(column);
    if (value == null) {
      return OptionalInt.empty();
    }
    if (!(value instanceof Float || value instanceof Double)) {
      try {
        int number = Integer.parseInt(value.toString());
        if (number >= 0) {
          return OptionalInt.of(number);
        }
      } catch (NumberFormatException e) {
        // Reported as what is out of range.
      }
    }
    throw wrong(column, value, "a whole number in [0, %d]".formatted(Integer.MAX_VALUE));
  }

  private static RowFault wrong(String column, Object value, String right) {
    return new RowFault(
        RowFault.Kind.INPUT,
        "Cannot read column %s: it holds %s. Give %s."
            .formatted(column, shown(String.valueOf(value)), right));
  }

  /** A value of a row for a message, which must not be as long as data may be. */
  public static String shown(String value) {
    return value.length() <= LONGEST_SHOWN ? value : value.substring(0, LONGEST_SHOWN) + "...";
  }
}
