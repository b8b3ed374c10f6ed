package io.foresight.engine;

import io.foresight.decoding.RowFault;
import io.foresight.engine.ShrinkingBatch.Item;
import io.foresight.model.CacheBudget;
import io.foresight.model.ForwardScheduler;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards.Outcome;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * Scores rows' texts by a task's rewards, many at a time, so that they share the forwards of the
 * rewards' models. Belongs to one thread, a task's as a rule, which closes it.
 */
public final class RowScorer implements AutoCloseable {

  /** Rows in flight: enough that a classifier's forward is full. */
  private static final int BATCH = 64;

  private final ScoringSettings settings;
  private final EngineTask task;
  private final Scorers scorers;
  private final Rewards rewards;
  private final StallWatch watch;
  private ShrinkingBatch<InputRow, Scored> scoring;

  /**
   * A row and what its text got.
   *
   * @param outcome {@code null} if there was a fault
   * @param fault {@code null} if there was none
   */
  public record Scored(InputRow row, Outcome outcome, RowFault fault) {}

  /**
   * Loads the rewards' models, unless the process holds them already.
   *
   * @param settings with models in folders of this host
   * @param task whoever may end it
   */
  public RowScorer(ScoringSettings settings, EngineTask task) {
    this(settings, task, texts -> {});
  }

  /** The same; {@code before} sees the ids of the texts of each forward ahead of it. */
  public RowScorer(ScoringSettings settings, EngineTask task, Consumer<List<int[]>> before) {
    this.settings = settings;
    this.task = task;
    scorers =
        new Scorers(
            settings.device().resolve(task),
            new CacheBudget(settings.cacheBytes()),
            settings.cacheBytes(),
            new LongAdder(),
            before);
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
   * all. Where the engine has no memory for so many rows, fewer are scored at a time. To be called
   * once.
   */
  public Iterator<Scored> score(Iterator<InputRow> rows) {
    scoring = new ShrinkingBatch<>(rows, BATCH, new Scoring());
    return scoring;
  }

  /** The scoring of rows. */
  private final class Scoring implements ShrinkingBatch.Work<InputRow, Scored> {

    @Override
    public ForwardScheduler<Item<InputRow, Scored>, Scored> start(
        Iterator<Item<InputRow, Scored>> rows, int atATime) {
      ForwardScheduler<Item<InputRow, Scored>, Scored> scheduler =
          new ForwardScheduler<>(
              rows,
              atATime,
              any -> atATime,
              null,
              null,
              (row, target, draft) -> row.result(() -> scored(row.value())));
      scheduler.checkAlways(task::check);
      if (settings.limits().row() != null) {
        scheduler.limitTime(
            settings.limits().row(),
            row -> row.end(new Scored(row.value(), null, settings.limits().exceeded())));
      }
      scorers.serve(scheduler);
      watch.over(scheduler);
      return scheduler;
    }

    /** Classifiers hold nothing from one forward to the next. */
    @Override
    public void reset() {}

    @Override
    public Scored withoutMemory(InputRow row, RuntimeException failure) {
      return new Scored(
          row,
          null,
          new RowFault(
              RowFault.Kind.MEMORY,
              "Cannot score the text: there is no memory for it alone (%s). Shorten it, or take a device with more memory."
                  .formatted(RowFault.reason(failure))));
    }
  }

  private Scored scored(InputRow row) {
    if (row.fault() != null) {
      return new Scored(row, null, row.fault());
    }
    try {
      Map<String, Object> values = row.values();
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
    if (scoring != null) {
      scoring.close();
    }
    try {
      rewards.close();
    } finally {
      scorers.close();
    }
  }
}
