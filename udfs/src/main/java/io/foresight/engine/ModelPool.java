package io.foresight.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is loaded once and used by several tasks. It stays when its last user has gone, so that the
 * next task finds it warm, until something else is to be loaded, which may need its memory, or
 * until nobody has used it for some time. Thread-safe.
 *
 * @param <K> what things are known by
 */
public final class ModelPool<K> {

  private static final Logger LOG = LoggerFactory.getLogger(ModelPool.class);

  /** Has something done later, by another thread. */
  @FunctionalInterface
  interface Timer {
    void schedule(Runnable work, Duration after);
  }

  /** A thing in use by one task. Closing this leaves it in the pool. */
  public static final class Use<M> implements AutoCloseable {

    private final M model;
    private final Runnable release;
    private boolean closed;

    private Use(M model, Runnable release) {
      this.model = model;
      this.release = release;
    }

    public M model() {
      return model;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        release.run();
      }
    }
  }

  private static final class Held {

    /** {@code null} until it is loaded, by whoever has this one's lock. */
    private volatile AutoCloseable model;

    /** As the next one, guarded by the pool. */
    private int users;

    private long idleSince;

    private synchronized AutoCloseable loaded(Supplier<? extends AutoCloseable> load) {
      if (model == null) {
        model = load.get();
      }
      return model;
    }

    private void close(Object key) {
      try {
        model.close();
      } catch (Exception e) {
        // Whoever closes it is not the one who is concerned.
        LOG.warn("Cannot close {}.", key, e);
      }
    }
  }

  private final Duration grace;
  private final Timer timer;
  private final LongSupplier nanoTime;
  private final Map<K, Held> held = new HashMap<>();

  /**
   * An empty pool.
   *
   * @param grace how long something stays that nobody uses
   * @param nanoTime a clock as {@link System#nanoTime} is one
   */
  ModelPool(Duration grace, Timer timer, LongSupplier nanoTime) {
    this.grace = grace;
    this.timer = timer;
    this.nanoTime = nanoTime;
  }

  /**
   * Takes something into use; those who want the same thing while it is loaded wait for it. Where
   * it is not there, what nobody uses leaves first.
   *
   * @param load loads it; if it throws, so does this call, and the next one tries again
   */
  <M extends AutoCloseable> Use<M> use(K key, Class<M> type, Supplier<M> load) {
    Held mine;
    Map<K, Held> leaving = Map.of();
    synchronized (this) {
      mine = held.get(key);
      if (mine == null) {
        leaving = removeIdle(any -> true);
        mine = new Held();
        held.put(key, mine);
      }
      mine.users++;
    }
    leaving.forEach((gone, one) -> one.close(gone));
    try {
      M model = type.cast(mine.loaded(load));
      Held used = mine;
      return new Use<>(model, () -> release(key, used));
    } catch (RuntimeException | Error e) {
      release(key, mine);
      throw e;
    }
  }

  private void release(K key, Held mine) {
    synchronized (this) {
      mine.users--;
      if (mine.users > 0) {
        return;
      }
      if (mine.model == null) {
        held.remove(key);
        return;
      }
      mine.idleSince = nanoTime.getAsLong();
    }
    timer.schedule(this::closeExpired, grace);
  }

  private void closeExpired() {
    Map<K, Held> leaving;
    synchronized (this) {
      long now = nanoTime.getAsLong();
      leaving = removeIdle(one -> now - one.idleSince >= grace.toNanos());
    }
    leaving.forEach((key, one) -> one.close(key));
  }

  /** Closes and forgets all that nobody uses. */
  void closeIdle() {
    Map<K, Held> leaving;
    synchronized (this) {
      leaving = removeIdle(any -> true);
    }
    leaving.forEach((key, one) -> one.close(key));
  }

  private Map<K, Held> removeIdle(Predicate<Held> condition) {
    Map<K, Held> leaving = new HashMap<>();
    for (Iterator<Map.Entry<K, Held>> all = held.entrySet().iterator(); all.hasNext(); ) {
      Map.Entry<K, Held> one = all.next();
      if (one.getValue().users == 0 && condition.test(one.getValue())) {
        leaving.put(one.getKey(), one.getValue());
        all.remove();
      }
    }
    return leaving;
  }

  /** What is there, in use or not. */
  synchronized List<K> keys() {
    return new ArrayList<>(held.keySet());
  }
}
