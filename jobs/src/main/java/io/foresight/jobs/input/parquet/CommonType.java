package io.foresight.jobs.input.parquet;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DateType;
import org.apache.spark.sql.types.DecimalType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Types that hold the values of two without a loss. */
final class CommonType {

  private static final List<DataType> WHOLE =
      List.of(DataTypes.ByteType, DataTypes.ShortType, DataTypes.IntegerType, DataTypes.LongType);

  private static final List<DataType> FRACTIONS =
      List.of(DataTypes.FloatType, DataTypes.DoubleType);

  private CommonType() {}

  /** The type of both; empty if there is none. Everything may be null in it. */
  static Optional<DataType> of(DataType one, DataType other) {
    DataType a = one.asNullable();
    DataType b = other.asNullable();
    if (a.equals(b)) {
      return Optional.of(a);
    }
    if (a instanceof ArrayType x && b instanceof ArrayType y) {
      return of(x.elementType(), y.elementType()).map(DataTypes::createArrayType);
    }
    if (a instanceof MapType x && b instanceof MapType y) {
      return of(x.keyType(), y.keyType())
          .flatMap(
              key ->
                  of(x.valueType(), y.valueType())
                      .map(value -> DataTypes.createMapType(key, value)));
    }
    if (a instanceof StructType x && b instanceof StructType y) {
      return struct(x, y);
    }
    return scalar(a, b);
  }

  private static Optional<DataType> struct(StructType one, StructType other) {
    StructType both = one;
    for (StructField field : other.fields()) {
      if (Arrays.asList(both.fieldNames()).contains(field.name())) {
        int index = both.fieldIndex(field.name());
        Optional<DataType> type = of(both.fields()[index].dataType(), field.dataType());
        if (type.isEmpty()) {
          return Optional.empty();
        }
        StructField[] fields = both.fields().clone();
        fields[index] = DataTypes.createStructField(field.name(), type.get(), true);
        both = new StructType(fields);
      } else {
        both = both.add(field.name(), field.dataType().asNullable(), true);
      }
    }
    long different =
        Arrays.stream(both.fieldNames()).map(n -> n.toLowerCase(Locale.ROOT)).distinct().count();
    return different < both.length() ? Optional.empty() : Optional.of(both);
  }

  private static Optional<DataType> scalar(DataType a, DataType b) {
    if (WHOLE.contains(a) && WHOLE.contains(b)) {
      return Optional.of(WHOLE.get(Math.max(WHOLE.indexOf(a), WHOLE.indexOf(b))));
    }
    if (isDouble(a) && isDouble(b)) {
      return Optional.of(DataTypes.DoubleType);
    }
    DecimalType x = decimal(a);
    DecimalType y = decimal(b);
    if (x != null && y != null) {
      int scale = Math.max(x.scale(), y.scale());
      int whole = Math.max(x.precision() - x.scale(), y.precision() - y.scale());
      if (scale + whole <= DecimalType.MAX_PRECISION()) {
        return Optional.of(DataTypes.createDecimalType(scale + whole, scale));
      }
    }
    return hasOneSpelling(a) && hasOneSpelling(b)
        ? Optional.of(DataTypes.StringType)
        : Optional.empty();
  }

  /** Whether a double holds all of its values. */
  private static boolean isDouble(DataType type) {
    return FRACTIONS.contains(type) || (WHOLE.contains(type) && !type.equals(DataTypes.LongType));
  }

  private static DecimalType decimal(DataType type) {
    if (type instanceof DecimalType decimal) {
      return decimal;
    }
    return WHOLE.contains(type) ? DataTypes.createDecimalType(19, 0) : null;
  }

  /** Whether its values are written in one way everywhere. */
  private static boolean hasOneSpelling(DataType type) {
    return type.equals(DataTypes.StringType)
        || type.equals(DataTypes.BooleanType)
        || type instanceof DecimalType
        || type instanceof DateType
        || WHOLE.contains(type)
        || FRACTIONS.contains(type);
  }

  /**
   * A common type with the scalars of one that it is common to: what such a file can be read as.
   */
  static DataType readAs(DataType common, DataType own) {
    if (common instanceof ArrayType c && own instanceof ArrayType o) {
      return DataTypes.createArrayType(readAs(c.elementType(), o.elementType()));
    }
    if (common instanceof MapType c && own instanceof MapType o) {
      return DataTypes.createMapType(
          readAs(c.keyType(), o.keyType()), readAs(c.valueType(), o.valueType()));
    }
    if (common instanceof StructType c && own instanceof StructType o) {
      StructType all = new StructType();
      for (StructField field : c.fields()) {
        boolean has = Arrays.asList(o.fieldNames()).contains(field.name());
        all =
            all.add(
                field.name(),
                has
                    ? readAs(field.dataType(), o.apply(field.name()).dataType())
                    : field.dataType());
      }
      return all;
    }
    return own.asNullable();
  }
}
