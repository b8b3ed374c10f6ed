package io.foresight.jobs.benchmark;

import io.foresight.engine.Judge;
import io.foresight.jobs.benchmark.machine.Machine;
import io.foresight.jobs.benchmark.machine.Roofline;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What to compare, and how.
 *
 * @param variants strategies or settings, each at every batch
 * @param rows what they decode
 * @param rounds how often
 * @param judge folder of a model that judges the texts
 * @param known words by which broken ones are found; {@code null} if none were given
 * @param spark variant whose rows are also decoded by Spark jobs; {@code null} for none
 */
public record Benchmark(
    List<Variant> variants,
    PromptCycle rows,
    int rounds,
    Path judge,
    KnownWords known,
    Variant spark) {

  /** Measures, on this thread and, for {@code spark}, on Spark's local mode. */
  public Report run() {
    try (Judge judging = new Judge(judge);
        Roofline roofline = new Roofline()) {
      Map<Integer, List<Figures>> byBatch =
          variants.stream()
              .map(variant -> new Figures(variant, judging, known))
              .collect(
                  Collectors.groupingBy(
                      f -> f.variant().batch(), LinkedHashMap::new, Collectors.toList()));
      ForwardCosts costs = new ForwardCosts(variants);
      InterleavedRounds interleaved = new InterleavedRounds(rows, rounds, rounds * byBatch.size());
      for (int round = 0; round < rounds; round++) {
        costs.sample();
        roofline.sample();
        for (List<Figures> figures : byBatch.values()) {
          interleaved.run(figures, round);
        }
      }
      costs.sample();
      roofline.sample();
      List<Figures> all = new ArrayList<>();
      byBatch.values().forEach(all::addAll);
      return new Report(
          new Comparison(all, costs),
          Agreement.measure(variants.get(0).settings(), rows.prompts()),
          Machine.of(variants.get(0).settings(), costs.target(), roofline),
          interleaved.memory(),
          judge.toString(),
          spark == null ? null : SparkShare.measure(spark, rows, rounds));
    }
  }
}
