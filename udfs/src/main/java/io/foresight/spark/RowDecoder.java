package io.foresight.spark;

import ai.djl.Device;
import io.foresight.decoding.Counters;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LineReward;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.model.Batcher;
import io.foresight.model.CacheBudget;
import io.foresight.model.ForwardStats;
import io.foresight.model.Tokenizer;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.apache.spark.sql.Row;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Decodes rows, many at a time, with sessions of its own on the models that the process shares.
 * Belongs to one thread, a task's as a rule, which closes it.
 */
public final class RowDecoder implements AutoCloseable {

  /**
   * One row's result; of an error row only {@code status}, {@code error}, {@code counters} (all
   * zero) and {@code millis} say something, the rest is null.
   *
   * @param output generated text
   * @param reward reward of the finished text
   * @param scores score per reward, and per part of it
   * @param satisfied whether every hard reward reaches its threshold
   * @param status ok, unsatisfied, truncated or error
   * @param error what went wrong and what to do
   * @param tokens generated tokens, EOS included
   * @param logProb their log-probability under p, natural logarithm
   * @param counters what the decoding took
   * @param millis wall time of the row
   */
  public record Result(
      String output,
      Double reward,
      Map<String, Double> scores,
      Boolean satisfied,
      String status,
      String error,
      Integer tokens,
      Double logProb,
      Counters counters,
      long millis) {}

  private static final Logger LOG = LoggerFactory.getLogger(RowDecoder.class);

  private final GenerationSettings settings;
  private final Strategy strategy;
  private final Rewards rewards;
  private final Scorers scorers;
  private final Tokenizer tokenizer;
  private final Prompts prompts;
  private final int batch;
  private final CachePlan plan;
  private int longestPrompt;
  private boolean warned;
  private final ModelCache.Lease targetLease;
  private final ModelCache.Lease draftLease;
  private final List<Batcher<?, ?>> batchers = new ArrayList<>();
  private final LongAdder rewardNanos = new LongAdder();
  private final LongAdder tokenizerNanos = new LongAdder();

  /**
   * Loads the models, unless the process holds them already.
   *
   * @param settings with models in folders of this host
   * @throws io.foresight.model.ModelException if one cannot be loaded
   */
  public RowDecoder(GenerationSettings settings) {
    this.settings = settings;
    Device device = settings.device().resolve();
    batch = settings.batch(device.isGpu());
    strategy = Strategies.of(settings.decoding(device.isGpu()));
    tokenizer = ModelCache.tokenizer(settings.targetModel());
    prompts = Prompts.of(settings.prompt(), Path.of(settings.targetModel()));
    CacheBudget budget = new CacheBudget(settings.cacheBytes());
    targetLease =
        ModelCache.lease(settings.targetModel(), device, settings.targetPrecision(), budget);
    try {
      draftLease =
          strategy.usesDraft()
              ? ModelCache.lease(settings.draftModel(), device, settings.draftPrecision(), budget)
              : null;
    } catch (RuntimeException | Error e) {
      targetLease.close();
      throw e;
    }
    plan =
        new CachePlan(
            strategy.branches(),
            settings.decoding().maxNewTokens(),
            targetLease.session().contextLength(),
            targetLease.cacheBytes(1, 1),
            draftLease == null ? 0 : draftLease.cacheBytes(1, 1),
            settings.cacheBytes());
    scorers = new Scorers(device, rewardNanos);
    try {
      rewards = Rewards.openHere(settings.rewards(), scorers);
    } catch (RuntimeException | Error e) {
      closeModels();
      throw e;
    }
  }

  /** A row, and what it is called. */
  public record Named(String id, Row row) {}

  /** A row, and what was made of it. */
  public record Decoded(Row row, Result result) {}

  /**
   * Decodes rows, {@code settings.batch()} at a time, in order. One iterator after the other. What
   * is one row's fault becomes a result with status {@code error}; errors of the JVM itself go on.
   * The iterator belongs to this decoder's thread, and ends with it.
   *
   * @param rows each with its id, from which its seed is derived, and the columns that the settings
   *     name
   */
  public Iterator<Decoded> decode(Iterator<Named> rows) {
    Batcher<Prepared, Decoded> batcher =
        new Batcher<>(
            new Iterator<>() {
              @Override
              public boolean hasNext() {
                return rows.hasNext();
              }

              @Override
              public Prepared next() {
                return prepare(rows.next());
              }
            },
            batch,
            this::rowsAtATime,
            targetLease.session(),
            draftLease == null ? null : draftLease.session(),
            (prepared, target, draft) ->
                new Decoded(prepared.named().row(), decode(prepared, target, draft)));
    scorers.serve(batcher);
    batchers.add(batcher);
    return batcher;
  }

  /**
   * A row with its prompt's ids, or with why it has none.
   *
   * @param values the row's values by column
   */
  private record Prepared(
      Named named, Map<String, Object> values, int[] prompt, RuntimeException failure) {}

  private Prepared prepare(Named named) {
    try {
      Map<String, Object> values = values(named.row());
      int[] prompt = timed(tokenizerNanos, () -> prompts.ids(tokenizer, values));
      return new Prepared(named, values, prompt, null);
    } catch (RuntimeException e) {
      return new Prepared(named, null, new int[0], e);
    }
  }

  /** Rows that may be in flight from a row on, by the memory that caches may take. */
  private int rowsAtATime(Prepared prepared) {
    int prompt = prepared.prompt().length;
    if (prompt >= targetLease.session().contextLength() || plan.rows(prompt) < 1) {
      // It becomes an error row, and needs no room.
      return batch;
    }
    longestPrompt = Math.max(longestPrompt, prompt);
    int fitting = plan.rows(longestPrompt);
    if (fitting < batch && !warned) {
      warned = true;
      LOG.warn(
          "Decoding {} rows at a time instead of {}: a row of {} prompt tokens takes {} MiB of the {} MiB that a"
              + " task's caches may take. A larger models.cache-memory allows more rows.",
          Math.max(1, fitting),
          batch,
          longestPrompt,
          plan.rowBytes(longestPrompt) >> 20,
          settings.cacheBytes() >> 20);
    }
    return fitting;
  }

  /** Decodes one row. */
  public Result decode(String id, Row row) {
    return decode(
        prepare(new Named(id, row)),
        targetLease.session(),
        draftLease == null ? null : draftLease.session());
  }

  /** p, for measurements beside the decoding; of this decoder's thread. */
  public LanguageModel target() {
    return targetLease.session();
  }

  /** q, as {@link #target()}; {@code null} if the strategy has none. */
  public LanguageModel draft() {
    return draftLease == null ? null : draftLease.session();
  }

  /** Where the time went so far; to be read by this decoder's thread. */
  public Spent spent() {
    return new Spent(
        targetLease.session().stats(),
        draftLease == null ? ForwardStats.ZERO : draftLease.session().stats(),
        rewardNanos.sum(),
        scorers.forwardNanos(),
        tokenizerNanos.sum(),
        batchers.stream().mapToLong(Batcher::waitingNanos).sum());
  }

  /**
   * Time and work that decoding took.
   *
   * @param target p's forwards
   * @param draft q's forwards
   * @param rewardNanos in rewards, on the rows' threads, but for their models' forwards
   * @param scorerNanos in forwards of the rewards' models, on the decoder's thread
   * @param tokenizerNanos in the tokenizer, of prompts on the decoder's thread and of texts on the
   *     rows'
   * @param waitingNanos that forwards waited for rows: their own code, rewards and tokenizer
   *     included
   */
  public record Spent(
      ForwardStats target,
      ForwardStats draft,
      long rewardNanos,
      long scorerNanos,
      long tokenizerNanos,
      long waitingNanos) {

    /** What was added since {@code earlier}. */
    public Spent since(Spent earlier) {
      return new Spent(
          target.since(earlier.target),
          draft.since(earlier.draft),
          rewardNanos - earlier.rewardNanos,
          scorerNanos - earlier.scorerNanos,
          tokenizerNanos - earlier.tokenizerNanos,
          waitingNanos - earlier.waitingNanos);
    }

    /** What both took. */
    public Spent plus(Spent other) {
      return new Spent(
          target.plus(other.target),
          draft.plus(other.draft),
          rewardNanos + other.rewardNanos,
          scorerNanos + other.scorerNanos,
          tokenizerNanos + other.tokenizerNanos,
          waitingNanos + other.waitingNanos);
    }
  }

  private Result decode(Prepared prepared, LanguageModel target, LanguageModel draft) {
    long started = System.nanoTime();
    try {
      if (prepared.failure() != null) {
        throw prepared.failure();
      }
      RowRewards rowRewards = rewards.forRow(prepared.values());
      int[] prompt = prepared.prompt();
      int room = target.contextLength() - prompt.length;
      if (room < 1) {
        throw new IllegalArgumentException(
            "Cannot decode a prompt of %d tokens: the model's context holds %d. Shorten it."
                .formatted(prompt.length, target.contextLength()));
      }
      if (plan.rows(prompt.length) < 1) {
        throw new IllegalArgumentException(
            "Cannot decode a prompt of %d tokens: its caches would take %d MiB, more than half of the %d MiB that they may take, which is room for growing. Raise models.cache-memory."
                .formatted(
                    prompt.length,
                    plan.rowBytes(prompt.length) >> 20,
                    settings.cacheBytes() >> 20));
      }
      LineReward line = new TextReward(rowRewards, tokenizer, rewardNanos, tokenizerNanos);
      Generation generation =
          strategy.decode(
              target,
              draft,
              new Request(
                  prompt,
                  settings.decoding().maxNewTokens(),
                  line,
                  RowSeed.of(settings.seed(), prepared.named().id())));
      String text = timed(tokenizerNanos, () -> tokenizer.decode(generation.tokens()));
      RowRewards.Outcome outcome = timed(rewardNanos, () -> rowRewards.outcome(text));
      return new Result(
          text,
          outcome.reward(),
          outcome.scores(),
          outcome.satisfied(),
          !generation.endedByEos() ? "truncated" : outcome.satisfied() ? "ok" : "unsatisfied",
          null,
          generation.tokens().length,
          generation.logProb(),
          generation.counters(),
          (System.nanoTime() - started) / 1_000_000);
    } catch (CancellationException e) {
      // The task ends, and nobody will look at the row.
      throw e;
    } catch (RuntimeException e) {
      String message = Rows.reason(e);
      return new Result(
          null,
          null,
          null,
          null,
          "error",
          message,
          null,
          null,
          Counters.ZERO,
          (System.nanoTime() - started) / 1_000_000);
    }
  }

  private static <T> T timed(LongAdder nanos, Supplier<T> work) {
    long started = System.nanoTime();
    try {
      return work.get();
    } finally {
      nanos.add(System.nanoTime() - started);
    }
  }

  /** A row as the rewards and the prompt see it: values by column, lists as java.util.List. */
  public static Map<String, Object> values(Row row) {
    Map<String, Object> values = new HashMap<>();
    String[] names = row.schema().fieldNames();
    for (int i = 0; i < names.length; i++) {
      values.put(names[i], java(row.get(i)));
    }
    return values;
  }

  private static Object java(Object value) {
    if (value instanceof Seq<?> seq) {
      List<?> list = JavaConverters.seqAsJavaList(seq);
      return list.stream().map(RowDecoder::java).toList();
    }
    return value;
  }

  @Override
  public void close() {
    // Rows first, since they use the caches.
    batchers.forEach(Batcher::close);
    try {
      rewards.close();
    } finally {
      closeModels();
    }
  }

  private void closeModels() {
    scorers.close();
    try {
      targetLease.close();
    } finally {
      if (draftLease != null) {
        draftLease.close();
      }
    }
  }
}
