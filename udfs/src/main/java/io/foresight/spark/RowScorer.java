package io.foresight.spark;

import io.foresight.decoding.RowFault;
import io.foresight.model.Batcher;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards.Outcome;
import java.util.Iterator;
import java.util.Map;
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
  private final Runnable check;
  private final Scorers scorers;
  private final Rewards rewards;
  private final StallWatch watch;
  private Batcher<Row, Scored> batcher;

  /**
   * A row and what its text got.
   *
   * @param outcome {@code null} if there was a fault
   * @param fault {@code null} if there was none
   */
  record Scored(Row row, Outcome outcome, RowFault fault) {}

  /**
   * Loads the rewards' models, unless the process holds them already.
   *
   * @param settings with models in folders of this host
   * @param check throws if the task is to end; asked before each row and each forward
   */
  RowScorer(ScoringSettings settings, Runnable check) {
    this.settings = settings;
    this.check = check;
    scorers = new Scorers(settings.device().resolve(), new LongAdder());
    try {
      rewards = Rewards.openHere(settings.rewards(), scorers);
    } catch (RuntimeException | Error e) {
      scorers.close();
      throw e;
    }
    watch = new StallWatch(settings.limits().stall());
  }

  /**
   * Scores rows, in order; a row's fault becomes its error, and whatever else is thrown ends it
   * all. To be called once.
   */
  Iterator<Scored> score(Iterator<Row> rows) {
    batcher =
        new Batcher<>(rows, BATCH, any -> BATCH, null, null, (row, target, draft) -> scored(row));
    batcher.checkAlways(check);
    if (settings.limits().row() != null) {
      batcher.limitTime(
          settings.limits().row(), row -> new Scored(row, null, settings.limits().exceeded()));
    }
    scorers.serve(batcher);
    watch.over(batcher);
    return batcher;
  }

  private Scored scored(Row row) {
    String unreadable = HiddenColumns.inputError(row);
    if (unreadable != null) {
      return new Scored(row, null, new RowFault(RowFault.Kind.INPUT, unreadable));
    }
    try {
      Map<String, Object> values = RowDecoder.values(row);
      if (!(values.get(settings.textColumn()) instanceof String text)) {
        throw new RowFault(
            RowFault.Kind.INPUT,
            "Cannot score the text: column %s is null. Fill it in."
                .formatted(settings.textColumn()));
      }
      return new Scored(row, rewards.forRow(values).outcome(text), null);
    } catch (RowFault e) {
      return new Scored(row, null, e);
    } finally {
      watch.progress();
    }
  }

  @Override
  public void close() {
    watch.close();
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
