package io.foresight.spark;

import io.foresight.decoding.RowFault;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowDecoder;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import io.foresight.spark.run.RowsFunction;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import scala.collection.JavaConverters;

/**
 * Decodes a partition's rows on the executor, in order, one output row per input row. Models are
 * copied, where they are remote, and loaded when the first row comes, never for an empty partition.
 */
final class CdslUdf implements RowsFunction {

  private static final long serialVersionUID = 1;

  private final GenerationSettings settings;
  private final RunModels models;
  private final int columns;
  private final RowListener listener;

  /**
   * @param models how executors get at the models that the settings name
   * @param columns how many of the rows' columns are the input's own; the output has those
   */
  CdslUdf(GenerationSettings settings, RunModels models, int columns, RowListener listener) {
    this.listener = listener;
    this.settings = settings;
    this.models = models;
    this.columns = columns;
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
                    settings.withModels(models::folder), SparkTask.current(settings.device())));
    context.addTaskCompletionListener((TaskCompletionListener) done -> decoder.close());
    return Rows.joined(
        rows,
        row -> row.getAs(HiddenColumns.ID),
        input -> LostDevice.watched(decoder.decode(input)),
        (row, decoded) -> {
          listener.done(decoded.result().counters());
          return append(row, decoded.result());
        });
  }

  @Override
  public Row failed(Row row, RowFault.Kind kind, String message) {
    return append(row, RowDecoder.failed(new RowFault(kind, message), 0));
  }

  private Row append(Row row, RowDecoder.Result result) {
    return Rows.append(
        row,
        columns,
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
