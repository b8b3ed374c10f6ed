package io.foresight.reward;

import io.foresight.decoding.RowFault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reward of others' code, which may hang: every call runs on a thread of its own and has a time
 * limit. A call that takes longer fails and is interrupted; one that goes on regardless is
 * abandoned, and once {@link #MOST_ABANDONED} of those are still running, all further calls fail at
 * once. An interruption of the caller is one of the call too, and is not waited for. Thread-safe as
 * far as the reward is.
 */
final class TimeLimited implements RewardFunction {

  /** Calls that go on after their end before the reward is given up. */
  static final int MOST_ABANDONED = 4;

  /** Hints that are looked at: each costs the tokenizer time, which no limit holds. */
  static final int MOST_HINTS = 1000;

  private static final int LONGEST_HINT = 1000;

  private static final Duration GRACE = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(TimeLimited.class);

  /** Makes another factory's rewards with a limit, the setting {@code timeout}. */
  record Factory(RewardFactory factory) implements RewardFactory {

    @Override
    public String type() {
      return factory.type();
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      Duration timeout = settings.duration("timeout", Duration.ofSeconds(60));
      RewardFunction function = factory.create(settings);
      if (function == null) {
        if (settings.problems().isEmpty()) {
          throw new IllegalStateException("its factory gave nothing (null). Correct the factory.");
        }
        return null;
      }
      TimeLimited limited = new TimeLimited(function, timeout);
      try {
        double threshold = limited.threshold();
        if (!(threshold >= 0 && threshold <= 1)) {
          throw new IllegalStateException(
              "its own threshold is %s, not in [0, 1]. Correct it.".formatted(threshold));
        }
        return limited;
      } catch (RuntimeException | Error e) {
        limited.close();
        throw e;
      }
    }
  }

  /** A call, and whether its thread is through with it, which a cancelled future does not tell. */
  private static final class Call<T> extends FutureTask<T> {

    private final CountDownLatch ended = new CountDownLatch(1);

    Call(Supplier<T> question) {
      super(question::get);
    }

    @Override
    public void run() {
      try {
        super.run();
      } finally {
        ended.countDown();
      }
    }
  }

  private final RewardFunction function;
  private final Duration limit;
  private final ExecutorService threads;
  private final Set<Call<?>> abandoned = ConcurrentHashMap.newKeySet();

  TimeLimited(RewardFunction function, Duration limit) {
    this.function = function;
    this.limit = limit;
    // The classes of --jars are seen by this thread's loader; a call may come from any thread.
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    // As many threads as call at a time, each kept for a minute.
    threads =
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work, "foresight-reward");
              thread.setDaemon(true);
              thread.setContextClassLoader(loader);
              return thread;
            });
  }

  /**
   * Asks, within the limit. What others' code throws is the fault of the row that it was asked of;
   * not so a want of memory or of classes.
   *
   * @throws RowFault if there is no answer in time, or an exception instead
   * @throws CancellationException if the calling thread is interrupted, which it stays
   */
  private <T> T limited(Supplier<T> question) {
    abandoned.removeIf(call -> call.ended.getCount() == 0);
    if (abandoned.size() >= MOST_ABANDONED) {
      throw new RowFault(
          RowFault.Kind.REWARD,
          "it is not asked any more, since %d calls of it still run after their timeout. Make it end when its thread is interrupted, and faster."
              .formatted(abandoned.size()));
    }
    return asked(question);
  }

  private <T> T asked(Supplier<T> question) {
    Call<T> call = new Call<>(question);
    Deadline deadline = Deadline.in(limit);
    threads.execute(call);
    try {
      return call.get(deadline.left(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      call.cancel(true);
      throw late(call, deadline, e);
    } catch (InterruptedException e) {
      call.cancel(true);
      throw cancelled(e);
    } catch (ExecutionException e) {
      throw thrown(e.getCause());
    }
  }

  private RowFault late(Call<?> call, Deadline deadline, TimeoutException cause) {
    try {
      if (!call.ended.await(GRACE.toNanos(), TimeUnit.NANOSECONDS)) {
        abandoned.add(call);
      }
    } catch (InterruptedException e) {
      throw cancelled(e);
    }
    return deadline.fault("it did not answer", ". Make it faster, or raise its timeout.", cause);
  }

  private static CancellationException cancelled(InterruptedException cause) {
    Thread.currentThread().interrupt();
    CancellationException cancelled =
        new CancellationException("Cannot go on: the task was interrupted.");
    cancelled.initCause(cause);
    return cancelled;
  }

  private static RuntimeException thrown(Throwable cause) {
    if (Rewards.isOfTheJvm(cause)) {
      throw (Error) cause;
    }
    // Errors too: code of others has them, as a service that is missing, or Scala's ???.
    return cause instanceof RowFault fault
        ? fault
        : new RowFault(RowFault.Kind.REWARD, Rewards.reason(cause), cause);
  }

  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    Map<String, Object> values = Collections.unmodifiableMap(row);
    return limited(
        () -> {
          Optional<RowReward> reward = function.forRow(values);
          return reward == null ? null : reward.map(LimitedRow::new);
        });
  }

  @Override
  public double threshold() {
    return limited(function::threshold);
  }

  /**
   * Closes the reward, within the limit; that it cannot be closed harms no row. A task that was
   * killed, or whose reward is not asked any more, frees what it holds all the same.
   */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    try {
      asked(
          () -> {
            function.close();
            return true;
          });
    } catch (RuntimeException | Error e) {
      if (Rewards.isOfTheJvm(e)) {
        throw e;
      }
      LOG.warn("Cannot close a reward of {}.", function.getClass().getName(), e);
    } finally {
      threads.shutdownNow();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** One row's, with what never changes asked for once. */
  private final class LimitedRow implements RowReward {

    private final RowReward reward;
    private final boolean judgesUnfinished;
    private final double upperBound;
    private final double step;

    LimitedRow(RowReward reward) {
      this.reward = reward;
      judgesUnfinished = reward.judgesUnfinished();
      upperBound = reward.upperBound();
      step = reward.step();
    }

    @Override
    public double reward(String text, boolean finished) {
      return limited(() -> reward.reward(text, finished));
    }

    @Override
    public double[] rewards(List<String> texts, boolean[] finished) {
      return limited(() -> reward.rewards(texts, finished));
    }

    @Override
    public boolean judgesUnfinished() {
      return judgesUnfinished;
    }

    @Override
    public double upperBound() {
      return upperBound;
    }

    @Override
    public double step() {
      return step;
    }

    /** Copied while the limit holds, since a list of others may be endless. */
    @Override
    public List<String> hints(String text) {
      return limited(
          () -> {
            List<String> hints = reward.hints(text);
            if (hints == null) {
              return null;
            }
            List<String> copy = new ArrayList<>();
            for (String hint : hints) {
              if (copy.size() == MOST_HINTS) {
                break;
              }
              if (hint != null && !hint.isEmpty() && hint.length() <= LONGEST_HINT) {
                copy.add(hint);
              }
            }
            return copy;
          });
    }

    @Override
    public Map<String, Double> parts(String text) {
      return limited(
          () -> {
            Map<String, Double> parts = reward.parts(text);
            if (parts == null) {
              return null;
            }
            Map<String, Double> copy = new LinkedHashMap<>();
            parts.forEach(
                (name, score) -> {
                  if (name == null || score == null) {
                    throw new IllegalStateException(
                        "its parts hold null (%s = %s). Correct the reward."
                            .formatted(Objects.toString(name), score));
                  }
                  copy.put(name, score);
                });
            return copy;
          });
    }
  }
}
