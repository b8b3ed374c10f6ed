package io.foresight.spark;

import ai.djl.Device;
import io.foresight.model.CacheBudget;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.model.Precision;
import io.foresight.model.Tokenizer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The models of one executor JVM: one copy per folder, device and precision, loaded on first use
 * and shared by the executor's tasks, each of which takes a lease. Models are kept between tasks
 * and closed when the JVM ends; one that a task still uses then is left to the operating system,
 * since closing it would pull it from under native code. Thread-safe.
 */
final class ModelCache {

  private record Key(String folder, Device device, Precision precision) {}

  private static final Map<Key, Shared> MODELS = new ConcurrentHashMap<>();
  private static final Map<String, Tokenizer> TOKENIZERS = new ConcurrentHashMap<>();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ModelCache::closeIdle, "foresight-models"));
  }

  private ModelCache() {}

  /** A model in use by one task, with a session of its own. Closing it keeps the model loaded. */
  static final class Lease implements AutoCloseable {

    private final Shared shared;
    private final ModelSession session;
    private boolean closed;

    private Lease(Shared shared, CacheBudget budget) {
      this.shared = shared;
      this.session = shared.model.newSession(budget);
    }

    /** Memory that cached tokens take, in bytes. */
    long cacheBytes(long sequences, long positions) {
      return shared.model.cacheBytes(sequences, positions);
    }

    ModelSession session() {
      return session;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        session.close();
        shared.release();
      }
    }
  }

  private static final class Shared {

    private final CausalLm model;
    private int users;
    private boolean closed;

    Shared(CausalLm model) {
      this.model = model;
    }

    synchronized Lease lease(CacheBudget budget) {
      if (closed) {
        throw new IllegalStateException("Cannot use a model: the executor is ending.");
      }
      Lease lease = new Lease(this, budget);
      users++;
      return lease;
    }

    synchronized void release() {
      users--;
    }

    synchronized boolean closeIfIdle() {
      if (users == 0 && !closed) {
        model.close();
        closed = true;
      }
      return closed;
    }
  }

  /**
   * Leases a model and loads it if nobody has; tasks that want the same one wait for it.
   *
   * @param budget memory that the lease's cache shares
   * @throws io.foresight.model.ModelException if it cannot be loaded; the next call tries again
   */
  static Lease lease(String folder, Device device, Precision precision, CacheBudget budget) {
    return MODELS
        .computeIfAbsent(
            new Key(folder, device, precision),
            key -> new Shared(CausalLm.load(Path.of(key.folder()), key.device(), key.precision())))
        .lease(budget);
  }

  /** The tokenizer of a model's folder, loaded once. */
  static Tokenizer tokenizer(String folder) {
    return TOKENIZERS.computeIfAbsent(folder, f -> Tokenizer.load(Path.of(f)));
  }

  /** Models that are loaded. */
  static int size() {
    return MODELS.size();
  }

  /** Closes and forgets every model that no task uses. */
  static void closeIdle() {
    MODELS.values().removeIf(Shared::closeIfIdle);
  }
}
