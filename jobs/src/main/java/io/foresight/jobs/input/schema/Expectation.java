package io.foresight.jobs.input.schema;

import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** What a column that the settings name has to hold; a null it may always hold. */
public enum Expectation {
  /** A text, or a number as it is spelled. */
  ID("a text or a number"),
  /** A text, or a number as it is spelled; not numbers alone. */
  TEXT("a text"),
  TEXTS("a list of texts"),
  TEXT_LISTS("a list of texts per concept"),
  TEXT_OR_TEXTS("a text or a list of texts"),
  /** A whole number. */
  COUNT("a whole number"),
  /**
   * Anything but a list of texts that lacks one; what is no list of texts is written as a prompt's
   * template writes it.
   */
  PROMPT("a text or a list of texts without null"),
  /** A list of role and content, or, where they are of several kinds, all of them as JSON. */
  MESSAGES("a list of role and content"),
  /** Anything; scalars as they are spelled. */
  SPELLED("a text");

  private static final DataType TEXTS_TYPE = DataTypes.createArrayType(DataTypes.StringType);

  private final String words;

  Expectation(String words) {
    this.words = words;
  }

  /** What to give, in words. */
  public String words() {
    return words;
  }

  /** Whether a value that is not null is as expected. */
  public boolean fits(Object value) {
    return switch (this) {
      case ID, TEXT -> Json.isScalar(value);
      case TEXTS -> isTexts(value);
      case TEXT_LISTS ->
          value instanceof List<?> list
              && list.stream().allMatch(element -> element == null || isTexts(element));
      case TEXT_OR_TEXTS -> Json.isScalar(value) || isTexts(value);
      case COUNT -> count(value) != null;
      case PROMPT -> !isTexts(value) || ((List<?>) value).stream().noneMatch(Objects::isNull);
      case MESSAGES, SPELLED -> true;
    };
  }

  private static boolean isTexts(Object value) {
    return value instanceof List<?> list
        && list.stream().allMatch(element -> element == null || Json.isScalar(element));
  }

  /** A whole number, also as text; null if it is none. */
  public static Long count(Object value) {
    String spelled =
        value instanceof Json.Numeral number ? number.text() : value instanceof String s ? s : "";
    try {
      return Long.valueOf(spelled.strip());
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /**
   * Whether a column is the one that is meant. One of which no value is as expected is another, and
   * keeps its type.
   *
   * @param shape of its values
   * @param fitting how many are as expected
   * @param given how many are not null
   */
  public boolean isMeant(Shape shape, long fitting, long given) {
    return given == 0
        || this == PROMPT
        || this == MESSAGES
        || (fitting > 0 && (this != TEXT || shape.textual()));
  }

  /** The type that a column of such values is read with. */
  public DataType type(Shape shape) {
    return switch (this) {
      case ID, TEXT -> DataTypes.StringType;
      case TEXTS -> TEXTS_TYPE;
      case TEXT_LISTS -> DataTypes.createArrayType(TEXTS_TYPE);
      case TEXT_OR_TEXTS -> shape.list() ? TEXTS_TYPE : DataTypes.StringType;
      case COUNT -> DataTypes.LongType;
      case PROMPT -> shape.onlyListsOfScalars() ? TEXTS_TYPE : DataTypes.StringType;
      case MESSAGES -> shape.messages() ? shape.type() : DataTypes.StringType;
      case SPELLED -> shape.scalar() ? DataTypes.StringType : shape.type();
    };
  }
}
