package io.foresight.spark.rows;

import static org.apache.spark.sql.functions.col;

import org.apache.spark.sql.Column;

/** Columns by names of the user's choice. */
public final class ColumnNames {

  private ColumnNames() {}

  /** The column of exactly that name, in which Spark would take dots and backticks for syntax. */
  public static Column column(String name) {
    return col("`" + name.replace("`", "``") + "`");
  }
}
