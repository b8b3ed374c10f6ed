package io.foresight.engine;

import ai.djl.Device;
import io.foresight.decoding.Counters;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsControls;
import io.foresight.decoding.Request;
import io.foresight.decoding.RowFault;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.strategy.CdlhSpeculative;
import io.foresight.engine.ShrinkingBatch.Item;
import io.foresight.engine.prompt.Prompts;
import io.foresight.model.CacheBudget;
import io.foresight.model.ForwardScheduler;
import io.foresight.model.ModelSession;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.cost.ForwardStats;
import io.foresight.model.text.Tokenizer;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.settings.Settings;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes rows, many at a time, with sessions of its own on the models that the process shares.
 * Belongs to one thread, a task's as a rule, which closes it.
 */
public final class RowDecoder implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RowDecoder.class);

  /** Where models of rewards take caches, one in so many bytes of the task's is for them. */
  private static final int SCORERS_SHARE = 4;

  private final GenerationSettings settings;
  private final boolean gpu;
  private final Strategy strategy;
  private final LogitsControls controls;
  private final int[] eos;
  private final Rewards rewards;
  private final Scorers scorers;
  private final Tokenizer tokenizer;
  private final Prompts prompts;
  private final int batch;
  private final CachePlan plan;

  /** The same of the strategy with a window of one position, which gives the same output. */
  private final CachePlan narrow;

  private CachePlan.Size largest = CachePlan.Size.NONE;
  private boolean warned;
  private final EngineTask task;
  private final UnaryOperator<LanguageModel> seen;
  private final StallWatch watch;
  private final ModelCache.Lease targetLease;
  private final ModelCache.Lease draftLease;
  private final Deque<Runnable> models = new ArrayDeque<>();
  private final List<ShrinkingBatch<?, ?>> decodings = new ArrayList<>();
  private final LongAdder rewardNanos = new LongAdder();
  private final LongAdder tokenizerNanos = new LongAdder();

  /**
   * Loads the models, unless the process holds them already.
   *
   * @param settings with models in folders of this host
   * @throws io.foresight.model.text.ModelException if one cannot be loaded
   */
  public RowDecoder(GenerationSettings settings) {
    this(settings, EngineTask.NONE);
  }

  /**
   * The same for a task that may be ended.
   *
   * @param task whoever may end it
   */
  public RowDecoder(GenerationSettings settings, EngineTask task) {
    this(settings, task, UnaryOperator.identity());
  }

  /** The same with models as {@code seen} lets rows see them. */
  public RowDecoder(
      GenerationSettings settings, EngineTask task, UnaryOperator<LanguageModel> seen) {
    this.settings = settings;
    this.task = task;
    this.seen = seen;
    Device device = settings.device().resolve(task);
    batch = settings.batch(device.isGpu());
    gpu = device.isGpu();
    strategy = Strategies.of(settings.decoding(gpu));
    prompts = Prompts.of(settings.prompt(), Path.of(settings.targetModel()));
    CacheBudget budget = new CacheBudget(settings.cacheBytes());
    scorers = new Scorers(device, budget, settings.cacheBytes() / SCORERS_SHARE, rewardNanos);
    models.push(scorers::close);
    try {
      ModelPool.Use<Tokenizer> use = ModelCache.tokenizer(settings.targetModel());
      models.push(use::close);
      tokenizer = use.model();
      targetLease =
          lease(settings.targetModel(), device, settings.targetPrecision(), HeadIds.FULL, budget);
      draftLease =
          strategy.usesDraft()
              ? lease(
                  settings.draftModel(),
                  device,
                  settings.draftPrecision(),
                  settings.draftHead(),
                  budget)
              : null;
      if (draftLease != null) {
        draftLease.draftFor(targetLease);
      }
      if (settings.settings().get(EngineSettings.NEAR_TIES) == EngineSettings.NearTies.COUNTED) {
        targetLease.leaveNearTies();
        if (draftLease != null) {
          draftLease.leaveNearTies();
        }
      }
      LanguageModel p = targetLease.session();
      controls = TokenControls.of(settings.settings(), tokenizer, p.vocabularySize());
      eos =
          controls.areNone()
              ? new int[0]
              : IntStream.range(0, p.vocabularySize()).filter(p::isEos).toArray();
      rewards = Rewards.openHere(settings.rewards(), scorers);
    } catch (RuntimeException | Error e) {
      closeModels();
      throw e;
    }
    plan = plan(strategy);
    narrow = plan(Strategies.of(settings.decoding(gpu).with(CdlhSpeculative.WINDOW, 1)));
    watch = new StallWatch(settings.limits().stall());
  }

  private CachePlan plan(Strategy of) {
    return new CachePlan(
        of.cacheNeed(),
        targetLease.session().contextLength(),
        draftLease == null ? 0 : draftLease.session().contextLength(),
        targetLease.cacheBytes(1, 1),
        draftLease == null ? 0 : draftLease.cacheBytes(1, 1),
        settings.cacheBytes() - scorers.cacheBytes());
  }

  private ModelCache.Lease lease(
      String model, Device device, Precision precision, int headIds, CacheBudget budget) {
    ModelCache.Lease lease = ModelCache.lease(model, device, precision, headIds, budget);
    models.push(lease::close);
    lease.sharePrompts(settings.settings().get(EngineSettings.SHARE_PROMPTS));
    return lease;
  }

  /** A row, and what was made of it. */
  public record Decoded(InputRow row, RowResult result) {}

  /**
   * Decodes rows, {@code settings.settings().get(EngineSettings.BATCH)} at a time, in order. One
   * iterator after the other. What is one row's fault, a {@link RowFault}, becomes a result with
   * status {@code error}; whatever else is thrown ends the iterator. Only where the engine has no
   * memory for that many rows, those that are not done start anew, fewer at a time. The iterator
   * belongs to this decoder's thread, and ends with it.
   *
   * @param rows each with its id, from which its seed is derived, and the columns that the settings
   *     name
   */
  public Iterator<Decoded> decode(Iterator<InputRow> rows) {
    ShrinkingBatch<Prepared, Decoded> decoded =
        new ShrinkingBatch<>(
            Iterators.ahead(Iterators.mapped(rows, this::prepare), this::aheadOf),
            batch,
            new Decoding());
    decodings.add(decoded);
    return decoded;
  }

  /** The decoding of prepared rows. */
  private final class Decoding implements ShrinkingBatch.Work<Prepared, Decoded> {

    @Override
    public ForwardScheduler<Item<Prepared, Decoded>, Decoded> start(
        Iterator<Item<Prepared, Decoded>> rows, int atATime) {
      ForwardScheduler<Item<Prepared, Decoded>, Decoded> scheduler =
          new ForwardScheduler<>(
              rows,
              atATime,
              row -> rowsAtATime(row.value()),
              seen.apply(targetLease.session()),
              draftLease == null ? null : seen.apply(draftLease.session()),
              (row, target, draft) ->
                  row.result(() -> decoded(row.value(), decode(row.value(), target, draft))));
      scheduler.checkAlways(task::check);
      RunLimits limits = settings.limits();
      if (limits.row() != null) {
        scheduler.limitTime(
            limits.row(),
            row ->
                row.end(decoded(row.value(), failed(limits.exceeded(), limits.row().toMillis()))));
      }
      scorers.serve(scheduler);
      watch.over(scheduler);
      return scheduler;
    }

    private Decoded decoded(Prepared prepared, RowResult result) {
      watch.progress();
      return new Decoded(prepared.row, result);
    }

    @Override
    public void reset() {
      targetLease.renew();
      if (draftLease != null) {
        draftLease.renew();
      }
    }

    @Override
    public Decoded withoutMemory(Prepared prepared, RuntimeException failure) {
      String message =
          "Cannot decode a prompt of %d tokens: there is no memory for it alone (%s). Shorten it, or take a device with more memory."
              .formatted(prepared.prompt.length, RowFault.reason(failure));
      return decoded(prepared, failed(new RowFault(RowFault.Kind.MEMORY, message), 0));
    }
  }

  /** A row with its own settings and its prompt's ids, or with why it has none. */
  private record Prepared(InputRow row, Settings settings, int[] prompt, RowFault fault) {

    int maxNewTokens() {
      return settings.get(DecodingSettings.MAX_NEW_TOKENS);
    }
  }

  /**
   * Rows to be seen before one is decoded: those that will be in flight with it, where it may have
   * a beginning in common with them.
   */
  private int aheadOf(Prepared prepared) {
    return prepared.prompt.length < ModelSession.SHORTEST_SHARED ? 0 : batch - 1;
  }

  private Prepared prepare(InputRow row) {
    Prepared prepared = prepared(row);
    targetLease.session().expect(prepared.prompt);
    if (draftLease != null) {
      draftLease.session().expect(prepared.prompt);
    }
    return prepared;
  }

  private Prepared prepared(InputRow row) {
    if (row.fault() != null) {
      return new Prepared(row, settings.settings(), new int[0], row.fault());
    }
    try {
      Settings own = RowSettings.of(settings.settings(), row.values());
      int[] prompt = timed(tokenizerNanos, () -> prompts.ids(tokenizer, row.values()));
      return new Prepared(row, own, prompt, null);
    } catch (RowFault e) {
      return new Prepared(row, settings.settings(), new int[0], e);
    }
  }

  /** Whether the caches hold a row whatever others have in common with it. */
  private boolean fitsAlone(Prepared prepared) {
    return fits(plan, prepared) || fits(narrow, prepared);
  }

  private static boolean fits(CachePlan by, Prepared prepared) {
    return by.rows(by.size(prepared.prompt.length, prepared.maxNewTokens())) > 0;
  }

  /** Rows that may be in flight from a row on, by the memory that caches may take. */
  private int rowsAtATime(Prepared prepared) {
    if (prepared.prompt.length >= targetLease.session().contextLength() || !fitsAlone(prepared)) {
      // It becomes an error row, and needs no room.
      return batch;
    }
    CachePlan.Size size =
        plan.size(
            prepared.prompt.length,
            prepared.maxNewTokens(),
            targetLease.session().shared(prepared.prompt),
            draftLease == null ? 0 : draftLease.session().shared(prepared.prompt));
    largest = largest.or(size);
    // One at a time is what its own memory was seen to be enough for.
    int fitting = Math.max(1, plan.rows(largest));
    if (fitting < batch && !warned) {
      warned = true;
      LOG.warn(
          "Decoding {} rows at a time instead of {}: a row of {} tokens, the prompt's included, takes {} MiB of the {} MiB that a"
              + " task's caches may take. A larger models.cache-memory allows more rows.",
          fitting,
          batch,
          size.tokens(),
          plan.rowBytes(largest) >> 20,
          plan.cacheBytes() >> 20);
    }
    return fitting;
  }

  /** Decodes one row. */
  public RowResult decode(InputRow row) {
    return decode(
        prepare(row), targetLease.session(), draftLease == null ? null : draftLease.session());
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
        targetLease.stats(),
        draftLease == null ? ForwardStats.ZERO : draftLease.stats(),
        rewardNanos.sum(),
        scorers.forwardNanos(),
        tokenizerNanos.sum(),
        decodings.stream().mapToLong(ShrinkingBatch::waitingNanos).sum());
  }

  private RowResult decode(Prepared prepared, LanguageModel target, LanguageModel draft) {
    long started = System.nanoTime();
    try {
      if (prepared.fault != null) {
        throw prepared.fault;
      }
      RowRewards rowRewards = rewards.forRow(prepared.row.values());
      int[] prompt = prepared.prompt;
      int room = target.contextLength() - prompt.length;
      if (room < 1) {
        throw new RowFault(
            RowFault.Kind.PROMPT,
            "Cannot decode a prompt of %d tokens: the model's context holds %d. Shorten it."
                .formatted(prompt.length, target.contextLength()));
      }
      if (!fitsAlone(prepared)) {
        throw new RowFault(
            RowFault.Kind.MEMORY,
            "Cannot decode a prompt of %d tokens: its caches would take %d MiB, more than half of the %d MiB that they may take, which is room for growing. Raise models.cache-memory."
                .formatted(
                    prompt.length,
                    narrow.rowBytes(narrow.size(prompt.length, prepared.maxNewTokens())) >> 20,
                    plan.cacheBytes() >> 20));
      }
      StopStrings stop = new StopStrings(prepared.settings.get(DecodingSettings.STOP));
      TextReward reward = new TextReward(rowRewards, tokenizer, stop, rewardNanos, tokenizerNanos);
      Request request =
          new Request(
                  prompt,
                  prepared.settings.get(DecodingSettings.MAX_NEW_TOKENS),
                  reward,
                  RowSeed.of(settings.seed(), prepared.row.id()),
                  watch::progress)
              .under(controls.of(prompt.length, eos), stop.areNone() ? ids -> false : reward::ends);
      Generation generation = strategy(prepared).decode(target, draft, request);
      String text = text(stop, generation.tokens());
      RowRewards.Outcome outcome = timed(rewardNanos, () -> rowRewards.outcome(text));
      return new RowResult(
          text,
          outcome.reward(),
          outcome.scores(),
          outcome.satisfied(),
          status(generation.ended(), outcome.satisfied()),
          null,
          null,
          generation.tokens().length,
          generation.logProb(),
          generation.counters(),
          (System.nanoTime() - started) / 1_000_000,
          outputs(prepared, generation, stop, rowRewards));
    } catch (RowFault e) {
      return failed(e, (System.nanoTime() - started) / 1_000_000);
    }
  }

  /** Without what stopped the row, and what a text that goes on from a prompt has around it. */
  private String text(StopStrings stop, int[] tokens) {
    return timed(tokenizerNanos, () -> stop.text(tokenizer.written(tokens)));
  }

  private List<RowResult.Output> outputs(
      Prepared prepared, Generation generation, StopStrings stop, RowRewards rowRewards) {
    if (prepared.settings.get(DecodingSettings.OUTPUTS) == DecodingSettings.Outputs.ONE) {
      return null;
    }
    List<RowResult.Output> outputs = new ArrayList<>();
    for (Generation.Output output : generation.outputs()) {
      String text = text(stop, output.tokens());
      RowRewards.Outcome outcome = timed(rewardNanos, () -> rowRewards.outcome(text));
      outputs.add(
          new RowResult.Output(
              text,
              outcome.reward(),
              outcome.scores(),
              outcome.satisfied(),
              output.tokens().length,
              output.logProb()));
    }
    return outputs;
  }

  /** The run's strategy, or the same with a row's own settings, or with a smaller window. */
  private Strategy strategy(Prepared prepared) {
    Settings own = prepared.settings;
    boolean wide = fits(plan, prepared);
    if (wide && own.equals(settings.settings())) {
      return strategy;
    }
    Settings decoding =
        new GenerationSettings(own, settings.prompt(), settings.rewards()).decoding(gpu);
    return Strategies.of(wide ? decoding : decoding.with(CdlhSpeculative.WINDOW, 1));
  }

  private static String status(boolean ended, Boolean satisfied) {
    if (!ended) {
      return "truncated";
    }
    return Boolean.FALSE.equals(satisfied) ? "unsatisfied" : "ok";
  }

  /** The result of a row that is at fault. */
  public static RowResult failed(RowFault fault, long millis) {
    return new RowResult(
        null,
        null,
        null,
        null,
        "error",
        RowFault.reason(fault),
        fault.kind().spelling(),
        null,
        null,
        Counters.ZERO,
        millis,
        null);
  }

  private static <T> T timed(LongAdder nanos, Supplier<T> work) {
    long started = System.nanoTime();
    try {
      return work.get();
    } finally {
      nanos.add(System.nanoTime() - started);
    }
  }

  @Override
  public void close() {
    watch.close();
    // Rows first, since they use the caches.
    decodings.forEach(ShrinkingBatch::close);
    try {
      rewards.close();
    } finally {
      closeModels();
    }
  }

  private void closeModels() {
    Runnable last = models.poll();
    if (last != null) {
      try {
        last.run();
      } finally {
        closeModels();
      }
    }
  }
}
