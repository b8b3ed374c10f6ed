package io.foresight.jobs.jmh;

import io.foresight.model.text.Detokenizer;
import io.foresight.model.text.Tokenizer;
import io.foresight.reward.RewardFunction.RowReward;
import io.foresight.reward.text.KeywordCoverage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Keyword coverage of lines of ids, as a step's candidates are scored. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class RewardJmh {

  private static final int CANDIDATES = 5;

  private Tokenizer tokenizer;
  private Detokenizer detokenizer;
  private RowReward reward;
  private final int[][] lines = new int[CANDIDATES][];
  private String text;

  /** Lines that differ in their last tokens. */
  @Setup
  public void open() {
    tokenizer = Tokenizer.load(ExampleModel.EXAMPLES.resolve("target"));
    detokenizer = tokenizer.newDetokenizer();
    reward =
        new KeywordCoverage("concepts", "forms")
            .forRow(Map.of("concepts", List.of("field", "stand", "look"), "forms", List.of()))
            .orElseThrow();
    text = "The player stood in the field looking at the batter.";
    for (int i = 0; i < CANDIDATES; i++) {
      lines[i] = tokenizer.encode(text + " " + "again and ".repeat(i));
    }
  }

  /** Texts of all candidates, and their rewards. */
  @Benchmark
  public double candidates() {
    double sum = 0;
    for (int[] line : lines) {
      sum += reward.reward(detokenizer.text(line), false);
    }
    return sum;
  }

  /** The reward of one text. */
  @Benchmark
  public double text() {
    return reward.reward(text, false);
  }

  /** Closes the tokenizer. */
  @TearDown
  public void close() {
    tokenizer.close();
  }
}
