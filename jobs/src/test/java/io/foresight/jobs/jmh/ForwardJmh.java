package io.foresight.jobs.jmh;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A forward of each model, by its shape: sequences x tokens of each. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ForwardJmh extends ExampleModel {

  @Param({"1x1", "16x1", "1x17", "16x8"})
  public String shape;

  private final List<Sequence> sequences = new ArrayList<>();
  private int tokens;

  /** Prompts for the shape's sequences. */
  @Setup
  public void open() {
    load();
    String[] sizes = shape.split("x");
    tokens = Integer.parseInt(sizes[1]);
    for (int i = 0; i < Integer.parseInt(sizes[0]); i++) {
      sequences.add(prompted());
    }
  }

  /** Scores at every position. */
  @Benchmark
  public List<Scores> forward() {
    List<ForwardRequest> extensions = new ArrayList<>();
    for (Sequence sequence : sequences) {
      sequence.truncate(PROMPT);
      extensions.add(ForwardRequest.of(sequence, ids(tokens), LogitsRequest.argmax(0)));
    }
    return session().extend(extensions);
  }
}
