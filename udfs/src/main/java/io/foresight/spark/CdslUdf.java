package io.foresight.spark;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.RowFault;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowDecoder;
import io.foresight.engine.RowResult;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import io.foresight.spark.run.RowsFunction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
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

  private Row append(Row row, RowResult result) {
    List<Object> added = new ArrayList<>();
    added.add(result.output());
    added.add(result.reward());
    added.add(result.scores() == null ? null : JavaConverters.mapAsScalaMap(result.scores()));
    added.add(result.satisfied());
    added.add(result.status());
    added.add(result.error());
    added.add(result.errorKind());
    added.add(result.tokens());
    added.add(result.logProb());
    added.add(OutputSchema.counters(result.counters(), result.millis()));
    if (writesAll(settings)) {
      added.add(OutputSchema.outputs(result.outputs()));
    }
    return Rows.append(row, columns, added.toArray());
  }

  /** Whether all of a row's texts are written. */
  static boolean writesAll(GenerationSettings settings) {
    return settings.settings().get(DecodingSettings.OUTPUTS) == DecodingSettings.Outputs.ALL;
  }
}
