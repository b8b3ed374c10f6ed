package io.foresight.jobs.input.text;

import io.foresight.jobs.input.schema.Expectation;
import io.foresight.jobs.input.schema.Json;
import io.foresight.jobs.input.schema.Json.Numeral;
import io.foresight.spark.rows.HiddenColumns;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;

/**
 * Makes rows of records: columns of the files, then of the folders' names, then why a row could not
 * be read. Immutable.
 */
final class RowMaker implements Serializable {

  private static final long serialVersionUID = 1;

  private final StructType schema;
  private final Map<String, Integer> places = new HashMap<>();
  private final Map<String, Expectation> expected;
  private final Map<String, String> strays;
  private final int ofFiles;
  private final TextLayout layout;

  /**
   * @param columns of the files, in order, with their types
   * @param expected what some of them must hold
   * @param strays names that differ from a column's in case only
   * @param partition columns that folders' names give
   */
  RowMaker(
      Map<String, DataType> columns,
      Map<String, Expectation> expected,
      Map<String, String> strays,
      List<String> partition,
      TextLayout layout) {
    StructType all = new StructType();
    for (Map.Entry<String, DataType> column : columns.entrySet()) {
      places.put(column.getKey(), all.length());
      all = all.add(column.getKey(), column.getValue());
    }
    ofFiles = all.length();
    for (String column : partition) {
      all = all.add(column, DataTypes.StringType);
    }
    schema = all.add(HiddenColumns.INPUT_ERROR, DataTypes.StringType);
    this.expected = Map.copyOf(expected);
    this.strays = Map.copyOf(strays);
    this.layout = layout;
  }

  StructType schema() {
    return schema;
  }

  Row row(Part part, InputRecord record) {
    Object[] values = new Object[schema.length()];
    StringBuilder reasons = new StringBuilder();
    if (record.problem() != null) {
      reasons.append(record.problem());
    }
    record
        .values()
        .forEach(
            (name, value) -> {
              String reason = set(values, name, value);
              if (reason != null) {
                reasons.append(reasons.isEmpty() ? "" : "; ").append(reason);
              }
            });
    for (int i = ofFiles; i < values.length - 1; i++) {
      values[i] = part.partition().get(schema.fields()[i].name());
    }
    if (!reasons.isEmpty()) {
      values[values.length - 1] = record.message(part, reasons.toString(), layout.charset());
    }
    return RowFactory.create(values);
  }

  /** Sets a column; returns why it cannot be. */
  private String set(Object[] values, String name, Object value) {
    if (strays.containsKey(name)) {
      return "column %s differs from %s in case only. Rename it".formatted(name, strays.get(name));
    }
    Integer place = places.get(name);
    if (value == null || place == null) {
      // Without a place: a folder's name gives the column, and says what it holds.
      return null;
    }
    Expectation expectation = expected.get(name);
    if (expectation != null && !expectation.fits(value)) {
      return misfit(name, value, expectation);
    }
    values[place] = converted(value, schema.fields()[place].dataType(), expectation);
    return null;
  }

  /** Why a value is not as expected. */
  static String misfit(String column, Object value, Expectation expectation) {
    String held = Json.kind(value);
    if (expectation == Expectation.PROMPT) {
      held = "a list with null in it";
    } else if (value instanceof List<?> && expectation == Expectation.TEXTS) {
      held = "a list of other things than texts";
    } else if (value instanceof List<?> && expectation == Expectation.TEXT_LISTS) {
      held = "a list of other things than lists of texts";
    }
    return "column %s holds %s. Give %s".formatted(column, held, expectation.words());
  }

  private static Object converted(Object value, DataType type, Expectation expectation) {
    if (value == null) {
      return null;
    }
    if (expectation == Expectation.COUNT) {
      return Expectation.count(value);
    }
    if (type.equals(DataTypes.StringType)) {
      return text(value, expectation == Expectation.PROMPT);
    }
    if (type instanceof ArrayType array) {
      // Of a column of texts and lists of them, a text is a list of one.
      List<?> list = value instanceof List<?> elements ? elements : List.of(value);
      return JavaConverters.asScalaBuffer(
          list.stream()
              .map(element -> converted(element, array.elementType(), null))
              .collect(Collectors.toList()));
    }
    if (type instanceof StructType struct) {
      Map<?, ?> fields = (Map<?, ?>) value;
      Object[] values = new Object[struct.length()];
      for (int i = 0; i < values.length; i++) {
        StructField field = struct.fields()[i];
        values[i] = converted(fields.get(field.name()), field.dataType(), null);
      }
      return RowFactory.create(values);
    }
    if (value instanceof Numeral number) {
      return type.equals(DataTypes.LongType)
          ? (Object) Long.valueOf(number.text())
          : (Object) Double.valueOf(number.text());
    }
    return value;
  }

  private static String text(Object value, boolean ofPrompt) {
    if (value instanceof Numeral number) {
      return number.text();
    }
    boolean words =
        ofPrompt && value instanceof List<?> list && list.stream().allMatch(Json::isScalar);
    if (words) {
      return ((List<?>) value).stream().map(e -> text(e, false)).collect(Collectors.joining(" "));
    }
    return Json.isScalar(value) ? value.toString() : Json.written(value);
  }
}
