package io.foresight.engine;

import io.foresight.decoding.RowFault;
import io.foresight.model.CacheBudget;
import io.foresight.model.ForwardScheduler;
import io.foresight.model.classifier.SequenceClassifier;
import io.foresight.reward.TextScorer;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A classifier that the rows of a task share: what they ask for at the same moment is scored
 * together, on the task's thread. Rows wait for it on threads of their own.
 */
final class SharedScorer implements TextScorer {

  private final SequenceClassifier classifier;
  private final CacheBudget cache;
  private final Consumer<List<int[]>> before;
  private final LongAdder forwardNanos;
  private final LongAdder rewardNanos;
  private volatile Function<List<int[]>, List<float[]>> score = this::here;

  /**
   * @param cache memory that the model's caches may take
   * @param before sees the texts of each forward ahead of it
   * @param forwardNanos gets the time of the model's forwards
   * @param rewardNanos loses the time that rows wait, which their rewards' clocks count
   */
  SharedScorer(
      SequenceClassifier classifier,
      CacheBudget cache,
      Consumer<List<int[]>> before,
      LongAdder forwardNanos,
      LongAdder rewardNanos) {
    this.classifier = classifier;
    this.cache = cache;
    this.before = before;
    this.forwardNanos = forwardNanos;
    this.rewardNanos = rewardNanos;
  }

  /** From now on rows of {@code scheduler} are scored, and only those. */
  void serve(ForwardScheduler<?, ?> scheduler) {
    score = scheduler.shared("a model of rewards", this::here);
  }

  @Override
  public List<String> labels() {
    return classifier.labels();
  }

  @Override
  public List<float[]> score(List<String> texts) {
    List<int[]> ids = texts.stream().map(classifier::encode).toList();
    List<int[]> readable = ids.stream().filter(text -> text.length > 0).toList();
    readable.forEach(this::requireRoom);
    Iterator<float[]> scores =
        readable.isEmpty() ? Collections.emptyIterator() : shared(readable).iterator();
    return ids.stream().map(text -> text.length > 0 ? scores.next() : new float[0]).toList();
  }

  /** On the row's own thread, since it is that row's fault. */
  private void requireRoom(int[] text) {
    if (classifier.cacheBytes(text.length) > cache.bytes()) {
      throw new RowFault(
          RowFault.Kind.MEMORY,
          "Cannot score a text of %d tokens with model %s: its cache would take %d MiB of the %d MiB that caches of rewards' models may take. Raise models.cache-memory."
              .formatted(
                  text.length,
                  classifier.checkpoint().folder(),
                  classifier.cacheBytes(text.length) >> 20,
                  cache.bytes() >> 20));
    }
  }

  private List<float[]> shared(List<int[]> ids) {
    long started = System.nanoTime();
    try {
      return score.apply(ids);
    } finally {
      rewardNanos.add(started - System.nanoTime());
    }
  }

  private List<float[]> here(List<int[]> ids) {
    before.accept(ids);
    long started = System.nanoTime();
    float[][] logits = classifier.logits(ids, cache);
    forwardNanos.add(System.nanoTime() - started);
    return Arrays.stream(logits).map(classifier.problem()::scores).toList();
  }
}
