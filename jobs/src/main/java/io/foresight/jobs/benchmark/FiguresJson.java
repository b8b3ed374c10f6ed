package io.foresight.jobs.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.Counters;
import io.foresight.jobs.metrics.Bootstrap;
import io.foresight.model.cost.ForwardStats;

/**
 * A variant's figures as a JSON object. A figure that does not apply is {@code null}; a figure over
 * rounds is the median, with the lowest and highest under {@code _low} and {@code _high}.
 */
final class FiguresJson {

  private final ObjectNode json = new ObjectMapper().createObjectNode();
  private final Figures figures;
  private final Comparison comparison;

  private FiguresJson(Figures figures, Comparison comparison) {
    this.figures = figures;
    this.comparison = comparison;
  }

  static ObjectNode of(Figures figures, Comparison comparison) {
    FiguresJson json = new FiguresJson(figures, comparison);
    json.speed();
    json.quality();
    json.cost();
    json.forwards();
    json.time();
    return json.json;
  }

  private void speed() {
    json.put("strategy", figures.variant().name());
    json.put("precision", figures.variant().precision());
    json.put("draft_precision", figures.variant().draftPrecision());
    json.put("batch", figures.variant().batch());
    json.put("rows", figures.quality().rows());
    spread("tokens_per_second", figures.overRounds(Work::tokensPerSecond));
    spread("rows_per_second", figures.overRounds(Work::rowsPerSecond));
    ratio("cdlh");
    ratio("greedy");
    put("predicted_share_of_time", comparison.predictedShare(figures));
  }

  private void ratio(String name) {
    Figures other = comparison.baseline(figures, name);
    Spread none = new Spread(Double.NaN, Double.NaN, Double.NaN);
    Spread measured = other == null ? none : figures.speedOver(other);
    double predicted = other == null ? Double.NaN : comparison.predictedSpeedOver(figures, other);
    spread("ratio_to_" + name, measured);
    put("predicted_ratio_to_" + name, predicted);
    put("measured_over_predicted_to_" + name, measured.median() / predicted);
  }

  private void quality() {
    Quality quality = figures.quality();
    json.put("judged", quality.rewarded());
    json.put("judged_hard", quality.judgedHard());
    json.put("judged_coverage", quality.coverageJudged());
    put("mean_reward", quality.meanReward());
    put("satisfied", quality.satisfiedRate());
    interval("satisfied", quality.satisfiedInterval());
    put("hard_coverage", quality.hardCoverage());
    put("soft_coverage", quality.softCoverage());
    put("perplexity", quality.perplexity());
    interval("perplexity", quality.perplexityInterval());
    put("judge_perplexity", quality.judgedPerplexity());
    put("mean_tokens", quality.meanTokens());
    put("ended_by_eos", quality.endedByEos());
    put("concept_overuse", quality.diversity().overuse());
    put("unknown_words", quality.unknownWords());
    put("distinct_2", quality.diversity().distinct2());
    json.put("output_digest", figures.outputDigest());
    json.put("rounds_agree", figures.roundsAgree());
    Figures fp32 = comparison.inFp32(figures);
    json.put(
        "rows_differing_from_fp32", fp32 == null ? null : (Long) quality.differing(fp32.quality()));
  }

  private void cost() {
    Quality quality = figures.quality();
    put("acceptance_rate", quality.acceptanceRate());
    put("target_forwards_per_token", quality.perToken(Counters::targetForwards));
    put("target_positions_per_token", quality.perToken(Counters::targetPositions));
    put("draft_forwards_per_token", quality.perToken(Counters::draftForwards));
    put("draft_positions_per_token", quality.perToken(Counters::draftPositions));
    put("reward_calls_per_token", quality.perToken(Counters::rewardCalls));
    put("s1", quality.stateShare(Counters::s1));
    put("s2", quality.stateShare(Counters::s2));
    put("s3", quality.stateShare(Counters::s3));
    put("s4", quality.stateShare(Counters::s4));
    put("near_ties_per_token", quality.perToken(Counters::nearTies));
  }

  private void forwards() {
    Work work = figures.work();
    forwards("target", work.spent().target(), work.tokens());
    forwards("draft", work.spent().draft(), work.tokens());
  }

  private void forwards(String model, ForwardStats stats, long tokens) {
    put(model + "_physical_forwards_per_token", (double) Work.forwards(stats) / tokens);
    put(model + "_sequences_per_forward", Work.sequencesPerForward(stats));
    put(model + "_computed_positions_per_token", (double) stats.positions() / tokens);
    put(model + "_shared_positions_per_token", (double) stats.shared() / tokens);
    put(model + "_copied_bytes_per_forward", Work.copiedBytesPerForward(stats));
    put(model + "_canonical_forwards_per_token", (double) stats.canonicalForwards() / tokens);
  }

  private void time() {
    Work.Shares shares = figures.work().shares();
    put("time_target_forward", shares.target());
    put("time_draft_forward", shares.draft());
    put("time_canonical_forward", shares.canonical());
    put("time_reward", shares.reward());
    put("time_tokenizer", shares.tokenizer());
    put("time_batching", shares.batching());
    put("time_waiting", shares.waiting());
    put("time_outside_forwards_and_rewards", shares.loop());
  }

  private void put(String name, double value) {
    json.put(name, Double.isFinite(value) ? (Double) value : null);
  }

  private void spread(String name, Spread spread) {
    put(name, spread.median());
    put(name + "_low", spread.low());
    put(name + "_high", spread.high());
  }

  private void interval(String name, Bootstrap.Interval interval) {
    put(name + "_low", interval.low());
    put(name + "_high", interval.high());
  }
}
