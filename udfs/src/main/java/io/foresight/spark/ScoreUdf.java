package io.foresight.spark;

import io.foresight.decoding.Counters;
import io.foresight.decoding.RowFault;
import io.foresight.engine.LostDevice;
import io.foresight.engine.RowListener;
import io.foresight.engine.RowScorer;
import io.foresight.engine.RowScorer.Scored;
import io.foresight.engine.ScoringSettings;
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
                new RowScorer(settings.withModels(models::folder), context::killTaskIfInterrupted));
    context.addTaskCompletionListener((TaskCompletionListener) done -> scorer.close());
    return Rows.mapped(
        LostDevice.watched(scorer.score(rows)),
        scored -> {
          listener.done(Counters.ZERO);
          return append(scored);
        });
  }

  @Override
  public Row failed(Row row, RowFault.Kind kind, String message) {
    return append(new Scored(row, null, new RowFault(kind, message)));
  }

  private Row append(Scored scored) {
    boolean failed = scored.outcome() == null;
    return Rows.append(
        scored.row(),
        columns,
        failed ? null : scored.outcome().reward(),
        failed ? null : JavaConverters.mapAsScalaMap(scored.outcome().scores()),
        failed ? null : scored.outcome().satisfied(),
        failed ? Rows.reason(scored.fault()) : null,
        failed ? scored.fault().kind().spelling() : null);
  }
}
