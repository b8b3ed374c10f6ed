package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** A model whose next token is one less than the last one; 0 is EOS. It notes how it is called. */
final class CountdownModel implements LanguageModel {

  private final Consumer<List<ForwardRequest>> before;

  /** Sequences of each forward. */
  final List<Integer> forwards = new ArrayList<>();

  /** Threads that called {@link #extend}. */
  final Set<Thread> callers = ConcurrentHashMap.newKeySet();

  CountdownModel() {
    this(extensions -> {});
  }

  /** Runs {@code before} at the start of each forward; it may throw. */
  CountdownModel(Consumer<List<ForwardRequest>> before) {
    this.before = before;
  }

  @Override
  public int vocabularySize() {
    return 1000;
  }

  @Override
  public int contextLength() {
    return 1000;
  }

  @Override
  public boolean isEos(int id) {
    return id == 0;
  }

  @Override
  public Sequence open() {
    return new Held();
  }

  @Override
  public List<Scores> extend(List<ForwardRequest> extensions) {
    callers.add(Thread.currentThread());
    before.accept(extensions);
    forwards.add(extensions.size());
    List<Scores> all = new ArrayList<>();
    for (ForwardRequest extension : extensions) {
      int[] tokens = extension.tokens();
      ((Held) extension.sequence()).length += tokens.length;
      all.add(
          new Scores(
              new int[] {tokens[tokens.length - 1] - 1},
              new float[1],
              null,
              null,
              null,
              null,
              new float[] {1}));
    }
    return all;
  }

  private static final class Held implements Sequence {
    private int length;

    @Override
    public int length() {
      return length;
    }

    @Override
    public void truncate(int wanted) {
      length = wanted;
    }

    @Override
    public Sequence fork() {
      throw new AssertionError("A countdown has one sequence: no test of the batcher forks.");
    }

    @Override
    public void keep(int... path) {
      throw new AssertionError("A countdown extends no tree: there is none to settle.");
    }

    @Override
    public void close() {}
  }
}
