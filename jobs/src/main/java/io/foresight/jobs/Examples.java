package io.foresight.jobs;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;

import io.foresight.spark.GenerationSettings;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** A few rows of a run's output, for its user to look at. */
final class Examples {

  private Examples() {}

  /** Prints the first rows by id: the status, the concepts, and the output or the error. */
  static void print(Dataset<Row> written, GenerationSettings settings, int count) {
    Dataset<Row> rows =
        settings.idColumn() == null ? written : written.orderBy("`" + settings.idColumn() + "`");
    for (Row row :
        rows.select(
                col("status"),
                col("`" + settings.conceptsColumn() + "`"),
                coalesce(col("output"), col("error")))
            .limit(count)
            .collectAsList()) {
      String concepts = row.isNullAt(1) ? "" : String.join(" ", row.<String>getList(1));
      System.out.printf("%-12s%-36s%s%n", row.getString(0), concepts, row.getString(2));
    }
  }
}
