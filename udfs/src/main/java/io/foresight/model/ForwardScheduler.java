package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Scores;
import io.foresight.decoding.budget.ForwardCost;
import io.foresight.decoding.search.ForwardingModel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
 * <p>A failure, of a forward, of shared work or of an item, ends all: {@link #next} throws it, and
 * goes on doing so.
 *
 * <p>Long, since all of it is one lock and what may happen under it.
 *
 * @param <I> an item
 * @param <R> its result
 */
public final class ForwardScheduler<I, R> implements Iterator<R>, AutoCloseable {

  /** Decodes one item against the models; may block in their {@code extend}. */
  @FunctionalInterface
  public interface Decoder<I, R> {
    /**
     * Decodes.
     *
     * @param draft {@code null} if the scheduler has none
     */
    R decode(I item, LanguageModel target, LanguageModel draft);
  }

  /** A row that ends since its task or its time did: nobody looks at what it would have given. */
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

  /** For items to end after {@link #close}; none of them calls native code by then. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(ForwardScheduler.class);

  private final Iterator<? extends I> items;
  private final Decoder<I, R> decoder;
  private final ToIntFunction<? super I> limit;

  /** {@code null} if there is no such model. */
  private final ForwardQueue<ForwardRequest, Scores> target;

  private final ForwardQueue<ForwardRequest, Scores> draft;

  private final QueuedModel targetModel;
  private final QueuedModel draftModel;

  /** What comes before any forward of p or q, so that more items take part in that. */
  private final List<ForwardQueue<?, ?>> first = new ArrayList<>();

  private final ExecutorService threads;

  /** Items that were started and not given out, in order. */
  private final Deque<Slot> slots = new ArrayDeque<>();

  /** Who is at which item, those that were ended for their time included. Under the lock. */
  private final Map<Thread, Slot> running = new LinkedHashMap<>();

  private final Object lock = new Object();
  private volatile Thread owner;

  private Runnable check = () -> {};
  private Duration limitOfTime;

  /** {@code null} if items may take as long as they like. */
  private Function<? super I, ? extends R> late;

  /** What ended all; {@code null} as long as nothing did. */
  private volatile Throwable failure;

  private boolean outOfMemory;

  /** Where the owner is, and since when. */
  private volatile ForwardQueue<?, ?> working;

  private volatile long workingSince;

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
  public ForwardScheduler(
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
    this.target = target == null ? null : new ForwardQueue<>("the target", target::extend);
    this.draft = draft == null ? null : new ForwardQueue<>("the draft", draft::extend);
    this.targetModel = target == null ? null : new QueuedModel(target, rows, this.target::ask);
    this.draftModel = draft == null ? null : new QueuedModel(draft, rows, this.draft::ask);
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
   * {@code work} on this scheduler's thread. To be called before the first result is taken.
   *
   * @param name what it is, for a log
   * @param work gives as many results as it is asked for, in order, and each does not depend on the
   *     others
   * @return the same for an item's thread, which blocks meanwhile
   */
  public <A, B> Function<List<A>, List<B>> shared(String name, Function<List<A>, List<B>> work) {
    ForwardQueue<A, B> queue = new ForwardQueue<>(name, work);
    first.add(queue);
    return queue::ask;
  }

  /**
   * Ends items that take longer; their slots are free at once. The thread of such an item is
   * interrupted, and goes no further than to the next forward. To be called before the first result
   * is taken.
   *
   * @param late what an item gives that was ended; on this scheduler's thread
   */
  public void limitTime(Duration limit, Function<? super I, ? extends R> late) {
    limitOfTime = limit;
    this.late = late;
  }

  /**
   * Has something looked at, on this scheduler's thread, before each item and each forward, and
   * while it waits. To be called before the first result is taken.
   *
   * @param check throws to end all
   */
  public void checkAlways(Runnable check) {
    this.check = check;
  }

  /** Items that were pulled and whose results were not given out, in order. */
  public List<I> unfinished() {
    List<I> unfinished = new ArrayList<>(slots.stream().map(place -> place.item).toList());
    if (hasPulled) {
      unfinished.add(pulled);
    }
    return unfinished;
  }

  /**
   * Whether what ended all is that a forward, or shared work, had no memory for so many items;
   * fewer at a time may do. What an item or the iterator of items threw is never taken for that.
   */
  public boolean isOutOfMemory() {
    return outOfMemory;
  }

  /** Items in flight, at most, by now. */
  public int rows() {
    return rows;
  }

  /** Items in flight. From any thread. */
  public int inFlight() {
    synchronized (lock) {
      return decoding;
    }
  }

  /** What items in flight wait for, in words; for a log. From any thread. */
  public String state() {
    StringBuilder state = new StringBuilder();
    synchronized (lock) {
      state.append("%d rows in flight, %d of them busy".formatted(decoding, busy));
      for (ForwardQueue<?, ?> queue : queues()) {
        if (!queue.calls.isEmpty()) {
          state.append(", %d waiting for %s".formatted(queue.calls.size(), queue.name));
        }
      }
    }
    ForwardQueue<?, ?> now = working;
    if (now != null) {
      state.append(
          "; %s has been computing for %d s"
              .formatted(now.name, (System.nanoTime() - workingSince) / 1_000_000_000));
    }
    return state.toString();
  }

  /** The threads of items in flight, and the one that runs the forwards. From any thread. */
  public List<Thread> threads() {
    synchronized (lock) {
      return Stream.concat(Stream.of(owner), running.keySet().stream())
          .filter(Objects::nonNull)
          .distinct()
          .toList();
    }
  }

  /** Nanoseconds that forwards waited for items that were busy, so far. */
  public long waitingNanos() {
    return waitingNanos;
  }

  @Override
  public boolean hasNext() {
    return !slots.isEmpty() || hasPulled || items.hasNext();
  }

  /**
   * The next item's result.
   *
   * @throws CancellationException if the calling thread was interrupted
   * @throws RuntimeException what a forward, shared work or an item threw, as an {@link Error} too
   */
  @Override
  public R next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    owner = Thread.currentThread();
    while (true) {
      goOnOrThrow();
      fill();
      Slot next = slots.peekFirst();
      if (next.done && failure == null) {
        slots.removeFirst();
        return next.result;
      }
      ForwardQueue<?, ?> queue = await(next);
      if (queue != null) {
        queue.work();
      }
    }
  }

  private void goOnOrThrow() {
    if (failure instanceof Error e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new TaskEnded("the task was interrupted");
    }
    check.run();
    for (Slot place : late == null ? List.<Slot>of() : slots) {
      if (!place.done && System.nanoTime() - place.started > limitOfTime.toNanos()) {
        place.end(late.apply(place.item));
      }
    }
  }

  /** Whether items are decoded by the calling thread: alone, and with no limit to hold. */
  private boolean isDirect() {
    return rows == 1 && late == null;
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
      Slot place = new Slot(pull());
      slots.addLast(place);
      synchronized (lock) {
        decoding++;
        busy++;
      }
      if (isDirect()) {
        place.run();
      } else {
        threads.execute(place);
      }
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
      int lead = isDirect() ? 1 : rows * LEAD;
      room = failure == null && !draining && decoding < rows && slots.size() < lead;
    }
    return room && (hasPulled || items.hasNext());
  }

  /** Waits for the moment of the next forward; {@code null} if an item finished before it. */
  private ForwardQueue<?, ?> await(Slot next) {
    long started = System.nanoTime();
    try {
      while (true) {
        if (next.done || failure != null || mayStart()) {
          return null;
        }
        synchronized (lock) {
          boolean late = busy > 0 && System.nanoTime() - started > PATIENCE_NANOS;
          if (busy == 0 || late) {
            ForwardQueue<?, ?> fullest = fullest();
            if (fullest != null) {
              return fullest;
            }
          }
        }
        LockSupport.parkNanos(this, PATIENCE_NANOS);
        goOnOrThrow();
      }
    } finally {
      waitingNanos += System.nanoTime() - started;
    }
  }

  /** Where most items wait; {@code null} if none does. Under the lock. */
  private ForwardQueue<?, ?> fullest() {
    for (ForwardQueue<?, ?> queue : first) {
      if (!queue.calls.isEmpty()) {
        return queue;
      }
    }
    int p = target == null ? 0 : target.calls.size();
    int q = draft == null ? 0 : draft.calls.size();
    return p > q ? target : q > 0 ? draft : null;
  }

  /**
   * Ends the items that are still being decoded, and waits until they have; not forever for one
   * that does not heed it.
   */
  @Override
  public void close() {
    closed = true;
    List<Pending<?, ?>> waiting = new ArrayList<>();
    synchronized (lock) {
      for (ForwardQueue<?, ?> queue : queues()) {
        waiting.addAll(queue.calls);
        queue.calls.clear();
      }
    }
    waiting.forEach(call -> call.fail(new TaskEnded("the task ended")));
    threads.shutdownNow();
    boolean interrupted = false;
    long end = System.nanoTime() + GRACE.toNanos();
    while (!threads.isTerminated()) {
      try {
        if (!threads.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          LOG.warn("A row does not end with its task: {}. It is left behind.", state());
          break;
        }
      } catch (InterruptedException e) {
        // What closes after this may be in use by the rows, so the wait goes on.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private List<ForwardQueue<?, ?>> queues() {
    List<ForwardQueue<?, ?>> all = new ArrayList<>(first);
    if (target != null) {
      all.add(target);
    }
    if (draft != null) {
      all.add(draft);
    }
    return all;
  }

  /** An item in flight, and its result. */
  private final class Slot implements Runnable {

    private final I item;
    private final long started = System.nanoTime();
    private R result;

    /** What it waits for; {@code null} while it is busy. As the thread, under the lock. */
    private Pending<?, ?> waiting;

    private Thread thread;
    private volatile boolean done;

    Slot(I item) {
      this.item = item;
    }

    @Override
    public void run() {
      synchronized (lock) {
        thread = Thread.currentThread();
        running.put(thread, this);
      }
      R given = null;
      Throwable thrown = null;
      try {
        given = decoder.decode(item, targetModel, draftModel);
      } catch (Throwable e) {
        thrown = e;
      }
      synchronized (lock) {
        // Not before: an interruption from here on would be the thread's next item's.
        running.remove(thread);
        thread = null;
        if (!done) {
          if (thrown != null && failure == null) {
            failure = thrown;
          }
          end(given);
        }
      }
      LockSupport.unpark(owner);
    }

    /** Gives a result; a thread that is still at it gives none any more. */
    void end(R given) {
      Pending<?, ?> call;
      synchronized (lock) {
        if (done) {
          return;
        }
        call = waiting;
        waiting = null;
        result = given;
        done = true;
        decoding--;
        if (call == null) {
          busy--;
        } else {
          queues().forEach(queue -> queue.calls.remove(call));
        }
        if (thread != null) {
          thread.interrupt();
        }
      }
      if (call != null) {
        call.fail(new TaskEnded("the row took too long"));
      }
    }
  }

  /** One item's part in work to come. */
  private final class Pending<A, B> {

    private final List<A> asked;
    private final Slot of;
    private final Thread caller = Thread.currentThread();
    private List<B> results;
    private RuntimeException failure;
    private volatile boolean done;

    Pending(List<A> asked, Slot of) {
      this.asked = asked;
      this.of = of;
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
  private static final class QueuedModel extends ForwardingModel {

    private final int rows;
    private final Function<List<ForwardRequest>, List<Scores>> extend;

    QueuedModel(
        LanguageModel model, int rows, Function<List<ForwardRequest>, List<Scores>> extend) {
      super(model);
      this.rows = rows;
      this.extend = extend;
    }

    @Override
    public ForwardCost cost() {
      return model.cost().sharedBy(rows);
    }

    @Override
    public List<Scores> extend(List<ForwardRequest> extensions) {
      return extend.apply(extensions);
    }
  }

  /** Work that items ask for, and the scheduler's thread does for all who wait. */
  private final class ForwardQueue<A, B> {

    private final String name;
    private final Function<List<A>, List<B>> work;
    private final List<Pending<A, B>> calls = new ArrayList<>();

    ForwardQueue(String name, Function<List<A>, List<B>> work) {
      this.name = name;
      this.work = work;
    }

    private List<B> apply(List<A> asked) {
      workingSince = System.nanoTime();
      working = this;
      try {
        return work.apply(asked);
      } catch (RuntimeException e) {
        outOfMemory = EngineFaults.isOutOfMemory(e);
        throw e;
      } finally {
        working = null;
      }
    }

    /**
     * Waits until it is done; at once where no item is in flight, or alone on the scheduler's
     * thread.
     */
    List<B> ask(List<A> asked) {
      if (owner == null) {
        return work.apply(asked);
      }
      if (Thread.currentThread() == owner) {
        goOnOrThrow();
        return apply(asked);
      }
      Pending<A, B> call;
      boolean last;
      synchronized (lock) {
        Slot place = running.get(Thread.currentThread());
        if (closed || failure != null) {
          throw new TaskEnded("the task ended");
        }
        if (place.done) {
          throw new TaskEnded("the row took too long");
        }
        call = new Pending<>(asked, place);
        calls.add(call);
        place.waiting = call;
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
      List<Pending<A, B>> batch;
      synchronized (lock) {
        batch = List.copyOf(calls);
        calls.clear();
      }
      List<A> all = new ArrayList<>();
      batch.forEach(call -> all.addAll(call.asked));
      List<B> results;
      try {
        results = apply(all);
      } catch (RuntimeException | Error e) {
        failure = e;
        goOn(batch);
        for (Pending<A, B> call : batch) {
          TaskEnded cancelled = new TaskEnded("a forward failed");
          cancelled.initCause(e);
          call.fail(cancelled);
        }
        throw e;
      }
      goOn(batch);
      int from = 0;
      for (Pending<A, B> call : batch) {
        int to = from + call.asked.size();
        call.complete(results.subList(from, to));
        from = to;
      }
    }

    /** Counts items as busy again, before they are. */
    private void goOn(List<Pending<A, B>> batch) {
      synchronized (lock) {
        busy += batch.size();
        batch.forEach(call -> call.of.waiting = null);
      }
    }
  }
}
