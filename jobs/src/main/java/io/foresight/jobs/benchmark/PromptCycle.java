package io.foresight.jobs.benchmark;

import io.foresight.engine.InputRow;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import io.foresight.spark.run.Identified;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The rows of a benchmark: the prompts, and again the prompts under fresh ids until there are as
 * many as wanted. The prompts' own ids are those that {@code generate} gives them, so that what is
 * sampled is the same.
 *
 * @param prompts with their ids in the last column, {@link HiddenColumns#ID}
 * @param idColumn {@code null} if ids are derived
 * @param size rows in all
 */
public record PromptCycle(List<Row> prompts, String idColumn, int size)
    implements Iterable<InputRow> {

  /**
   * Reads the prompts.
   *
   * @param idColumn {@code null} to derive ids
   * @param size rows in all; {@code null} for each prompt once
   */
  public static PromptCycle of(Dataset<Row> input, String idColumn, Integer size) {
    List<Row> prompts = Identified.rows(input, idColumn).collectAsList();
    return new PromptCycle(prompts, idColumn, size == null ? prompts.size() : size);
  }

  @Override
  public Iterator<InputRow> iterator() {
    return first(size);
  }

  /** The first {@code count}, or all if there are fewer. */
  Iterator<InputRow> first(int count) {
    return IntStream.range(0, Math.min(count, size))
        .mapToObj(i -> Rows.input(id(i), row(i)))
        .iterator();
  }

  private Row row(int i) {
    return prompts.get(i % prompts.size());
  }

  private String id(int i) {
    String id = row(i).getAs(HiddenColumns.ID);
    int cycle = i / prompts.size();
    return cycle == 0 ? id : id + "#" + cycle;
  }

  /** What to call a row when it is the reason of an error. */
  String nameOf(InputRow row) {
    return String.valueOf(idColumn == null ? row.values() : row.values().get(idColumn));
  }

  /** The first {@code count} as Spark takes them, ids as texts. */
  Dataset<Row> dataset(SparkSession spark, int count) {
    StructType schema = prompts.get(0).schema();
    int at = idColumn == null ? -1 : schema.fieldIndex(idColumn);
    // Spark's own way gives them ids anew.
    StructField[] fields = Arrays.copyOf(schema.fields(), schema.size() - 1);
    if (at >= 0) {
      fields[at] = new StructField(idColumn, DataTypes.StringType, false, Metadata.empty());
    }
    List<Row> rows =
        IntStream.range(0, Math.min(count, size))
            .mapToObj(
                i -> {
                  Object[] values =
                      IntStream.range(0, fields.length).mapToObj(row(i)::get).toArray();
                  if (at >= 0) {
                    values[at] = id(i);
                  }
                  return RowFactory.create(values);
                })
            .toList();
    return spark.createDataFrame(rows, new StructType(fields));
  }
}
