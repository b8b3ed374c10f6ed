package io.foresight.spark;

import io.foresight.decoding.Counters;
import io.foresight.decoding.RowFault;
import io.foresight.engine.RowScorer;
import io.foresight.engine.RowScorer.Scored;
import io.foresight.engine.ScoringSettings;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import io.foresight.spark.run.RowsFunction;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import scala.collection.JavaConverters;

/** Scores a partition's texts on the executor, in order, one output row per input row. */
final class ScoreUdf implements RowsFunction {

  private static final long serialVersionUID = 1;

  private final ScoringSettings settings;
  private final RunModels models;
  private final int columns;
  private final RowListener listener;

  /**
   * @param models how executors get at the models that the settings name
   * @param columns how many of the rows' columns are the input's own; the output has those
   */
  ScoreUdf(ScoringSettings settings, RunModels models, int columns, RowListener listener) {
    this.settings = settings;
    this.models = models;
    this.columns = columns;
    this.listener = listener;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    TaskContext context = TaskContext.get();
    RowScorer scorer =
        LostDevice.watched(
            () ->
                new RowScorer(
                    settings.withModels(models::folder), SparkTask.current(settings.device())));
    context.addTaskCompletionListener((TaskCompletionListener) done -> scorer.close());
    return Rows.joined(
        rows,
        row -> row.getAs(HiddenColumns.ID),
        input -> LostDevice.watched(scorer.score(input)),
        (row, scored) -> {
          listener.done(Counters.ZERO);
          return append(row, scored);
        });
  }

  @Override
  public Row failed(Row row, RowFault.Kind kind, String message) {
    return append(row, new Scored(null, null, new RowFault(kind, message)));
  }

  private Row append(Row row, Scored scored) {
    boolean failed = scored.outcome() == null;
    return Rows.append(
        row,
        columns,
        failed ? null : scored.outcome().reward(),
        failed ? null : JavaConverters.mapAsScalaMap(scored.outcome().scores()),
        failed ? null : scored.outcome().satisfied(),
        failed ? RowFault.reason(scored.fault()) : null,
        failed ? scored.fault().kind().spelling() : null);
  }
}
