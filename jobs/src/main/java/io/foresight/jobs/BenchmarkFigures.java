package io.foresight.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.Counters;
import io.foresight.spark.GenerationSettings;
import io.foresight.spark.RowDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;

/** What one variant of a benchmark reached and took, over the rows so far. */
final class BenchmarkFigures {

  /** Parts of the rows over which a ratio's spread is taken. */
  private static final int PARTS = 5;

  private final String name;
  private final GenerationSettings settings;
  private final List<RowDecoder.Result> results = new ArrayList<>();
  private final List<Double> seconds = new ArrayList<>();

  BenchmarkFigures(String name, GenerationSettings settings) {
    this.name = name;
    this.settings = settings;
  }

  /**
   * Decodes a row and notes it.
   *
   * @param index below 0 for rows that are not counted
   */
  void decode(RowDecoder decoder, int index, Row row) {
    String id =
        settings.idColumn() == null
            ? String.valueOf(index)
            : String.valueOf(row.<Object>getAs(settings.idColumn()));
    long started = System.nanoTime();
    RowDecoder.Result result = decoder.decode(id, row);
    double taken = (System.nanoTime() - started) / 1e9;
    if (result.status().equals("error")) {
      throw new IllegalArgumentException(
          "Cannot compare on row %s: %s Benchmark rows that can be decoded."
              .formatted(id, result.error()));
    }
    if (index >= 0) {
      results.add(result);
      seconds.add(taken);
    }
  }

  private double mean(ToDoubleFunction<RowDecoder.Result> figure) {
    return results.stream().mapToDouble(figure).average().orElse(Double.NaN);
  }

  private double sum(ToDoubleFunction<RowDecoder.Result> figure) {
    return results.stream().mapToDouble(figure).sum();
  }

  private double perToken(ToDoubleFunction<Counters> counter) {
    return sum(r -> counter.applyAsDouble(r.counters())) / sum(RowDecoder.Result::tokens);
  }

  private double hardCoverage() {
    return mean(r -> r.satisfied() ? 1 : 0);
  }

  private double softCoverage() {
    return mean(
        r -> r.scores().values().stream().mapToDouble(Double::doubleValue).average().orElse(1));
  }

  private double perplexity() {
    return Math.exp(-sum(RowDecoder.Result::logProb) / sum(RowDecoder.Result::tokens));
  }

  private double endedByEos() {
    return mean(r -> r.status().equals("truncated") ? 0 : 1);
  }

  private double acceptanceRate() {
    return sum(r -> r.counters().accepted()) / sum(r -> r.counters().drafted());
  }

  private double stateShare(ToDoubleFunction<Counters> state) {
    return sum(r -> state.applyAsDouble(r.counters()))
        / sum(r -> r.counters().s1() + r.counters().s2() + r.counters().s3() + r.counters().s4());
  }

  private double tokensPerSecond(int from, int to) {
    return IntStream.range(from, to).mapToDouble(i -> results.get(i).tokens()).sum()
        / seconds.subList(from, to).stream().mapToDouble(Double::doubleValue).sum();
  }

  private double tokensPerSecond() {
    return tokensPerSecond(0, results.size());
  }

  /** Ratio of tokens per second to {@code other}'s. */
  private double speedOver(BenchmarkFigures other) {
    return tokensPerSecond() / other.tokensPerSecond();
  }

  /** The ratio in fifths of the rows: lowest to highest. */
  private String spreadOver(BenchmarkFigures other) {
    int n = results.size();
    if (n < PARTS) {
      return "";
    }
    double[] ratios =
        IntStream.range(0, PARTS)
            .mapToDouble(
                part -> {
                  int from = n * part / PARTS;
                  int to = n * (part + 1) / PARTS;
                  return tokensPerSecond(from, to) / other.tokensPerSecond(from, to);
                })
            .sorted()
            .toArray();
    return " (%s-%s)".formatted(number(ratios[0]), number(ratios[PARTS - 1]));
  }

  /** SHA-256 of all outputs, so that equal ones can be seen. */
  private String outputDigest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (RowDecoder.Result result : results) {
        digest.update(result.output().getBytes(StandardCharsets.UTF_8));
        digest.update((byte) '\n');
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }

  private static BenchmarkFigures named(String name, List<BenchmarkFigures> all) {
    return all.stream().filter(f -> f.name.equals(name)).findFirst().orElse(null);
  }

  /** All figures; ratios are {@code null} where the other strategy was not run. */
  ObjectNode json(List<BenchmarkFigures> all) {
    BenchmarkFigures cdlh = named("cdlh", all);
    BenchmarkFigures greedy = named("greedy", all);
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("strategy", name);
    json.put("precision", settings.targetPrecision().name().toLowerCase(Locale.ROOT));
    json.put("batch", 1);
    json.put("rows", results.size());
    json.put("tokens_per_second", tokensPerSecond());
    json.put("ratio_to_cdlh", cdlh == null ? null : (Double) speedOver(cdlh));
    json.put("ratio_to_greedy", greedy == null ? null : (Double) speedOver(greedy));
    json.put("soft_coverage", softCoverage());
    json.put("hard_coverage", hardCoverage());
    json.put("perplexity", perplexity());
    json.put("mean_tokens", mean(RowDecoder.Result::tokens));
    json.put("ended_by_eos", endedByEos());
    json.put("acceptance_rate", finite(acceptanceRate()));
    json.put("target_forwards_per_token", perToken(Counters::targetForwards));
    json.put("target_positions_per_token", perToken(Counters::targetPositions));
    json.put("draft_forwards_per_token", perToken(Counters::draftForwards));
    json.put("draft_positions_per_token", perToken(Counters::draftPositions));
    json.put("reward_calls_per_token", perToken(Counters::rewardCalls));
    json.put("s1", finite(stateShare(Counters::s1)));
    json.put("s2", finite(stateShare(Counters::s2)));
    json.put("s3", finite(stateShare(Counters::s3)));
    json.put("s4", finite(stateShare(Counters::s4)));
    json.put("near_ties_per_token", perToken(Counters::nearTies));
    json.put("output_digest", outputDigest());
    return json;
  }

  private static Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }

  /** A table, a line per variant. */
  static String markdown(List<BenchmarkFigures> all) {
    BenchmarkFigures cdlh = named("cdlh", all);
    StringBuilder table =
        new StringBuilder(
            """
            | strategy | hard coverage | soft coverage | perplexity | mean tokens | ended by EOS | target forwards per token | target positions per token | draft forwards per token | acceptance | S1 / S2 / S3 / S4 | speed over cdlh |
            |---|---|---|---|---|---|---|---|---|---|---|---|
            """);
    for (BenchmarkFigures f : all) {
      table.append(
          "| %s | %.1f %% | %.1f %% | %.2f | %.1f | %.0f %% | %s | %s | %s | %s | %s | %s |%n"
              .formatted(
                  f.name,
                  100 * f.hardCoverage(),
                  100 * f.softCoverage(),
                  f.perplexity(),
                  f.mean(RowDecoder.Result::tokens),
                  100 * f.endedByEos(),
                  number(f.perToken(Counters::targetForwards)),
                  number(f.perToken(Counters::targetPositions)),
                  number(f.perToken(Counters::draftForwards)),
                  percent(f.acceptanceRate()),
                  Double.isNaN(f.stateShare(Counters::s1))
                      ? "-"
                      : "%s / %s / %s / %s"
                          .formatted(
                              percent(f.stateShare(Counters::s1)),
                              percent(f.stateShare(Counters::s2)),
                              percent(f.stateShare(Counters::s3)),
                              percent(f.stateShare(Counters::s4))),
                  cdlh == null ? "-" : number(f.speedOver(cdlh)) + f.spreadOver(cdlh)));
    }
    return table.toString();
  }

  private static String number(double value) {
    return "%.2f".formatted(value);
  }

  private static String percent(double share) {
    return Double.isNaN(share) ? "-" : "%.0f %%".formatted(100 * share);
  }
}
