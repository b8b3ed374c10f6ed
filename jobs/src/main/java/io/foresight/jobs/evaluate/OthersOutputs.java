package io.foresight.jobs.evaluate;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.run.Identified;
import io.foresight.spark.run.RunException;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;

/**
 * Texts that another system wrote, by the ids of a data set's rows.
 *
 * @param location of its file
 * @param texts rows of {@link #ID} and {@link #TEXT}
 * @param checksum of them, whatever their order
 * @param rows how many
 */
record OthersOutputs(String location, Dataset<Row> texts, String checksum, long rows) {

  private static final String ID = "_evaluated_id";
  private static final String TEXT = "_evaluated_text";

  /** What the column of the texts is called beside a data set's own, if those leave it free. */
  private static final String COLUMN = "output";

  /**
   * Reads them.
   *
   * @param settings whose input is the file
   * @param text its column of texts
   * @throws RunException of kind input, if it cannot be read, or its ids cannot be used
   */
  static OthersOutputs read(SparkSession spark, JobSettings settings, String text) {
    String location = settings.input();
    String id = ColumnSettings.idColumn(settings.generation().settings());
    ScoringSettings scoring =
        new ScoringSettings(
            settings.generation().settings(),
            text,
            new RewardSpec(settings.generation().rewards().combination(), List.of()));
    Dataset<Row> rows = InputReader.readTexts(spark, settings.reading(), scoring, id);
    for (String column : List.of(id, text)) {
      if (!Arrays.asList(rows.columns()).contains(column)) {
        throw cannot(
            location,
            "it has no column %s. It has %s; name the column of texts with --text, that of ids with input.columns.id"
                .formatted(column, String.join(", ", HiddenColumns.own(rows).fieldNames())));
      }
    }
    if (!rows.schema().apply(text).dataType().equals(DataTypes.StringType)) {
      throw cannot(
          location,
          "its column %s holds %s. Name a column of texts with --text"
              .formatted(text, rows.schema().apply(text).dataType().simpleString()));
    }
    InputReader.countWithUniqueIds(rows, id);
    Dataset<Row> read = Identified.rows(rows, id);
    Row found =
        read.agg(
                count(lit(1)),
                max(col(HiddenColumns.INPUT_ERROR)),
                sum(
                    xxhash64(col(HiddenColumns.ID), ColumnNames.column(text))
                        .cast("decimal(20,0)")))
            .head();
    if (!found.isNullAt(1)) {
      throw cannot(location, found.getString(1).replaceFirst("\\.$", ""));
    }
    return new OthersOutputs(
        location,
        read.select(col(HiddenColumns.ID).as(ID), ColumnNames.column(text).as(TEXT)),
        String.valueOf(found.get(2)),
        found.getLong(0));
  }

  private static RunException cannot(String location, String reason) {
    return new RunException(
        RunException.Kind.INPUT, "Cannot evaluate --outputs %s: %s.".formatted(location, reason));
  }

  /** What the column of the texts is called in rows of a data set. */
  static String column(Dataset<Row> rows) {
    String name = COLUMN;
    while (Arrays.stream(rows.columns()).anyMatch(name::equalsIgnoreCase)) {
      name = "evaluated_" + name;
    }
    return name;
  }

  /** Rows of a data set that there is a text for, with it. */
  Dataset<Row> beside(Dataset<Row> rows, String id) {
    return Identified.rows(rows, id)
        .join(texts, col(HiddenColumns.ID).equalTo(col(ID)))
        .withColumnRenamed(TEXT, column(rows))
        .drop(HiddenColumns.ID, ID);
  }

  /** How many rows of a data set there is a text for. */
  long matching(Dataset<Row> rows, String id) {
    return beside(rows, id).count();
  }

  /** That no row of any data set is meant. */
  RunException matchesNothing(List<String> datasets) {
    return cannot(
        location,
        "none of its %d ids is one of data set %s. Give the outputs of these rows, or the rows of these outputs"
            .formatted(rows, String.join(", ", datasets)));
  }
}
