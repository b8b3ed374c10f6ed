package io.foresight.jobs.benchmark;

import io.foresight.decoding.Counters;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.InputRow;
import io.foresight.engine.Judge;
import io.foresight.engine.RowResult;
import io.foresight.jobs.metrics.Bootstrap;
import io.foresight.jobs.metrics.Diversity;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.TextScorer;
import io.foresight.reward.text.Words;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/** What a variant's texts are worth and what they took by the counters; every row once. */
final class Quality {

  private final GenerationSettings settings;
  private final Judge judge;
  private final Rewards coverage;
  private final Bootstrap bootstrap = new Bootstrap(4);
  private final Diversity diversity = new Diversity();
  private final List<String> coverageNames;
  private long covered;
  private long coverageJudged;
  private double softCoverage;
  private Counters counters = Counters.ZERO;
  private Judge.Verdict judged = new Judge.Verdict(0, 0);
  private int rows;
  private long judgedHard;
  private long satisfied;
  private long rewarded;
  private double reward;
  private long tokens;
  private double logProb;
  private long ended;
  private int[] outputs = new int[64];
  private final KnownWords known;
  private long words;
  private long unknownWords;

  /**
   * @param known words that are not broken; {@code null} if nobody says
   */
  Quality(GenerationSettings settings, Judge judge, KnownWords known) {
    this.known = known;
    this.settings = settings;
    this.judge = judge;
    RewardSpec ofConcepts = settings.rewards().ofType("keyword-coverage");
    coverage = Rewards.open(ofConcepts, TextScorer.Source.ELSEWHERE);
    coverageNames = ofConcepts.names();
  }

  void add(InputRow row, RowResult result) {
    boolean endedByEos = !result.status().equals("truncated");
    if (rows == outputs.length) {
      outputs = Arrays.copyOf(outputs, 2 * rows);
    }
    outputs[rows++] = result.output().hashCode();
    if (result.satisfied() != null) {
      judgedHard++;
      satisfied += result.satisfied() ? 1 : 0;
    }
    if (result.reward() != null) {
      rewarded++;
      reward += result.reward();
    }
    tokens += result.tokens();
    logProb += result.logProb();
    ended += endedByEos ? 1 : 0;
    if (known != null) {
      List<String> all = Words.of(result.output()).words();
      words += all.size();
      unknownWords += known.unknown(all, coverage.forRow(row.values()));
    }
    coverageNames.stream()
        .map(result.scores()::get)
        .filter(Objects::nonNull)
        .mapToDouble(Double::doubleValue)
        .average()
        .ifPresent(this::addCoverage);
    counters = counters.plus(result.counters());
    bootstrap.add(
        rows - 1,
        result.satisfied() == null ? 0 : 1,
        Boolean.TRUE.equals(result.satisfied()) ? 1 : 0,
        result.tokens(),
        result.logProb());
    diversity.add(coverage.forRow(row.values()), result.output());
    judged = judged.plus(judge.of(settings.prompt(), row.values(), result.output(), endedByEos));
  }

  private void addCoverage(double share) {
    coverageJudged++;
    covered += share == 1 ? 1 : 0;
    softCoverage += share;
  }

  /** Share of the rows that keyword coverage judged which have all concepts; NaN if none was. */
  double hardCoverage() {
    return (double) covered / coverageJudged;
  }

  /** Mean share of a row's concepts that its text has, over the same rows. */
  double softCoverage() {
    return softCoverage / coverageJudged;
  }

  int rows() {
    return rows;
  }

  /** Rows that a reward judged. */
  long rewarded() {
    return rewarded;
  }

  /** Rows that a hard reward judged. */
  long judgedHard() {
    return judgedHard;
  }

  /** Rows that keyword coverage judged. */
  long coverageJudged() {
    return coverageJudged;
  }

  /** Of the rows that a hard reward judged; truncated ones count as any other. NaN if none was. */
  double satisfiedRate() {
    return (double) satisfied / judgedHard;
  }

  /** Of the rows that a reward judged; NaN if none was. */
  double meanReward() {
    return reward / rewarded;
  }

  double perplexity() {
    return Math.exp(-logProb / tokens);
  }

  double judgedPerplexity() {
    return judged.perplexity();
  }

  /** Share of the texts' words that are neither known nor asked for; NaN if none were given. */
  double unknownWords() {
    return (double) unknownWords / words;
  }

  double meanTokens() {
    return (double) tokens / rows;
  }

  double endedByEos() {
    return (double) ended / rows;
  }

  /** NaN if nothing was drafted. */
  double acceptanceRate() {
    return (double) counters.accepted() / counters.drafted();
  }

  double perToken(ToDoubleFunction<Counters> counter) {
    return counter.applyAsDouble(counters) / tokens;
  }

  /** Share of the steps that were in a state; NaN if the strategy has none. */
  double stateShare(ToDoubleFunction<Counters> state) {
    return state.applyAsDouble(counters)
        / (counters.s1() + counters.s2() + counters.s3() + counters.s4());
  }

  Bootstrap.Interval satisfiedInterval() {
    return bootstrap.interval(sums -> sums[1] / sums[0]);
  }

  Bootstrap.Interval perplexityInterval() {
    return bootstrap.interval(sums -> Math.exp(-sums[3] / sums[2]));
  }

  Diversity diversity() {
    return diversity;
  }

  /** Rows whose text is not the other's. */
  long differing(Quality other) {
    long differing = 0;
    for (int i = 0; i < Math.min(rows, other.rows); i++) {
      differing += outputs[i] == other.outputs[i] ? 0 : 1;
    }
    return differing;
  }
}
