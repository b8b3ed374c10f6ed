package io.foresight.spark;

import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import scala.collection.JavaConverters;

/**
 * Decodes a partition's rows on the executor, in order, one output row per input row. Models are
 * copied, where they are remote, and loaded when the first row comes, never for an empty partition.
 */
final class CdslUdf implements MapPartitionsFunction<Row, Row> {

  private static final long serialVersionUID = 1;

  private final GenerationSettings settings;
  private final RunModels models;
  private final String idColumn;
  private final int kept;
  private final RowListener listener;

  /**
   * @param models how executors get at the models that the settings name
   * @param idColumn column that holds each row's id
   * @param kept columns, from the first, that are the input's own; hidden ones follow
   */
  CdslUdf(
      GenerationSettings settings,
      RunModels models,
      String idColumn,
      int kept,
      RowListener listener) {
    this.listener = listener;
    this.settings = settings;
    this.models = models;
    this.idColumn = idColumn;
    this.kept = kept;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    RowDecoder decoder = new RowDecoder(settings.withModels(models::folder));
    TaskContext context = TaskContext.get();
    context.addTaskCompletionListener((TaskCompletionListener) done -> decoder.close());
    Iterator<RowDecoder.Decoded> decoded =
        decoder.decode(Rows.mapped(rows, row -> new RowDecoder.Named(id(row), row)));
    return Rows.mapped(
        decoded,
        one -> {
          listener.decoded(one.result());
          return append(one.row(), one.result());
        });
  }

  private String id(Row row) {
    String unreadable = HiddenColumns.inputError(row);
    return unreadable == null ? RowId.of(row.getAs(idColumn)) : unreadable;
  }

  private Row append(Row row, RowDecoder.Result result) {
    return Rows.append(
        row,
        kept,
        result.output(),
        result.reward(),
        result.scores() == null ? null : JavaConverters.mapAsScalaMap(result.scores()),
        result.satisfied(),
        result.status(),
        result.error(),
        result.tokens(),
        result.logProb(),
        OutputSchema.counters(result.counters(), result.millis()));
  }
}
