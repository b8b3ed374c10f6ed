package io.foresight.spark.run;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.hex;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.when;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.RowFormat;
import java.util.Arrays;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/** Gives rows the ids that they are placed, seeded and known again by. */
public final class Identified {

  /** Times are written the same whatever zone the session has. */
  private static final Map<String, String> JSON = RowFormat.asJson(Map.of("timeZone", "UTC"));

  private Identified() {}

  /**
   * The rows with {@link HiddenColumns#ID} as their last column.
   *
   * @param idColumn a column of unique values; {@code null}: digests of the rows' contents, with an
   *     ordinal among rows of the same content
   */
  public static Dataset<Row> rows(Dataset<Row> input, String idColumn) {
    if (idColumn == null) {
      Dataset<Row> digested = input.withColumn(HiddenColumns.ID, sha2(json(input), 256));
      Column ordinal = row_number().over(Window.partitionBy(HiddenColumns.ID).orderBy(lit(0)));
      return digested.withColumn(HiddenColumns.ID, concat_ws("-", col(HiddenColumns.ID), ordinal));
    }
    Column id = text(idColumn, input.schema().apply(idColumn).dataType());
    if (Arrays.asList(input.columns()).contains(HiddenColumns.INPUT_ERROR)) {
      // A row that could not be read may have no id; where it stands is its own.
      Column error = col(HiddenColumns.INPUT_ERROR);
      id = coalesce(id, when(error.isNotNull(), concat(lit("unread "), sha2(error, 256))));
    }
    return input.withColumn(HiddenColumns.ID, id);
  }

  private static Column text(String name, DataType type) {
    Column column = ColumnNames.column(name);
    if (type.equals(DataTypes.BinaryType)) {
      return hex(column);
    }
    if (type.equals(DataTypes.TimestampType)) {
      return to_json(struct(column), JSON);
    }
    return column.cast(DataTypes.StringType);
  }

  /** The same rows with {@link HiddenColumns#CHECKSUM} as their last column. */
  static Dataset<Row> withChecksum(Dataset<Row> identified) {
    return identified.withColumn(
        HiddenColumns.CHECKSUM, xxhash64(col(HiddenColumns.ID), json(identified)));
  }

  private static Column json(Dataset<Row> rows) {
    Column[] all =
        Arrays.stream(rows.schema().fields())
            .map(StructField::name)
            .filter(name -> !name.equals(HiddenColumns.ID))
            .map(ColumnNames::column)
            .toArray(Column[]::new);
    return to_json(struct(all), JSON);
  }
}
