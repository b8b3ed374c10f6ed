package io.foresight.spark;

import io.foresight.spark.RowScorer.Scored;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import scala.collection.JavaConverters;

/** Scores a partition's texts on the executor, in order, one output row per input row. */
final class ScoreUdf implements MapPartitionsFunction<Row, Row> {

  private static final long serialVersionUID = 1;

  private final ScoringSettings settings;
  private final RunModels models;
  private final int kept;

  /**
   * @param models how executors get at the models that the settings name
   * @param kept columns, from the first, that are the input's own; hidden ones follow
   */
  ScoreUdf(ScoringSettings settings, RunModels models, int kept) {
    this.kept = kept;
    this.settings = settings;
    this.models = models;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    RowScorer scorer = new RowScorer(settings.withModels(models::folder));
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) done -> scorer.close());
    return Rows.mapped(scorer.score(rows), this::append);
  }

  private Row append(Scored scored) {
    boolean failed = scored.outcome() == null;
    return Rows.append(
        scored.row(),
        kept,
        failed ? null : scored.outcome().reward(),
        failed ? null : JavaConverters.mapAsScalaMap(scored.outcome().scores()),
        failed ? null : scored.outcome().satisfied(),
        scored.error());
  }
}
