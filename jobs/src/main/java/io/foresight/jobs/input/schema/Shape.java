package io.foresight.jobs.input.schema;

import io.foresight.jobs.input.schema.Json.Numeral;
import java.io.Serializable;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * What kinds of values a place of JSON has held, and the type that holds all of them without a
 * loss. Where there is no other, that is a text: as the file has it, or JSON. Mutable, not
 * thread-safe.
 */
public final class Shape implements Serializable {

  private static final long serialVersionUID = 1;

  /** Levels of structures that become columns; deeper ones are data, not schema. */
  private static final int DEEPEST = 12;

  /** Fields of an object that become columns; one with more is a map. */
  private static final int MOST_FIELDS = 500;

  /** From here on a double is not exact for every whole number. */
  private static final long EXACT = 1L << 53;

  private boolean text;
  private boolean flag;
  private boolean whole;
  private boolean longWhole;
  private boolean fraction;
  private boolean otherNumber;
  private boolean opaque;
  private Shape elements;
  private TreeMap<String, Shape> fields;

  /** Adds a value, as {@link Json} has it. */
  public void add(Object value) {
    add(value, 0);
  }

  private void add(Object value, int depth) {
    if (value instanceof String) {
      text = true;
    } else if (value instanceof Boolean) {
      flag = true;
    } else if (value instanceof Numeral number) {
      addNumber(number.text());
    } else if (value != null && depth >= DEEPEST) {
      opaque = true;
    } else if (value instanceof List<?> list) {
      elements = elements == null ? new Shape() : elements;
      list.forEach(element -> elements.add(element, depth + 1));
    } else if (value instanceof Map<?, ?> map) {
      fields = fields == null ? new TreeMap<>() : fields;
      map.forEach(
          (key, of) -> {
            if (!opaque) {
              fields.computeIfAbsent((String) key, k -> new Shape()).add(of, depth + 1);
              bound();
            }
          });
    }
  }

  private void bound() {
    if (fields != null && fields.size() > MOST_FIELDS) {
      opaque = true;
      fields = new TreeMap<>();
    }
  }

  private void addNumber(String spelled) {
    try {
      long number = Long.parseLong(spelled);
      if (!spelled.equals("-0")) {
        whole = true;
        longWhole |= number > EXACT || number < -EXACT;
        return;
      }
    } catch (NumberFormatException e) {
      // It is not whole, or too long.
    }
    double number = Double.parseDouble(spelled);
    // An exponent may be so large that the digits could not be held.
    boolean exact =
        Double.isFinite(number)
            && spelled.length() <= 32
            && (number != 0 || spelled.matches("-?0+(\\.0+)?"))
            && new BigDecimal(spelled).compareTo(new BigDecimal(Double.toString(number))) == 0;
    fraction |= exact;
    otherNumber |= !exact;
  }

  /** Adds what another has seen. */
  public void merge(Shape other) {
    text |= other.text;
    flag |= other.flag;
    whole |= other.whole;
    longWhole |= other.longWhole;
    fraction |= other.fraction;
    otherNumber |= other.otherNumber;
    opaque |= other.opaque;
    if (other.elements != null) {
      elements = elements == null ? new Shape() : elements;
      elements.merge(other.elements);
    }
    if (other.fields != null) {
      fields = fields == null ? new TreeMap<>() : fields;
      other.fields.forEach((key, of) -> fields.computeIfAbsent(key, k -> new Shape()).merge(of));
      bound();
    }
  }

  private boolean number() {
    return whole || fraction || otherNumber;
  }

  boolean scalar() {
    return text || flag || number();
  }

  boolean structure() {
    return elements != null || fields != null || opaque;
  }

  boolean list() {
    return elements != null;
  }

  boolean textual() {
    return text;
  }

  /** Whether every value that is not null was a list of scalars or nulls. */
  boolean onlyListsOfScalars() {
    return elements != null && !scalar() && fields == null && !opaque && !elements.structure();
  }

  /**
   * Whether all values are lists of messages, whose contents are texts alone or lists alone; else
   * there is no type that tells a text from the JSON of a list.
   */
  boolean messages() {
    if (elements == null || scalar() || fields != null || opaque) {
      return false;
    }
    boolean objects =
        elements.fields != null
            && !elements.scalar()
            && elements.elements == null
            && !elements.opaque
            && elements.type() instanceof StructType;
    Shape content = objects ? elements.fields.get("content") : null;
    return objects && (content == null || !(content.scalar() && content.structure()));
  }

  /** The type that holds all values. */
  public DataType type() {
    int kinds =
        (text ? 1 : 0)
            + (flag ? 1 : 0)
            + (number() ? 1 : 0)
            + (elements != null ? 1 : 0)
            + (fields != null ? 1 : 0);
    if (kinds != 1 || opaque || text) {
      return DataTypes.StringType;
    }
    if (flag) {
      return DataTypes.BooleanType;
    }
    if (number()) {
      return otherNumber || (fraction && longWhole)
          ? DataTypes.StringType
          : fraction ? DataTypes.DoubleType : DataTypes.LongType;
    }
    return elements != null ? DataTypes.createArrayType(elements.type()) : struct();
  }

  private DataType struct() {
    long different =
        fields.keySet().stream().map(key -> key.toLowerCase(Locale.ROOT)).distinct().count();
    if (fields.isEmpty() || fields.containsKey("") || different < fields.size()) {
      // Spark has no such structure, or cannot tell its fields apart.
      return DataTypes.StringType;
    }
    StructType struct = new StructType();
    for (Map.Entry<String, Shape> field : fields.entrySet()) {
      struct = struct.add(field.getKey(), field.getValue().type());
    }
    return struct;
  }
}
