package io.foresight.jobs.jmh;

import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Request;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.strategy.Sample;
import io.foresight.settings.Settings;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A sampled token, without the forward: what the vocabulary's size costs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SamplingJmh {

  /** Of Qwen 2.5's models. */
  @Param({"151936"})
  public int vocabulary;

  /** Top-k and top-p. */
  @Param({"0 1.0", "50 1.0", "0 0.9", "50 0.9"})
  public String cut;

  private LanguageModel model;
  private Sample strategy;
  private long seed;

  /** Scores with a peak and a long tail. */
  @Setup
  public void open() {
    SplittableRandom random = new SplittableRandom(1);
    float[] row = new float[vocabulary];
    double sum = 0;
    for (int i = 0; i < vocabulary; i++) {
      row[i] = (float) (3 * random.nextGaussian());
      sum += Math.exp(row[i]);
    }
    for (int i = 0; i < vocabulary; i++) {
      row[i] -= (float) Math.log(sum);
    }
    model = new Fixed(row);
    String[] sizes = cut.split(" ");
    strategy =
        new Sample(
            Settings.defaults()
                .with(TOP_K, Integer.parseInt(sizes[0]))
                .with(TOP_P, Double.parseDouble(sizes[1])));
  }

  /** One token. */
  @Benchmark
  public Generation token() {
    return strategy.decode(
        model, null, new Request(new int[] {1}, 1, (line, finished) -> Judgement.of(0), seed++));
  }

  /** The same scores everywhere. */
  private record Fixed(float[] row) implements LanguageModel {

    @Override
    public int vocabularySize() {
      return row.length;
    }

    @Override
    public int contextLength() {
      return 1000;
    }

    @Override
    public boolean isEos(int id) {
      return false;
    }

    @Override
    public Sequence open() {
      return new Empty();
    }

    @Override
    public List<Scores> extend(List<ForwardRequest> extensions) {
      return extensions.stream()
          .map(
              extension ->
                  new Scores(
                      new int[1],
                      new float[1],
                      null,
                      null,
                      null,
                      new float[][] {row},
                      new float[] {1}))
          .toList();
    }
  }

  /** Holds nothing. */
  private static final class Empty implements Sequence {

    @Override
    public int length() {
      return 0;
    }

    @Override
    public void truncate(int length) {}

    @Override
    public Sequence fork() {
      return new Empty();
    }

    @Override
    public void keep(int... path) {}

    @Override
    public void close() {}
  }
}
