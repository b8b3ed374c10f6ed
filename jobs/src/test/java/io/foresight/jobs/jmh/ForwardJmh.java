package io.foresight.jobs.jmh;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * A forward of each model, by its shape, sequences x tokens of each, and by what is asked of every
 * position. Another model is named by its folder's absolute path: {@code -p model=/models/llama}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ForwardJmh extends ExampleModel {

  @Param({"1x1", "16x1", "1x17", "16x8"})
  public String shape;

  /** The highest id and its log-probability; eight of them; or those of a sampled one. */
  @Param("argmax")
  public String ask;

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

  private LogitsRequest asked(int sequence) {
    switch (ask) {
      case "argmax":
        return LogitsRequest.argmax(0);
      case "top8":
        return LogitsRequest.topK(0, 8);
      case "top-p":
        return sampled(sequence, new Sampler(1, 0, 0.9));
      case "top-k":
        return sampled(sequence, new Sampler(1, 50, 1));
      case "noise":
        return sampled(sequence, new Sampler(1, 0, 1));
      default:
        throw new IllegalArgumentException("Cannot ask for " + ask + ".");
    }
  }

  private LogitsRequest sampled(int sequence, Sampler sampler) {
    int[] places = IntStream.range(PROMPT + 1, PROMPT + 1 + tokens).toArray();
    Noise noise = new Noise(sampler, sequence);
    return new LogitsRequest(0, true, 0, null, false, noise, places, null);
  }

  /** Scores at every position. */
  @Benchmark
  public List<Scores> forward() {
    List<ForwardRequest> extensions = new ArrayList<>();
    for (int i = 0; i < sequences.size(); i++) {
      sequences.get(i).truncate(PROMPT);
      extensions.add(ForwardRequest.of(sequences.get(i), ids(tokens), asked(i)));
    }
    return session().extend(extensions);
  }
}
