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
  private final boolean dropId;
  private final RowListener listener;

  /**
   * @param models how executors get at the models that the settings name
   * @param idColumn column that holds each row's id
   * @param dropId whether that column, the last one, is left out of the output
   */
  CdslUdf(
      GenerationSettings settings,
      RunModels models,
      String idColumn,
      boolean dropId,
      RowListener listener) {
    this.listener = listener;
    this.settings = settings;
    this.models = models;
    this.idColumn = idColumn;
    this.dropId = dropId;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    TaskContext context = TaskContext.get();
    RowDecoder decoder =
        LostDevice.watched(
            () ->
                new RowDecoder(
                    settings.withModels(models::folder), context::killTaskIfInterrupted));
    context.addTaskCompletionListener((TaskCompletionListener) done -> decoder.close());
    Iterator<RowDecoder.Decoded> decoded =
        LostDevice.watched(
            decoder.decode(
                Rows.mapped(
                    rows,
                    row ->
                        new RowDecoder.Named(String.valueOf(row.<Object>getAs(idColumn)), row))));
    return Rows.mapped(
        decoded,
        one -> {
          listener.decoded(one.result());
          return append(one.row(), one.result());
        });
  }

  private Row append(Row row, RowDecoder.Result result) {
    return Rows.append(
        row,
        dropId ? row.length() - 1 : row.length(),
        result.output(),
        result.reward(),
        result.scores() == null ? null : JavaConverters.mapAsScalaMap(result.scores()),
        result.satisfied(),
        result.status(),
        result.error(),
        result.errorKind(),
        result.tokens(),
        result.logProb(),
        OutputSchema.counters(result.counters(), result.millis()));
  }
}
