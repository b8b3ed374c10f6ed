package io.foresight.jobs.process;

import static java.util.stream.Collectors.joining;

import io.foresight.engine.GenerationSettings;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.Rows;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** A few rows of a run's output, for its user to look at. */
public final class Examples {

  /** Width of the column that tells rows apart. */
  private static final int SHOWN = 36;

  private Examples() {}

  /** The first rows by id: the status, what the prompt is made of, the output or error. */
  public static String table(Dataset<Row> written, GenerationSettings settings, int count) {
    Dataset<Row> rows =
        ColumnSettings.idColumn(settings.settings()) == null
            ? written
            : written.orderBy(ColumnNames.column(ColumnSettings.idColumn(settings.settings())));
    List<String> columns = settings.prompt().columns();
    StringBuilder table = new StringBuilder();
    for (Row row : rows.limit(count).collectAsList()) {
      Map<String, Object> values = Rows.values(row);
      String asked =
          columns.stream().map(column -> shown(values.get(column))).collect(joining(" "));
      if (asked.length() >= SHOWN) {
        asked = asked.substring(0, SHOWN - 4) + "...";
      }
      String prefix = settings.settings().get(ColumnSettings.PREFIX);
      Object output = values.get(prefix + "output");
      table.append(
          "%-12s%-36s%s%n"
              .formatted(
                  values.get(prefix + "status"),
                  asked,
                  output == null ? values.get(prefix + "error") : output));
    }
    return table.toString();
  }

  private static String shown(Object value) {
    String text =
        value instanceof List<?> list
            ? list.stream().map(String::valueOf).collect(joining(" "))
            : String.valueOf(value);
    return text.strip().replaceAll("\\s+", " ");
  }
}
