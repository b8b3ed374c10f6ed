package io.foresight.jobs.benchmark;

import java.util.List;
import java.util.function.Predicate;

/** A benchmark's figures beside each other. */
record Comparison(List<Figures> all, ForwardCosts costs) {

  /**
   * What a variant's speed is compared with: the strategy of that name at the same batch, in fp32,
   * or in the variant's precision where fp32 was not run; {@code null} if neither was.
   */
  Figures baseline(Figures figures, String name) {
    Figures fp32 = find(figures, name, f -> isFp32(f));
    return fp32 != null
        ? fp32
        : find(figures, name, f -> f.variant().precision().equals(figures.variant().precision()));
  }

  /** The same variant in fp32; {@code null} if it is that itself, or that was not run. */
  Figures inFp32(Figures figures) {
    Figures fp32 = find(figures, figures.variant().name(), f -> isFp32(f));
    return fp32 == figures ? null : fp32;
  }

  private static boolean isFp32(Figures figures) {
    return figures.variant().precision().equals("fp32");
  }

  private Figures find(Figures figures, String name, Predicate<Figures> further) {
    return all.stream()
        .filter(f -> f.variant().name().equals(name))
        .filter(f -> f.variant().batch() == figures.variant().batch())
        .filter(further)
        .findFirst()
        .orElse(null);
  }

  /** Seconds per token that the forwards of a variant would take on the measured cost curves. */
  private double predictedSecondsPerToken(Figures figures) {
    Work work = figures.work();
    return costs.predictedSeconds(figures.variant().settings(), work.spent()) / work.tokens();
  }

  /** Share of a variant's time that the cost curves account for. */
  double predictedShare(Figures figures) {
    return predictedSecondsPerToken(figures) * figures.work().tokensPerSecond();
  }

  /** Speed over another variant if nothing but forwards took time. */
  double predictedSpeedOver(Figures figures, Figures other) {
    return predictedSecondsPerToken(other) / predictedSecondsPerToken(figures);
  }
}
