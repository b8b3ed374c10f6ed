package io.foresight.model.cost;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What one model's forwards take, by shape: medians over calls that take turns, so that a slow
 * moment of the machine meets all shapes. Scores are asked for at every position, after a prefix of
 * a prompt's length.
 */
public final class ForwardTimes {

  /** Tokens in the cache before a timed forward, where the context has room for them. */
  private static final int PREFIX = 20;

  /** Time that a shape's calls after the first two may take in one sample. */
  private static final double BUDGET_SECONDS = 0.02;

  private static final int MOST_CALLS = 30;

  private final Map<ForwardShape, List<Double>> seconds = new LinkedHashMap<>();
  private final SplittableRandom random = new SplittableRandom(1);

  /** Prepares to time these shapes. */
  public ForwardTimes(List<ForwardShape> shapes) {
    shapes.forEach(shape -> seconds.put(shape, new ArrayList<>()));
  }

  /** Most tokens that a sequence can be extended by in a timed forward. */
  public static int room(LanguageModel model) {
    return model.contextLength() - prefix(model);
  }

  private static int prefix(LanguageModel model) {
    return Math.min(PREFIX, model.contextLength() / 2);
  }

  /** Times every shape some more, on the thread that the model belongs to. */
  public void sample(LanguageModel model) {
    int rows = 0;
    int branches = 0;
    for (ForwardShape shape : seconds.keySet()) {
      rows = Math.max(rows, shape.forked() ? 1 : shape.sequences());
      branches = Math.max(branches, shape.forked() ? shape.sequences() : 0);
    }
    List<Sequence> apart = new ArrayList<>();
    List<Sequence> forked = new ArrayList<>();
    try {
      List<ForwardRequest> prompts = new ArrayList<>();
      for (int i = 0; i < rows; i++) {
        apart.add(model.open());
        prompts.add(
            ForwardRequest.of(apart.get(i), ids(model, prefix(model)), LogitsRequest.NOTHING));
      }
      model.extend(prompts);
      for (int i = 0; i < branches; i++) {
        forked.add(apart.get(0).fork());
      }
      sample(model, apart, forked);
    } finally {
      apart.forEach(Sequence::close);
      forked.forEach(Sequence::close);
    }
  }

  private void sample(LanguageModel model, List<Sequence> apart, List<Sequence> forked) {
    Map<ForwardShape, Integer> calls = new LinkedHashMap<>();
    for (ForwardShape shape : seconds.keySet()) {
      List<Sequence> sequences = shape.forked() ? forked : apart;
      // The first call of a shape may prepare what the others find.
      extend(model, sequences, shape);
      double once = extend(model, sequences, shape);
      seconds.get(shape).add(once);
      calls.put(shape, (int) Math.min(MOST_CALLS, BUDGET_SECONDS / once));
    }
    for (int i = 0; i < MOST_CALLS; i++) {
      for (Map.Entry<ForwardShape, Integer> shape : calls.entrySet()) {
        if (i < shape.getValue()) {
          List<Sequence> sequences = shape.getKey().forked() ? forked : apart;
          seconds.get(shape.getKey()).add(extend(model, sequences, shape.getKey()));
        }
      }
    }
  }

  private double extend(LanguageModel model, List<Sequence> sequences, ForwardShape shape) {
    List<ForwardRequest> extensions = new ArrayList<>();
    for (Sequence sequence : sequences.subList(0, shape.sequences())) {
      sequence.truncate(prefix(model));
      extensions.add(
          ForwardRequest.of(sequence, ids(model, shape.tokens()), LogitsRequest.argmax(0)));
    }
    long started = System.nanoTime();
    model.extend(extensions);
    return (System.nanoTime() - started) / 1e9;
  }

  /** Other ids each time, so that no near tie, which costs a forward, stays in all calls. */
  private int[] ids(LanguageModel model, int count) {
    return random.ints(count, 0, model.vocabularySize()).toArray();
  }

  /** Seconds of a forward of a shape that was sampled. */
  public double median(ForwardShape shape) {
    double[] sorted =
        seconds.get(shape).stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }
}
