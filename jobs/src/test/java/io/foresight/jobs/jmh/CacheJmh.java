package io.foresight.jobs.jmh;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Operations on the cache, each with the forward over one token that does what it takes, so that
 * what it costs is the difference to {@link #truncate}, which takes nothing.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class CacheJmh extends ExampleModel {

  /** A trunk of one token, and two branches of two each. */
  private static final int[] PARENTS = {-1, 0, 1, 0, 3};

  private Sequence sequence;

  /** Opens a sequence with a prompt. */
  @Setup
  public void open() {
    load();
    sequence = prompted();
  }

  private Scores extend(Sequence sequence) {
    return session().extend(ForwardRequest.of(sequence, ids(1), LogitsRequest.argmax(0)));
  }

  /** Rolls back, and extends. */
  @Benchmark
  public Scores truncate() {
    sequence.truncate(PROMPT);
    return extend(sequence);
  }

  /** Branches, and extends the branch. */
  @Benchmark
  public Scores fork() {
    sequence.truncate(PROMPT);
    try (Sequence branch = sequence.fork()) {
      return extend(branch);
    }
  }

  /** Extends by a tree, keeps its second branch, and extends that. */
  @Benchmark
  public Scores keep() {
    sequence.truncate(PROMPT);
    tree();
    sequence.keep(0, 3, 4);
    return extend(sequence);
  }

  /** The tree of {@link #keep} alone, and a forward after it. */
  @Benchmark
  public Scores treeAndTruncate() {
    sequence.truncate(PROMPT);
    tree();
    sequence.truncate(PROMPT);
    return extend(sequence);
  }

  private void tree() {
    session()
        .extend(
            ForwardRequest.tree(sequence, ids(PARENTS.length), PARENTS, LogitsRequest.argmax(0)));
  }
}
