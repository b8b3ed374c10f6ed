package io.foresight.jobs.benchmark;

import io.foresight.engine.RowDecoder;
import io.foresight.engine.Spent;
import io.foresight.jobs.benchmark.machine.ResidentMemory;
import io.foresight.spark.SparkTask;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Decodes the same rows by variants that take turns, a few rows each, so that a slow moment of the
 * machine meets all of them. A variant's rows in flight stay in flight while the others have their
 * turns.
 */
final class InterleavedRounds {

  /** Rows decoded at first and not counted, while the JVM and TorchScript compile. */
  private static final int WARM_UP_ROWS = 4;

  private static final int LEAST_TURN = 20;
  private static final long SHOW_NANOS = 10_000_000_000L;

  private final PromptCycle rows;
  private final int rounds;
  private final int legs;
  private final ResidentMemory memory = new ResidentMemory();
  private int legsDone;
  private long shown = System.nanoTime();

  /**
   * @param legs calls of {@link #run} to come, for the middle of the work
   */
  InterleavedRounds(PromptCycle rows, int rounds, int legs) {
    this.rows = rows;
    this.rounds = rounds;
    this.legs = legs;
  }

  ResidentMemory memory() {
    return memory;
  }

  /** A variant while a round runs. */
  private static final class Runner implements AutoCloseable {

    private final Figures figures;
    private final PromptCycle prompts;
    private final RowDecoder decoder;
    private Iterator<RowDecoder.Decoded> rows;
    private Spent before;
    private long decoded;
    private long tokens;
    private long nanos;

    Runner(Figures figures, PromptCycle prompts) {
      this.prompts = prompts;
      this.figures = figures;
      decoder =
          new RowDecoder(
              figures.variant().settings(),
              SparkTask.current(figures.variant().settings().device()));
    }

    void start() {
      decoder.decode(prompts.first(WARM_UP_ROWS)).forEachRemaining(one -> require(one, prompts));
      before = decoder.spent();
      rows = decoder.decode(prompts.iterator());
    }

    void turn(int count) {
      List<RowDecoder.Decoded> results = new ArrayList<>();
      long started = System.nanoTime();
      while (results.size() < count && rows.hasNext()) {
        results.add(rows.next());
      }
      nanos += System.nanoTime() - started;
      for (RowDecoder.Decoded one : results) {
        require(one, prompts);
        figures.add(one);
        tokens += one.result().tokens();
      }
      decoded += results.size();
    }

    private static void require(RowDecoder.Decoded one, PromptCycle prompts) {
      if (one.result().status().equals("error")) {
        throw new IllegalArgumentException(
            "Cannot compare on row %s: %s Benchmark rows that can be decoded."
                .formatted(prompts.nameOf(one.row()), one.result().error()));
      }
    }

    void finish() {
      figures.add(
          new Work(
              figures.variant().batch(),
              decoded,
              tokens,
              nanos / 1e9,
              decoder.spent().since(before)));
    }

    @Override
    public void close() {
      decoder.close();
    }
  }

  /**
   * Decodes all rows once by each variant.
   *
   * @param variants figures of variants with one batch
   * @param round from 0 on
   */
  void run(List<Figures> variants, int round) {
    int batch = variants.get(0).variant().batch();
    int turn = Math.max(2 * batch, LEAST_TURN);
    int turns = (rows.size() + turn - 1) / turn;
    List<Runner> runners = new ArrayList<>();
    try {
      for (Figures figures : variants) {
        runners.add(new Runner(figures, rows));
      }
      runners.forEach(Runner::start);
      note(0);
      for (int t = 0; t < turns; t++) {
        for (int i = 0; i < runners.size(); i++) {
          // Another variant starts each turn, leg and round, so that none is always first.
          runners.get((i + t + legsDone) % runners.size()).turn(turn);
        }
        note((double) (t + 1) / turns);
        show(variants.get(0).variant().batch(), round, Math.min((t + 1) * turn, rows.size()));
      }
      runners.forEach(Runner::finish);
      legsDone++;
    } finally {
      runners.forEach(Runner::close);
    }
  }

  private void show(int batch, int round, int decoded) {
    long now = System.nanoTime();
    if (decoded == rows.size() || now - shown > SHOW_NANOS) {
      shown = now;
      System.err.printf(
          "batch %d, round %d of %d: %d of %d rows%n",
          batch, round + 1, rounds, decoded, rows.size());
    }
  }

  private void note(double shareOfLeg) {
    memory.note((legsDone + shareOfLeg) / legs);
  }
}
