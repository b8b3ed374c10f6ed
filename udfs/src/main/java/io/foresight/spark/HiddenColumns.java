package io.foresight.spark;

import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Columns that travel with the rows of a dataset, and never reach the output. No column of an input
 * may be called so.
 */
public final class HiddenColumns {

  /** The row's id as a text, given or derived, which no other row has. */
  public static final String ID = "_foresight_id";

  /**
   * Why a row could not be read as the settings expect it; null for one that could. A row that has
   * it becomes an error row of kind input with this message.
   */
  public static final String INPUT_ERROR = "_foresight_error";

  /** Digest of the row's content, a number. */
  public static final String CHECKSUM = "_foresight_checksum";

  private HiddenColumns() {}

  /** The columns of a dataset that are its user's own, in order. */
  static Dataset<Row> without(Dataset<Row> rows) {
    return rows.drop(INPUT_ERROR);
  }

  /** The same rows with the hidden column last, if they have it. */
  static Dataset<Row> last(Dataset<Row> rows) {
    return in(rows) ? rows.select(columns(without(rows), INPUT_ERROR)) : rows;
  }

  /** Why a row could not be read; null if it could. */
  static String inputError(Row row) {
    List<String> names = Arrays.asList(row.schema().fieldNames());
    int index = names.lastIndexOf(INPUT_ERROR);
    return index < 0 ? null : row.getString(index);
  }

  private static boolean in(Dataset<Row> rows) {
    return Arrays.asList(rows.columns()).contains(INPUT_ERROR);
  }

  private static Column[] columns(Dataset<Row> rows, String further) {
    String[] names = Arrays.copyOf(rows.columns(), rows.columns().length + 1);
    names[names.length - 1] = further;
    return Arrays.stream(names).map(ColumnNames::column).toArray(Column[]::new);
  }
}
