package io.foresight.spark.rows;

import io.foresight.decoding.RowFault;
import io.foresight.engine.InputRow;
import io.foresight.engine.Iterators;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/** Spark's rows as the engine takes and gives them. */
public final class Rows {

  private Rows() {}

  /**
   * A row as the engine takes it: lists as {@link List}, maps and structures as {@link Map}, in
   * their order.
   *
   * @param id what it is known by
   */
  public static InputRow input(String id, Row row) {
    String unreadable = HiddenColumns.inputError(row);
    return unreadable == null
        ? new InputRow(id, values(row))
        : new InputRow(id, Map.of(), new RowFault(RowFault.Kind.INPUT, unreadable));
  }

  /** The values of a row by column, as {@link #input} has them. */
  public static Map<String, Object> values(Row row) {
    Map<String, Object> values = new LinkedHashMap<>();
    String[] names = row.schema().fieldNames();
    for (int i = 0; i < names.length; i++) {
      values.put(names[i], java(row.get(i)));
    }
    return values;
  }

  private static Object java(Object value) {
    if (value instanceof Seq<?> seq) {
      List<?> list = JavaConverters.seqAsJavaList(seq);
      return list.stream().map(Rows::java).toList();
    }
    if (value instanceof scala.collection.Map<?, ?> map) {
      Map<Object, Object> values = new LinkedHashMap<>();
      JavaConverters.mapAsJavaMap(map).forEach((key, of) -> values.put(java(key), java(of)));
      return values;
    }
    return value instanceof Row struct ? values(struct) : value;
  }

  /**
   * What the engine makes of rows, beside the rows that it made it of.
   *
   * @param id gives a row's id
   * @param work one result per row, in order
   * @param joined makes the output row
   */
  public static <R> Iterator<Row> joined(
      Iterator<Row> rows,
      Function<Row, String> id,
      Function<Iterator<InputRow>, Iterator<R>> work,
      BiFunction<Row, R, Row> joined) {
    return scored(rows, row -> input(id.apply(row), row), work, joined);
  }

  /**
   * The same.
   *
   * @param as what the engine is given of a row
   */
  public static <R> Iterator<Row> scored(
      Iterator<Row> rows,
      Function<Row, InputRow> as,
      Function<Iterator<InputRow>, Iterator<R>> work,
      BiFunction<Row, R, Row> joined) {
    Deque<Row> pulled = new ArrayDeque<>();
    Iterator<InputRow> input =
        Iterators.mapped(
            rows,
            row -> {
              pulled.add(row);
              return as.apply(row);
            });
    return Iterators.mapped(work.apply(input), result -> joined.apply(pulled.remove(), result));
  }

  /** The first {@code kept} values of a row, and further ones. */
  public static Row append(Row row, int kept, Object... added) {
    Object[] values = new Object[kept + added.length];
    for (int i = 0; i < kept; i++) {
      values[i] = row.get(i);
    }
    System.arraycopy(added, 0, values, kept, added.length);
    return RowFactory.create(values);
  }
}
