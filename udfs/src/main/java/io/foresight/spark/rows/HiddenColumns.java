package io.foresight.spark.rows;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

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

  /** How the names of these begin, and of others that are added on the way. */
  private static final String RESERVED = "_foresight_";

  private HiddenColumns() {}

  /** Whether no column of an input may have a name, in whatever case. */
  public static boolean isReserved(String name) {
    return name.toLowerCase(Locale.ROOT).startsWith(RESERVED);
  }

  /**
   * The columns of a dataset that are its user's own.
   *
   * @throws IllegalArgumentException if another column than {@link #INPUT_ERROR} has a name that is
   *     not its user's, or that one holds no texts
   */
  public static StructType own(Dataset<Row> rows) {
    for (StructField field : rows.schema().fields()) {
      boolean error = field.name().equals(INPUT_ERROR);
      if (error && !field.dataType().equals(DataTypes.StringType)) {
        throw new IllegalArgumentException(
            "Cannot use column %s: its type is %s, and it says why a row could not be read. Make it a text, or rename it."
                .formatted(field.name(), field.dataType().simpleString()));
      }
      if (!error && isReserved(field.name())) {
        throw new IllegalArgumentException(
            "Cannot use column %s: it is a name of Foresight's own. Rename it."
                .formatted(field.name()));
      }
    }
    return without(rows).schema();
  }

  private static Dataset<Row> without(Dataset<Row> rows) {
    return rows.drop(INPUT_ERROR);
  }

  /** The same rows with the hidden column last, if they have it. */
  public static Dataset<Row> last(Dataset<Row> rows) {
    return in(rows) ? rows.select(columns(without(rows), INPUT_ERROR)) : rows;
  }

  /** Why a row could not be read; null if it could. */
  public static String inputError(Row row) {
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
