package io.foresight.model;

import io.foresight.decoding.Extension;
import io.foresight.decoding.ForwardingModel;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Scores;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * Continuous batching: decodes the items of an iterator, many at a time, and runs what they ask of
 * a model at the same moment as one forward. Each item is decoded by straight-line code on a thread
 * of its own, which blocks while a model works. Results come in the items' order; a finished item's
 * place is taken by the next one at once.
 *
 * <p>The thread that calls {@link #next} and {@link #hasNext} pulls the items and runs all
 * forwards; it is the only one that calls native code. Forwards start when every item waits for a
 * model; the model that most of them wait for goes first. An item that is busy for long, with a
 * slow reward say, is not waited for. Further work can be {@linkplain #shared shared} in the same
 * way.
 *
 * @param <I> an item
 * @param <R> its result
 */
public final class Batcher<I, R> implements Iterator<R>, AutoCloseable {

  /** Decodes one item against the models; may block in their {@code extend}. */
  @FunctionalInterface
  public interface Decoder<I, R> {
    /**
     * Decodes.
     *
     * @param draft {@code null} if the batcher has none
     */
    R decode(I item, LanguageModel target, LanguageModel draft);
  }

  /** A row that ends since its task did: nobody will look at what it would have given. */
  public static final class TaskEnded extends CancellationException {

    private static final long serialVersionUID = 1;

    TaskEnded(String reason) {
      super("Cannot go on: " + reason + ".");
    }
  }

  /** How long a forward that could start waits for items that are busy with something else. */
  private static final long PATIENCE_NANOS = 2_000_000;

  /** Results that wait for an earlier one, at most, per item in flight. */
  private static final int LEAD = 64;

  private final Iterator<? extends I> items;
  private final Decoder<I, R> decoder;
  private final ToIntFunction<? super I> limit;

  /** {@code null} if there is no such model. */
  private final Station<Extension, Scores> target;

  private final Station<Extension, Scores> draft;

  private final Channel targetModel;
  private final Channel draftModel;

  /** What comes before any forward of p or q, so that more items take part in that. */
  private final List<Station<?, ?>> first = new ArrayList<>();

  private final ExecutorService threads;

  /** Items that were started and not given out, in order. */
  private final Deque<Place> places = new ArrayDeque<>();

  private final Object lock = new Object();
  private Thread owner;

  /** The next item, if it was pulled before there was room for it. */
  private I pulled;

  private boolean hasPulled;

  /** Whether the next item waits until none is in flight. */
  private boolean draining;

  private int rows;
  private int decoding;
  private int busy;
  private volatile boolean closed;
  private long waitingNanos;

  /**
   * Starts nothing yet.
   *
   * @param rows items in flight, at most; with 1 they are decoded by the calling thread
   * @param limit items in flight, at most, from the given one on; below 1 counts as 1
   * @param target p, or {@code null} if items need none
   * @param draft q, or {@code null}
   */
  public Batcher(
      Iterator<? extends I> items,
      int rows,
      ToIntFunction<? super I> limit,
      LanguageModel target,
      LanguageModel draft,
      Decoder<I, R> decoder) {
    if (rows < 1) {
      throw new IllegalArgumentException(
          "Cannot decode " + rows + " rows at a time: at least one is needed.");
    }
    this.items = items;
    this.rows = rows;
    this.limit = limit;
    this.decoder = decoder;
    this.target = target == null ? null : new Station<>(target::extend);
    this.draft = draft == null ? null : new Station<>(draft::extend);
    this.targetModel = target == null ? null : new Channel(target, this.target::ask);
    this.draftModel = draft == null ? null : new Channel(draft, this.draft::ask);
    this.threads =
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work, "foresight-row");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Lets items do something together: what they ask for at the same moment becomes one call of
   * {@code work} on this batcher's thread. To be called before the first result is taken.
   *
   * @param work gives as many results as it is asked for, in order, and each does not depend on the
   *     others
   * @return the same for an item's thread, which blocks meanwhile
   */
  public <A, B> Function<List<A>, List<B>> shared(Function<List<A>, List<B>> work) {
    Station<A, B> station = new Station<>(work);
    first.add(station);
    return station::ask;
  }

  /** Nanoseconds that forwards waited for items that were busy, so far. */
  public long waitingNanos() {
    return waitingNanos;
  }

  @Override
  public boolean hasNext() {
    return !places.isEmpty() || hasPulled || items.hasNext();
  }

  /**
   * The next item's result.
   *
   * @throws CancellationException if the calling thread was interrupted
   */
  @Override
  public R next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new TaskEnded("the task was interrupted");
    }
    owner = Thread.currentThread();
    if (rows == 1 && places.isEmpty()) {
      return decoder.decode(pull(), Channel.direct(targetModel), Channel.direct(draftModel));
    }
    while (true) {
      fill();
      Place next = places.peekFirst();
      if (next.isDone()) {
        places.removeFirst();
        return next.result();
      }
      Station<?, ?> station = await(next);
      if (station != null) {
        station.work();
      }
    }
  }

  private void fill() {
    while (mayStart()) {
      if (!hasPulled) {
        pulled = items.next();
        hasPulled = true;
        int fitting = Math.max(1, limit.applyAsInt(pulled));
        // What is in flight was let in by another measure, and ends first.
        draining |= fitting < rows;
        rows = Math.min(rows, fitting);
        // The item may be the one that there is no room for.
        continue;
      }
      Place place = new Place(pull());
      places.addLast(place);
      synchronized (lock) {
        decoding++;
        busy++;
      }
      threads.execute(place);
    }
  }

  private I pull() {
    I item = hasPulled ? pulled : items.next();
    pulled = null;
    hasPulled = false;
    return item;
  }

  /** Whether another item is to be started. Not under the lock, since the items may be slow. */
  private boolean mayStart() {
    boolean room;
    synchronized (lock) {
      draining &= decoding > 0;
      room = !draining && decoding < rows && places.size() < rows * LEAD;
    }
    return room && (hasPulled || items.hasNext());
  }

  /** Waits for the moment of the next forward; {@code null} if an item finished before it. */
  private Station<?, ?> await(Place next) {
    long started = System.nanoTime();
    try {
      while (true) {
        if (next.isDone() || mayStart()) {
          return null;
        }
        synchronized (lock) {
          boolean late = busy > 0 && System.nanoTime() - started > PATIENCE_NANOS;
          if (busy == 0 || late) {
            Station<?, ?> fullest = fullest();
            if (fullest != null) {
              return fullest;
            }
          }
        }
        LockSupport.parkNanos(this, PATIENCE_NANOS);
        if (Thread.currentThread().isInterrupted()) {
          throw new TaskEnded("the task was interrupted");
        }
      }
    } finally {
      waitingNanos += System.nanoTime() - started;
    }
  }

  /** Where most items wait; {@code null} if none does. Under the lock. */
  private Station<?, ?> fullest() {
    for (Station<?, ?> station : first) {
      if (!station.calls.isEmpty()) {
        return station;
      }
    }
    int p = target == null ? 0 : target.calls.size();
    int q = draft == null ? 0 : draft.calls.size();
    return p > q ? target : q > 0 ? draft : null;
  }

  /** Ends the items that are still being decoded, and waits until they have. */
  @Override
  public void close() {
    closed = true;
    List<Call<?, ?>> waiting = new ArrayList<>();
    synchronized (lock) {
      for (Station<?, ?> station : stations()) {
        waiting.addAll(station.calls);
        station.calls.clear();
      }
    }
    waiting.forEach(call -> call.fail(new TaskEnded("the task ended")));
    threads.shutdownNow();
    boolean interrupted = false;
    while (true) {
      try {
        if (threads.awaitTermination(1, TimeUnit.MINUTES)) {
          break;
        }
      } catch (InterruptedException e) {
        // The caches must not be closed under a row's feet, so the wait goes on.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Station<?, ?>> stations() {
    List<Station<?, ?>> all = new ArrayList<>(first);
    if (target != null) {
      all.add(target);
    }
    if (draft != null) {
      all.add(draft);
    }
    return all;
  }

  /** An item in flight, and its result. */
  private final class Place implements Runnable {

    private final I item;
    private R result;
    private Throwable failure;
    private volatile boolean done;

    Place(I item) {
      this.item = item;
    }

    @Override
    public void run() {
      try {
        result = decoder.decode(item, targetModel, draftModel);
      } catch (Throwable e) {
        failure = e;
      }
      synchronized (lock) {
        done = true;
        decoding--;
        busy--;
      }
      LockSupport.unpark(owner);
    }

    boolean isDone() {
      return done;
    }

    R result() {
      if (failure instanceof RuntimeException e) {
        throw e;
      }
      if (failure instanceof Error e) {
        throw e;
      }
      return result;
    }
  }

  /** One item's part in work to come. */
  private static final class Call<A, B> {

    private final List<A> asked;
    private final Thread caller = Thread.currentThread();
    private List<B> results;
    private RuntimeException failure;
    private volatile boolean done;

    Call(List<A> asked) {
      this.asked = asked;
    }

    void complete(List<B> given) {
      results = given;
      done = true;
      LockSupport.unpark(caller);
    }

    void fail(RuntimeException e) {
      failure = e;
      done = true;
      LockSupport.unpark(caller);
    }
  }

  /** A model as the items' threads see it. */
  private static final class Channel extends ForwardingModel {

    private final Function<List<Extension>, List<Scores>> extend;

    Channel(LanguageModel model, Function<List<Extension>, List<Scores>> extend) {
      super(model);
      this.extend = extend;
    }

    @Override
    public List<Scores> extend(List<Extension> extensions) {
      return extend.apply(extensions);
    }

    /** The model itself, for a row that is alone on the calling thread. */
    static LanguageModel direct(Channel channel) {
      return channel == null ? null : channel.model;
    }
  }

  /** Work that items ask for, and the batcher's thread does for all who wait. */
  private final class Station<A, B> {

    private final Function<List<A>, List<B>> work;
    private final List<Call<A, B>> calls = new ArrayList<>();

    Station(Function<List<A>, List<B>> work) {
      this.work = work;
    }

    /**
     * Waits until it is done; at once where no item is in flight, or alone on the batcher's thread.
     */
    List<B> ask(List<A> asked) {
      if (owner == null || Thread.currentThread() == owner) {
        return work.apply(asked);
      }
      Call<A, B> call = new Call<>(asked);
      boolean last;
      synchronized (lock) {
        if (closed) {
          throw new TaskEnded("the task ended");
        }
        calls.add(call);
        busy--;
        last = busy == 0;
      }
      if (last) {
        LockSupport.unpark(owner);
      }
      while (!call.done) {
        LockSupport.park(this);
      }
      if (call.failure != null) {
        throw call.failure;
      }
      return call.results;
    }

    /** Does what is waiting at once. */
    void work() {
      List<Call<A, B>> batch;
      synchronized (lock) {
        batch = List.copyOf(calls);
        calls.clear();
      }
      List<A> all = new ArrayList<>();
      batch.forEach(call -> all.addAll(call.asked));
      List<B> results;
      try {
        results = work.apply(all);
      } catch (RuntimeException e) {
        one(batch, e);
        return;
      } catch (Error e) {
        goOn(batch);
        cancel(batch, e);
        throw e;
      }
      goOn(batch);
      int from = 0;
      for (Call<A, B> call : batch) {
        int to = from + call.asked.size();
        call.complete(results.subList(from, to));
        from = to;
      }
    }

    /** Counts items as busy again, before they are. */
    private void goOn(List<Call<A, B>> batch) {
      synchronized (lock) {
        busy += batch.size();
      }
    }

    /** After an error, which ends it all: no item is to wait for this forever. */
    private void cancel(List<Call<A, B>> batch, Error error) {
      for (Call<A, B> call : batch) {
        if (!call.done) {
          TaskEnded cancelled = new TaskEnded("the model failed");
          cancelled.initCause(error);
          call.fail(cancelled);
        }
      }
    }

    /** After work that failed: each item's alone, so that one item's fault stays its own. */
    private void one(List<Call<A, B>> batch, RuntimeException failure) {
      goOn(batch);
      for (Call<A, B> call : batch) {
        try {
          if (batch.size() == 1) {
            throw failure;
          }
          call.complete(work.apply(call.asked));
        } catch (RuntimeException e) {
          call.fail(e);
        } catch (Error e) {
          cancel(batch, e);
          throw e;
        }
      }
    }
  }
}
