package io.foresight.engine;

import io.foresight.model.ForwardScheduler;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Items that are worked on many at a time, by one {@link ForwardScheduler} after the other: where
 * the engine has no memory for so many, those that are not done start anew, half as many at a time.
 * One that has no memory alone gets a result that says so, and the others go on as before. All else
 * that is thrown ends the iterator. Of one thread.
 */
final class ShrinkingBatch<I, R> implements Iterator<R>, AutoCloseable {

  /** What is done with items. */
  interface Work<I, R> {

    /**
     * Starts a scheduler. What it does with an item goes through {@link Item#result}.
     *
     * @param atATime items in flight, at most
     */
    ForwardScheduler<Item<I, R>, R> start(Iterator<Item<I, R>> items, int atATime);

    /** Gives up what was computed for items in flight, whose work will start anew. */
    void reset();

    /** What an item gives that has no memory alone. */
    R withoutMemory(I item, RuntimeException failure);
  }

  /** An item, and its result, so that it is not worked on again where others are. */
  static final class Item<I, R> {

    private final I value;
    private R result;

    private Item(I value) {
      this.value = value;
    }

    I value() {
      return value;
    }

    /** The result, made unless there is one. */
    R result(Supplier<R> made) {
      if (!isDone()) {
        end(made.get());
      }
      return get();
    }

    /** Sets the result, unless there is one, and gives it. */
    synchronized R end(R given) {
      if (result == null) {
        result = given;
      }
      return result;
    }

    private synchronized boolean isDone() {
      return result != null;
    }

    private synchronized R get() {
      return result;
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(ShrinkingBatch.class);

  private final Work<I, R> work;
  private final int most;
  private final List<ForwardScheduler<?, ?>> schedulers = new ArrayList<>();
  private Iterator<Item<I, R>> rest;
  private ForwardScheduler<Item<I, R>, R> scheduler;

  /** The item that had all memory to itself from its beginning, if there is one. */
  private Item<I, R> alone;

  /**
   * Starts nothing yet.
   *
   * @param most items at a time
   */
  ShrinkingBatch(Iterator<I> items, int most, Work<I, R> work) {
    this.work = work;
    this.most = most;
    rest = Iterators.mapped(items, Item::new);
    start(most);
  }

  private void start(int atATime) {
    scheduler = work.start(rest, atATime);
    schedulers.add(scheduler);
  }

  @Override
  public boolean hasNext() {
    return scheduler.hasNext();
  }

  @Override
  public R next() {
    while (true) {
      try {
        return scheduler.next();
      } catch (RuntimeException e) {
        if (!scheduler.isOutOfMemory()) {
          throw e;
        }
        startAnew(e);
      }
    }
  }

  private void startAnew(RuntimeException failure) {
    List<Item<I, R>> unfinished = scheduler.unfinished();
    scheduler.close();
    Item<I, R> first = unfinished.stream().filter(item -> !item.isDone()).findFirst().orElseThrow();
    int atATime = Math.max(1, Math.min(scheduler.rows(), unfinished.size()) / 2);
    if (first == alone) {
      first.end(work.withoutMemory(first.value(), failure));
      atATime = most;
    } else {
      LOG.warn("Working on {} rows at a time from now on, for want of memory.", atATime, failure);
    }
    alone = atATime == 1 ? first : null;
    work.reset();
    rest = Iterators.concatenated(unfinished.iterator(), rest);
    start(atATime);
  }

  /** Nanoseconds that forwards waited for items that were busy, so far. */
  long waitingNanos() {
    return schedulers.stream().mapToLong(ForwardScheduler::waitingNanos).sum();
  }

  /** Ends the items in flight. */
  @Override
  public void close() {
    schedulers.forEach(ForwardScheduler::close);
  }
}
