package io.foresight.engine;

import ai.djl.Device;
import io.foresight.decoding.budget.DraftFit;
import io.foresight.engine.ModelPool.Use;
import io.foresight.model.CacheBudget;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.classifier.SequenceClassifier;
import io.foresight.model.cost.ForwardStats;
import io.foresight.model.text.Tokenizer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The models of one executor JVM: one copy per folder, content of its files, device, precision and
 * ids of its head, loaded on first use and shared by the executor's tasks. A model stays after its
 * last task, so that the next one finds it, until another is to be loaded or nobody has used it for
 * {@link #GRACE}: an executor is given memory for the models of one job. What a task still uses
 * when the JVM ends is left to the operating system, since closing it would pull it from under
 * native code. Thread-safe.
 */
public final class ModelCache {

  /** Longer than the pauses between the jobs of someone who tries things out. */
  static final Duration GRACE = Duration.ofMinutes(5);

  /**
   * @param type what it is loaded as
   * @param fingerprint changes when a file in the folder does, so that another model in its place
   *     is never taken for the one that is loaded
   * @param device {@code null} for a tokenizer, as the precision
   * @param headIds how many ids its head scores, as {@link HeadIds#of} takes it
   */
  private record Key(
      Class<?> type,
      String folder,
      String fingerprint,
      Device device,
      Precision precision,
      int headIds) {

    static Key of(Class<?> type, String folder, Device device, Precision precision, int headIds) {
      return new Key(
          type, folder, ModelDigest.fingerprint(Path.of(folder)), device, precision, headIds);
    }

    boolean isTokenizer() {
      return device == null;
    }
  }

  private static final ModelPool<Key> POOL =
      new ModelPool<>(
          GRACE,
          (work, after) ->
              CompletableFuture.delayedExecutor(after.toNanos(), TimeUnit.NANOSECONDS)
                  .execute(work),
          System::nanoTime);

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ModelCache::closeIdle, "foresight-models"));
  }

  private ModelCache() {}

  /** A language model in use by one task, with a session of its own. */
  public static final class Lease implements AutoCloseable {

    private final Use<CausalLm> use;
    private final CacheBudget budget;
    private ModelSession session;
    private ForwardStats before = ForwardStats.ZERO;
    private DraftFit fit = DraftFit.UNKNOWN;
    private boolean exact = true;
    private boolean sharing = true;
    private boolean closed;

    private Lease(Use<CausalLm> use, CacheBudget budget) {
      this.use = use;
      this.budget = budget;
      this.session = use.model().newSession(budget);
    }

    /** Lets close choices fall as they do, whatever else is decoded. */
    void leaveNearTies() {
      exact = false;
      session.leaveNearTies();
    }

    /**
     * Takes this model for the draft of that.
     *
     * @throws io.foresight.model.text.ModelException if the two have not the same tokens
     */
    void draftFor(Lease target) {
      fit = use.model().fitTo(target.use.model(), budget);
      session.drafts(fit);
    }

    /** Whether its prompts share what they begin with alike. */
    void sharePrompts(boolean wanted) {
      sharing = wanted;
      session.sharePrompts(wanted);
    }

    /** Memory that cached tokens take, in bytes. */
    long cacheBytes(long sequences, long positions) {
      return use.model().cacheBytes(sequences, positions);
    }

    ModelSession session() {
      return session;
    }

    /** Another session, with an empty cache, in place of one whose forward failed. */
    void renew() {
      before = stats();
      session.close();
      session = use.model().newSession(budget);
      session.drafts(fit);
      if (!exact) {
        session.leaveNearTies();
      }
      session.sharePrompts(sharing);
    }

    /** What the forwards of all its sessions took. */
    ForwardStats stats() {
      return before.plus(session.stats());
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        try {
          session.close();
        } finally {
          use.close();
        }
      }
    }
  }

  /**
   * Leases a language model and loads it if nobody has; tasks that want the same one wait for it.
   *
   * @param headIds how many ids its head scores, as {@link HeadIds#of} takes it
   * @param budget memory that the lease's cache shares
   * @throws io.foresight.model.text.ModelException if it cannot be loaded; the next call tries
   *     again
   */
  public static Lease lease(
      String folder, Device device, Precision precision, int headIds, CacheBudget budget) {
    Use<CausalLm> use =
        POOL.use(
            Key.of(CausalLm.class, folder, device, precision, headIds),
            CausalLm.class,
            () -> CausalLm.load(Checkpoint.inspect(Path.of(folder)), device, precision, headIds));
    try {
      return new Lease(use, budget);
    } catch (RuntimeException | Error e) {
      use.close();
      throw e;
    }
  }

  /**
   * The same for a classifier, in fp32.
   *
   * @throws io.foresight.model.text.ModelException if it cannot be loaded; the next call tries
   *     again
   */
  static Use<SequenceClassifier> classifier(String folder, Device device) {
    return POOL.use(
        Key.of(SequenceClassifier.class, folder, device, Precision.FP32, HeadIds.FULL),
        SequenceClassifier.class,
        () -> SequenceClassifier.load(Path.of(folder), device));
  }

  /**
   * The same for the tokenizer of a model's folder.
   *
   * @throws io.foresight.model.text.ModelException if it cannot be loaded; the next call tries
   *     again
   */
  public static Use<Tokenizer> tokenizer(String folder) {
    return POOL.use(
        Key.of(Tokenizer.class, folder, null, null, HeadIds.FULL),
        Tokenizer.class,
        () -> Tokenizer.load(Path.of(folder)));
  }

  /** Models that are loaded. */
  public static int size() {
    return (int) POOL.keys().stream().filter(key -> !key.isTokenizer()).count();
  }

  /** Closes and forgets all that no task uses. */
  public static void closeIdle() {
    POOL.closeIdle();
  }
}
