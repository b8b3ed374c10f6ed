package io.foresight.spark;

import ai.djl.Device;
import io.foresight.model.CacheBudget;
import io.foresight.model.CausalLm;
import io.foresight.model.ForwardStats;
import io.foresight.model.ModelDigest;
import io.foresight.model.ModelSession;
import io.foresight.model.Precision;
import io.foresight.model.SequenceClassifier;
import io.foresight.model.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The models of one executor JVM: one copy per folder, content of its files, device and precision,
 * loaded on first use and shared by the executor's tasks, each of which takes a lease. Models are
 * kept between tasks and closed when the JVM ends; one that a task still uses then is left to the
 * operating system, since closing it would pull it from under native code. Thread-safe.
 */
final class ModelCache {

  /**
   * @param fingerprint changes when a file in the folder does, so that another model in its place
   *     is never taken for the one that is loaded
   */
  private record Key(String folder, String fingerprint, Device device, Precision precision) {

    Key(String folder, Device device, Precision precision) {
      this(folder, ModelDigest.fingerprint(Path.of(folder)), device, precision);
    }

    boolean replaces(Key other) {
      return folder.equals(other.folder) && !fingerprint.equals(other.fingerprint);
    }
  }

  private record TokenizerKey(String folder, String fingerprint) {}

  private static final Map<Key, Shared<CausalLm>> MODELS = new ConcurrentHashMap<>();
  private static final Map<Key, Shared<SequenceClassifier>> CLASSIFIERS = new ConcurrentHashMap<>();
  private static final Map<TokenizerKey, Tokenizer> TOKENIZERS = new ConcurrentHashMap<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ModelCache::closeIdle, "foresight-models"));
  }

  private ModelCache() {}

  /** A language model in use by one task, with a session of its own. */
  static final class Lease implements AutoCloseable {

    private final Use<CausalLm> use;
    private final CacheBudget budget;
    private ModelSession session;
    private ForwardStats before = ForwardStats.ZERO;
    private boolean closed;

    private Lease(Use<CausalLm> use, CacheBudget budget) {
      this.use = use;
      this.budget = budget;
      this.session = use.model().newSession(budget);
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
    }

    /** What the forwards of all its sessions took. */
    ForwardStats stats() {
      return before.plus(session.stats());
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        session.close();
        use.close();
      }
    }
  }

  /** A model in use by one task. Closing this keeps the model loaded. */
  static final class Use<M extends AutoCloseable> implements AutoCloseable {

    private final Shared<M> shared;
    private boolean closed;

    private Use(Shared<M> shared) {
      this.shared = shared;
    }

    M model() {
      return shared.model;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        shared.release();
      }
    }
  }

  private static final class Shared<M extends AutoCloseable> {

    private final M model;
    private int users;
    private boolean closed;

    Shared(M model) {
      this.model = model;
    }

    synchronized Use<M> use() {
      if (closed) {
        throw new IllegalStateException("Cannot use a model: the executor is ending.");
      }
      users++;
      return new Use<>(this);
    }

    synchronized void release() {
      users--;
    }

    synchronized boolean closeIfIdle() {
      if (users == 0 && !closed) {
        try {
          model.close();
        } catch (Exception e) {
          throw new IllegalStateException("Cannot close a model: " + e.getMessage(), e);
        }
        closed = true;
      }
      return closed;
    }
  }

  /**
   * Leases a language model and loads it if nobody has; tasks that want the same one wait for it.
   *
   * @param budget memory that the lease's cache shares
   * @throws io.foresight.model.ModelException if it cannot be loaded; the next call tries again
   */
  static Lease lease(String folder, Device device, Precision precision, CacheBudget budget) {
    Key wanted = new Key(folder, device, precision);
    closeReplaced(MODELS, wanted);
    Use<CausalLm> use =
        MODELS
            .computeIfAbsent(
                wanted,
                key -> new Shared<>(CausalLm.load(Path.of(key.folder()), key.device(), precision)))
            .use();
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
   * @throws io.foresight.model.ModelException if it cannot be loaded; the next call tries again
   */
  static Use<SequenceClassifier> classifier(String folder, Device device) {
    Key wanted = new Key(folder, device, Precision.FP32);
    closeReplaced(CLASSIFIERS, wanted);
    return CLASSIFIERS
        .computeIfAbsent(
            wanted,
            key -> new Shared<>(SequenceClassifier.load(Path.of(key.folder()), key.device())))
        .use();
  }

  /** The tokenizer of a model's folder, loaded once. */
  static Tokenizer tokenizer(String folder) {
    return TOKENIZERS.computeIfAbsent(
        new TokenizerKey(folder, ModelDigest.fingerprint(Path.of(folder))),
        key -> Tokenizer.load(Path.of(key.folder())));
  }

  /** Closes what was loaded from a folder whose files have changed since, unless it is in use. */
  private static <M extends AutoCloseable> void closeReplaced(
      Map<Key, Shared<M>> models, Key wanted) {
    models
        .entrySet()
        .removeIf(held -> wanted.replaces(held.getKey()) && held.getValue().closeIfIdle());
  }

  /** Models that are loaded. */
  static int size() {
    return MODELS.size() + CLASSIFIERS.size();
  }

  /** Closes and forgets every model that no task uses. */
  static void closeIdle() {
    MODELS.values().removeIf(Shared::closeIfIdle);
    CLASSIFIERS.values().removeIf(Shared::closeIfIdle);
  }
}
