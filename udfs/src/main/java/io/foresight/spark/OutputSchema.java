package io.foresight.spark;

import io.foresight.decoding.Counters;
import io.foresight.engine.RowResult;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** The columns that generation and scoring add to their input. */
final class OutputSchema {

  /** Names of the counters, in the order of {@link Counters}, then {@code millis}. */
  private static final StructType COUNTERS = counterType();

  private static final StructType GENERATED =
      new StructType()
          .add("output", DataTypes.StringType)
          .add("reward", DataTypes.DoubleType)
          .add(
              "constraint_scores",
              DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType))
          .add("satisfied", DataTypes.BooleanType)
          .add("status", DataTypes.StringType)
          .add("error", DataTypes.StringType)
          .add("error_kind", DataTypes.StringType)
          .add("tokens", DataTypes.IntegerType)
          .add("log_prob", DataTypes.DoubleType)
          .add("counters", COUNTERS);

  private static final StructType OUTPUT =
      new StructType()
          .add("text", DataTypes.StringType)
          .add("reward", DataTypes.DoubleType)
          .add(
              "constraint_scores",
              DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType))
          .add("satisfied", DataTypes.BooleanType)
          .add("tokens", DataTypes.IntegerType)
          .add("log_prob", DataTypes.DoubleType);

  private static final StructType SCORED = scored();

  private OutputSchema() {}

  private static StructType scored() {
    StructType scored = new StructType();
    for (String name : List.of("reward", "constraint_scores", "satisfied", "error", "error_kind")) {
      scored = scored.add(GENERATED.apply(name));
    }
    return scored;
  }

  /**
   * The input's columns, then generation's.
   *
   * @param prefix what precedes the latter's names
   * @throws IllegalArgumentException if the input already has one of them; names are compared as
   *     Spark does, without case
   */
  static StructType generated(StructType input, String prefix) {
    return generated(input, prefix, false);
  }

  /** The same, with {@code outputs} last if all of a row's texts are written. */
  static StructType generated(StructType input, String prefix, boolean all) {
    StructType columns =
        all ? GENERATED.add("outputs", DataTypes.createArrayType(OUTPUT)) : GENERATED;
    return added(input, columns, prefix);
  }

  /**
   * The input's columns, then scoring's, which are among generation's.
   *
   * @param prefix what precedes the latter's names
   * @throws IllegalArgumentException if the input already has one of them; names are compared as
   *     Spark does, without case
   */
  static StructType scored(StructType input, String prefix) {
    return added(input, SCORED, prefix);
  }

  /**
   * The input's columns, then a judge's: {@code tokens}, {@code log_prob}, {@code error} and {@code
   * error_kind}; as {@link #scored}.
   */
  static StructType judged(StructType input, String prefix) {
    StructType judged = new StructType();
    for (String name : List.of("tokens", "log_prob", "error", "error_kind")) {
      judged = judged.add(GENERATED.apply(name));
    }
    return added(input, judged, prefix);
  }

  private static StructType added(StructType input, StructType columns, String prefix) {
    StructType further = new StructType();
    for (StructField column : columns.fields()) {
      further = further.add(prefix + column.name(), column.dataType());
    }
    List<String> taken = new ArrayList<>();
    for (StructField field : further.fields()) {
      for (String name : input.fieldNames()) {
        if (name.equalsIgnoreCase(field.name())) {
          taken.add(name);
        }
      }
    }
    if (!taken.isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot add the output columns: the input already has %s. Rename or drop %s, or set output.prefix to what is to precede the new ones' names."
              .formatted(taken, taken.size() == 1 ? "it" : "them"));
    }
    StructType all = input;
    for (StructField field : further.fields()) {
      all = all.add(field);
    }
    return all;
  }

  /** A row's texts; {@code null} of a row that has none. */
  static Seq<Row> outputs(List<RowResult.Output> outputs) {
    if (outputs == null) {
      return null;
    }
    List<Row> rows = new ArrayList<>();
    for (RowResult.Output output : outputs) {
      rows.add(
          RowFactory.create(
              output.text(),
              output.reward(),
              JavaConverters.mapAsScalaMap(output.scores()),
              output.satisfied(),
              output.tokens(),
              output.logProb()));
    }
    return JavaConverters.asScalaBuffer(rows).toList();
  }

  static Row counters(Counters counters, long millis) {
    RecordComponent[] components = Counters.class.getRecordComponents();
    Object[] values = new Object[components.length + 1];
    for (int i = 0; i < components.length; i++) {
      try {
        values[i] = components[i].getAccessor().invoke(counters);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("Cannot read counter " + components[i].getName() + ".", e);
      }
    }
    values[components.length] = millis;
    return RowFactory.create(values);
  }

  private static StructType counterType() {
    StructType type = new StructType();
    for (RecordComponent component : Counters.class.getRecordComponents()) {
      String name = component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
      type = type.add(new StructField(name, DataTypes.LongType, false, Metadata.empty()));
    }
    return type.add(new StructField("millis", DataTypes.LongType, false, Metadata.empty()));
  }
}
