package io.foresight.engine;

import ai.djl.Device;
import io.foresight.model.CacheBudget;
import io.foresight.model.ForwardScheduler;
import io.foresight.model.classifier.SequenceClassifier;
import io.foresight.reward.TextScorer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** The classifiers that a task's rewards use; each is loaded once per executor. Of one thread. */
final class Scorers implements TextScorer.Source, AutoCloseable {

  private static final CacheBudget NO_CACHE = new CacheBudget(0);

  private record Held(ModelPool.Use<SequenceClassifier> use, SharedScorer scorer) {}

  private final Device device;
  private final CacheBudget budget;
  private final long share;
  private final LongAdder rewardNanos;
  private final Consumer<List<int[]>> before;
  private final LongAdder forwardNanos = new LongAdder();
  private final Map<String, Held> held = new LinkedHashMap<>();

  /** {@code null} until a scorer needs it. */
  private CacheBudget cache;

  /**
   * @param budget memory that the task's caches may take
   * @param share of it that scorers with caches take for theirs, if there are any; they share it,
   *     since they work one after the other
   * @param rewardNanos what rewards take, from which their waiting for a forward is taken off
   */
  Scorers(Device device, CacheBudget budget, long share, LongAdder rewardNanos) {
    this(device, budget, share, rewardNanos, texts -> {});
  }

  /** The same; {@code before} sees the ids of the texts of each forward ahead of it. */
  Scorers(
      Device device,
      CacheBudget budget,
      long share,
      LongAdder rewardNanos,
      Consumer<List<int[]>> before) {
    this.device = device;
    this.budget = budget;
    this.share = share;
    this.rewardNanos = rewardNanos;
    this.before = before;
  }

  /**
   * The model in a folder of this host, loaded.
   *
   * @throws io.foresight.model.text.ModelException if it cannot be
   */
  @Override
  public TextScorer scorer(String location) {
    return held.computeIfAbsent(
            location,
            folder -> {
              ModelPool.Use<SequenceClassifier> use = ModelCache.classifier(folder, device);
              return new Held(
                  use,
                  new SharedScorer(
                      use.model(), cacheOf(use.model()), before, forwardNanos, rewardNanos));
            })
        .scorer();
  }

  private CacheBudget cacheOf(SequenceClassifier model) {
    if (cache == null && model.usesCache()) {
      cache = budget.part(share);
    }
    return model.usesCache() ? cache : NO_CACHE;
  }

  /** Memory that their caches may take, in bytes. */
  long cacheBytes() {
    return cache == null ? 0 : cache.bytes();
  }

  /** From now on rows of {@code scheduler} share forwards. */
  void serve(ForwardScheduler<?, ?> scheduler) {
    held.values().forEach(one -> one.scorer().serve(scheduler));
  }

  /** What the forwards took. */
  long forwardNanos() {
    return forwardNanos.sum();
  }

  @Override
  public void close() {
    held.values().forEach(one -> one.use().close());
    held.clear();
  }
}
