package io.foresight.spark;

import ai.djl.Device;
import io.foresight.model.Batcher;
import io.foresight.model.SequenceClassifier;
import io.foresight.reward.TextScorer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** The classifiers that a task's rewards use; each is loaded once per executor. Of one thread. */
final class Scorers implements TextScorer.Source, AutoCloseable {

  private record Held(ModelCache.Use<SequenceClassifier> use, SharedScorer scorer) {}

  private final Device device;
  private final LongAdder rewardNanos;
  private final Consumer<List<int[]>> before;
  private final LongAdder forwardNanos = new LongAdder();
  private final Map<String, Held> held = new LinkedHashMap<>();

  /**
   * @param rewardNanos what rewards take, from which their waiting for a forward is taken off
   */
  Scorers(Device device, LongAdder rewardNanos) {
    this(device, rewardNanos, texts -> {});
  }

  /** The same; {@code before} sees the ids of the texts of each forward ahead of it. */
  Scorers(Device device, LongAdder rewardNanos, Consumer<List<int[]>> before) {
    this.device = device;
    this.rewardNanos = rewardNanos;
    this.before = before;
  }

  /**
   * The model in a folder of this host, loaded.
   *
   * @throws io.foresight.model.ModelException if it cannot be
   */
  @Override
  public TextScorer scorer(String location) {
    return held.computeIfAbsent(
            location,
            folder -> {
              ModelCache.Use<SequenceClassifier> use = ModelCache.classifier(folder, device);
              return new Held(
                  use, new SharedScorer(use.model(), before, forwardNanos, rewardNanos));
            })
        .scorer();
  }

  /** From now on rows of {@code batcher} share forwards. */
  void serve(Batcher<?, ?> batcher) {
    held.values().forEach(one -> one.scorer().serve(batcher));
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
