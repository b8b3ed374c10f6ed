package io.foresight.jobs.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.Counters;
import io.foresight.jobs.benchmark.machine.Machine;
import io.foresight.jobs.benchmark.machine.ResidentMemory;
import io.foresight.jobs.metrics.Bootstrap;
import io.foresight.model.cost.ForwardStats;
import java.util.function.ToDoubleFunction;

/** A benchmark's outcome, to be printed and written. Immutable. */
public final class Report {

  private static final String NOTE =
      """
      Medians over rounds (lowest-highest). Ratios are of tokens per second, round by round, to the strategy at the same batch in
      fp32. Predicted is the ratio if the forwards alone took time, each what its size costs on this machine: costs are measured
      between the rounds at powers of two of positions, and linear in between. What is said of texts is of all rows, or of as many as
      the cell says.
      """;

  private final Comparison comparison;
  private final double agreement;
  private final Machine machine;
  private final ResidentMemory memory;
  private final String judge;
  private final SparkShare spark;

  /**
   * @param agreement share of positions at which the draft's arg max is the target's
   * @param judge what the judge is called
   * @param spark {@code null} if it was not measured
   */
  Report(
      Comparison comparison,
      double agreement,
      Machine machine,
      ResidentMemory memory,
      String judge,
      SparkShare spark) {
    this.comparison = comparison;
    this.agreement = agreement;
    this.machine = machine;
    this.memory = memory;
    this.judge = judge;
    this.spark = spark;
  }

  /** A list of an object per variant; what is measured once for all stands in each. */
  public ArrayNode json() {
    ObjectNode run = new ObjectMapper().createObjectNode();
    run.put("agreement", agreement);
    run.put("judge", judge);
    run.set("machine", machine.json());
    run.set("resident_mib", memory.json());
    run.set("spark", spark == null ? null : spark.json());
    ArrayNode all = new ObjectMapper().createArrayNode();
    for (Figures figures : comparison.all()) {
      all.add(FiguresJson.of(figures, comparison).set("run", run));
    }
    return all;
  }

  /** Tables of speed, quality, cost and time, and what was measured once for all. */
  public String markdown() {
    return "%s%n%s%n%s%n%s%n%s%n%s".formatted(speed(), NOTE, quality(), cost(), time(), lines());
  }

  private MarkdownTable<Figures> table() {
    return new MarkdownTable<>(comparison.all())
        .column("strategy", f -> f.variant().name())
        .column("precision", f -> f.variant().precision())
        .column("batch", f -> String.valueOf(f.variant().batch()));
  }

  private String speed() {
    return table()
        .column("tokens/s", f -> spread("%.0f", f.overRounds(Work::tokensPerSecond)))
        .column("rows/s", f -> number("%.1f", f.overRounds(Work::rowsPerSecond).median()))
        .column("over cdlh", f -> over(f, "cdlh"))
        .column("predicted", f -> predicted(f, "cdlh"))
        .column("measured / predicted", f -> reached(f, "cdlh"))
        .column("over greedy", f -> over(f, "greedy"))
        .column("predicted", f -> predicted(f, "greedy"))
        .text();
  }

  private String over(Figures figures, String name) {
    Figures other = comparison.baseline(figures, name);
    return other == null ? "-" : spread("%.2f", figures.speedOver(other));
  }

  private String predicted(Figures figures, String name) {
    Figures other = comparison.baseline(figures, name);
    return other == null ? "-" : number("%.2f", comparison.predictedSpeedOver(figures, other));
  }

  private String reached(Figures figures, String name) {
    Figures other = comparison.baseline(figures, name);
    return other == null
        ? "-"
        : number(
            "%.2f",
            figures.speedOver(other).median() / comparison.predictedSpeedOver(figures, other));
  }

  private String quality() {
    return table()
        .column("rows", f -> String.valueOf(f.quality().rows()))
        .column("satisfied (95 %)", f -> satisfied(f.quality()))
        .column(
            "mean reward",
            f -> of(number("%.3f", f.quality().meanReward()), f.quality().rewarded()))
        .column("perplexity (95 %)", f -> perplexity(f.quality()))
        .column("perplexity by the judge", f -> number("%.2f", f.quality().judgedPerplexity()))
        .column("mean tokens", f -> number("%.1f", f.quality().meanTokens()))
        .column("ended by EOS", f -> percent("%.0f", f.quality().endedByEos()))
        .column(
            "concept over twice",
            f ->
                of(
                    percent("%.1f", f.quality().diversity().overuse()),
                    f.quality().coverageJudged()))
        .column("distinct-2", f -> number("%.2f", f.quality().diversity().distinct2()))
        .column("unknown words", f -> percent("%.2f", f.quality().unknownWords()))
        .column("rows unlike fp32", this::differing)
        .column("digest", f -> f.outputDigest().substring(0, 8) + (f.roundsAgree() ? "" : " *"))
        .text();
  }

  private static String satisfied(Quality quality) {
    Bootstrap.Interval interval = quality.satisfiedInterval();
    if (quality.judgedHard() == 0) {
      return "-";
    }
    return "%s of %d (%s-%s)"
        .formatted(
            percent("%.1f", quality.satisfiedRate()),
            quality.judgedHard(),
            number("%.0f", 100 * interval.low()),
            number("%.0f", 100 * interval.high()));
  }

  /** A figure, and how many rows it is of. */
  private static String of(String figure, long rows) {
    return rows == 0 ? "-" : figure + " of " + rows;
  }

  private static String perplexity(Quality quality) {
    Bootstrap.Interval interval = quality.perplexityInterval();
    return "%s (%s-%s)"
        .formatted(
            number("%.2f", quality.perplexity()),
            number("%.2f", interval.low()),
            number("%.2f", interval.high()));
  }

  private String differing(Figures figures) {
    Figures fp32 = comparison.inFp32(figures);
    return fp32 == null ? "-" : String.valueOf(figures.quality().differing(fp32.quality()));
  }

  private String cost() {
    return table()
        .column(
            "target forwards per token",
            f -> perToken(f, q -> q.perToken(Counters::targetForwards)))
        .column("target positions", f -> perToken(f, q -> q.perToken(Counters::targetPositions)))
        .column("draft forwards", f -> perToken(f, q -> q.perToken(Counters::draftForwards)))
        .column("draft positions", f -> perToken(f, q -> q.perToken(Counters::draftPositions)))
        .column("reward calls", f -> perToken(f, q -> q.perToken(Counters::rewardCalls)))
        .column("acceptance", f -> percent("%.0f", f.quality().acceptanceRate()))
        .column("S1 / S2 / S3 / S4", f -> states(f.quality()))
        .text();
  }

  private static String perToken(Figures figures, ToDoubleFunction<Quality> figure) {
    return number("%.2f", figure.applyAsDouble(figures.quality()));
  }

  private static String states(Quality quality) {
    return Double.isNaN(quality.stateShare(Counters::s1))
        ? "-"
        : "%s / %s / %s / %s"
            .formatted(
                percent("%.0f", quality.stateShare(Counters::s1)),
                percent("%.0f", quality.stateShare(Counters::s2)),
                percent("%.0f", quality.stateShare(Counters::s3)),
                percent("%.0f", quality.stateShare(Counters::s4)));
  }

  private String time() {
    return table()
        .column("target forward", f -> percent("%.1f", f.work().shares().target()))
        .column("draft forward", f -> percent("%.1f", f.work().shares().draft()))
        .column("near ties", f -> percent("%.1f", f.work().shares().canonical()))
        .column("reward", f -> percent("%.1f", f.work().shares().reward()))
        .column("tokenizer", f -> percent("%.1f", f.work().shares().tokenizer()))
        .column("batching", f -> percent("%.1f", f.work().shares().batching()))
        .column("waiting for rows", f -> percent("%.1f", f.work().shares().waiting()))
        .column("target calls per token", f -> calls(f, f.work().spent().target()))
        .column("sequences per call", f -> sequences(f.work().spent().target()))
        .column("computed positions per token", f -> computed(f, f.work().spent().target()))
        .column("shared", f -> shared(f, f.work().spent().target()))
        .column("KB copied per call", f -> copied(f.work().spent().target()))
        .column("draft calls per token", f -> calls(f, f.work().spent().draft()))
        .column("sequences per call", f -> sequences(f.work().spent().draft()))
        .column("computed positions per token", f -> computed(f, f.work().spent().draft()))
        .column("shared", f -> shared(f, f.work().spent().draft()))
        .column("KB copied per call", f -> copied(f.work().spent().draft()))
        .text();
  }

  private static String calls(Figures figures, ForwardStats stats) {
    return number("%.3f", (double) Work.forwards(stats) / figures.work().tokens());
  }

  private static String sequences(ForwardStats stats) {
    return number("%.1f", Work.sequencesPerForward(stats));
  }

  private static String computed(Figures figures, ForwardStats stats) {
    return number("%.2f", (double) stats.positions() / figures.work().tokens());
  }

  private static String shared(Figures figures, ForwardStats stats) {
    return number("%.2f", (double) stats.shared() / figures.work().tokens());
  }

  private static String copied(ForwardStats stats) {
    return number("%.1f", Work.copiedBytesPerForward(stats) / 1e3);
  }

  private String lines() {
    boolean agree = comparison.all().stream().allMatch(Figures::roundsAgree);
    return "%sThe judge is %s. The draft's arg max is the target's at %.1f %% of the positions of the target's greedy texts.%n%s%s%s%s"
        .formatted(
            agree ? "" : "* Rounds gave different texts.\n",
            judge,
            100 * agreement,
            comparison.costs().text(),
            machine.text(),
            spark == null ? "" : spark.text(),
            memory.text());
  }

  private static String spread(String format, Spread spread) {
    return "%s (%s-%s)"
        .formatted(
            number(format, spread.median()),
            number(format, spread.low()),
            number(format, spread.high()));
  }

  private static String number(String format, double value) {
    return Double.isFinite(value) ? format.formatted(value) : "-";
  }

  private static String percent(String format, double share) {
    return Double.isFinite(share) ? format.formatted(100 * share) + " %" : "-";
  }
}
