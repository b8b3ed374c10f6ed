package io.foresight.spark;

import io.foresight.model.Batcher;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards.Outcome;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.LongAdder;
import org.apache.spark.sql.Row;

/**
 * Scores rows' texts by a task's rewards, many at a time, so that they share the forwards of the
 * rewards' models. Belongs to one thread, a task's as a rule, which closes it.
 */
final class RowScorer implements AutoCloseable {

  /** Rows in flight: enough that a classifier's forward is full. */
  private static final int BATCH = 64;

  private final ScoringSettings settings;
  private final Scorers scorers;
  private final Rewards rewards;
  private Batcher<Row, Scored> batcher;

  /**
   * A row and what its text got.
   *
   * @param outcome {@code null} if there was an error
   * @param error {@code null} if there was none
   */
  record Scored(Row row, Outcome outcome, String error) {}

  /**
   * Loads the rewards' models, unless the process holds them already.
   *
   * @param settings with models in folders of this host
   */
  RowScorer(ScoringSettings settings) {
    this.settings = settings;
    scorers = new Scorers(settings.device().resolve(), new LongAdder());
    try {
      rewards = Rewards.openHere(settings.rewards(), scorers);
    } catch (RuntimeException | Error e) {
      scorers.close();
      throw e;
    }
  }

  /** Scores rows, in order; a row's fault becomes its error. To be called once. */
  Iterator<Scored> score(Iterator<Row> rows) {
    batcher =
        new Batcher<>(rows, BATCH, any -> BATCH, null, null, (row, target, draft) -> scored(row));
    scorers.serve(batcher);
    return batcher;
  }

  private Scored scored(Row row) {
    try {
      Map<String, Object> values = RowDecoder.values(row);
      if (!(values.get(settings.textColumn()) instanceof String text)) {
        throw new IllegalArgumentException(
            "Cannot score the text: column %s is null. Fill it in."
                .formatted(settings.textColumn()));
      }
      return new Scored(row, rewards.forRow(values).outcome(text), null);
    } catch (CancellationException e) {
      // The task ends, and nobody will look at the row.
      throw e;
    } catch (RuntimeException e) {
      return new Scored(row, null, Rows.reason(e));
    }
  }

  @Override
  public void close() {
    if (batcher != null) {
      batcher.close();
    }
    try {
      rewards.close();
    } finally {
      scorers.close();
    }
  }
}
