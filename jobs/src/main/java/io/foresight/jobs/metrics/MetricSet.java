package io.foresight.jobs.metrics;

import io.foresight.reward.RewardSpec;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Metrics side by side, in the order to be shown, whose summands lie in one array. Immutable. */
public final class MetricSet implements Serializable {

  private static final long serialVersionUID = 1;

  /** Those that tell one system from another in quality, of which tests are of interest. */
  private static final Set<String> TESTED =
      Set.of(
          "satisfied",
          "hard_coverage",
          "soft_coverage",
          "mean_reward",
          "perplexity",
          "judge_perplexity",
          "bleu_4",
          "rouge_l",
          "chrf",
          "cider");

  private static final double NATS_STEPS = 1L << 20;

  private final ArrayList<Metric> metrics;
  private final int[] from;
  private final int summands;

  /** A share that counts above this is reached. */
  private static final double DEFAULT_THRESHOLD = 0.5;

  /** What a judge is. */
  public enum Judge {
    NONE,
    LANGUAGE_MODEL,
    CLASSIFIER
  }

  /**
   * Of some.
   *
   * @param metrics with names that differ
   */
  public MetricSet(List<Metric> metrics) {
    this.metrics = new ArrayList<>(metrics);
    from = new int[metrics.size()];
    int next = 0;
    for (int i = 0; i < from.length; i++) {
      from[i] = next;
      next += metrics.get(i).summands();
    }
    summands = next;
  }

  /**
   * Those that can be defined.
   *
   * @param rewards that judged the texts
   * @param generated whether their tokens are known
   * @param frequencies of the references' word sequences; {@code null} if there are no references
   */
  public static MetricSet of(
      RewardSpec rewards, boolean generated, DocumentFrequencies frequencies, Judge judge) {
    List<Metric> metrics = new ArrayList<>();
    metrics.add(Metric.mean("satisfied", text -> share(text.satisfied())));
    List<String> coverage = List.copyOf(rewards.ofType("keyword-coverage").names());
    if (!coverage.isEmpty()) {
      metrics.add(
          Metric.mean(
              "hard_coverage",
              text -> {
                Double covered = mean(text.scores(), coverage);
                return covered == null ? null : covered == 1 ? 1.0 : 0.0;
              }));
      metrics.add(Metric.mean("soft_coverage", text -> mean(text.scores(), coverage)));
    }
    for (RewardSpec.Named named : rewards.ofType("classifier").rewards()) {
      String name = named.name();
      double threshold = threshold(named);
      metrics.add(Metric.mean(name + "_rate", text -> reached(text.scores().get(name), threshold)));
    }
    metrics.add(Metric.mean("mean_reward", MeasuredText::reward));
    if (generated) {
      metrics.add(
          perplexity(
              "perplexity",
              text ->
                  text.tokens() == null || text.tokens() == 0 || text.logProb() == null
                      ? null
                      : new double[] {text.tokens(), text.logProb()}));
    }
    if (judge == Judge.LANGUAGE_MODEL) {
      metrics.add(
          perplexity(
              "judge_perplexity",
              text ->
                  text.judgement() == null || text.judgement().tokens() == 0
                      ? null
                      : new double[] {text.judgement().tokens(), text.judgement().logProb()}));
    } else if (judge == Judge.CLASSIFIER) {
      metrics.add(
          Metric.mean(
              "judge_rate",
              text ->
                  text.judgement() == null
                      ? null
                      : reached(text.judgement().score(), DEFAULT_THRESHOLD)));
    }
    if (frequencies != null) {
      metrics.add(Bleu.METRIC);
      metrics.add(RougeL.METRIC);
      metrics.add(Chrf.METRIC);
      metrics.add(Cider.metric(frequencies));
    }
    if (generated) {
      metrics.add(Metric.mean("ended_by_eos", text -> share(text.ended())));
      metrics.add(
          Metric.mean(
              "mean_tokens", text -> text.tokens() == null ? null : text.tokens().doubleValue()));
    }
    metrics.add(
        Metric.mean(
            "mean_words", text -> text.text() == null ? null : (double) text.words().size()));
    if (!coverage.isEmpty()) {
      metrics.add(Metric.mean("concept_overuse", text -> share(text.overuse())));
    }
    return new MetricSet(metrics);
  }

  /** Of tokens and their log-probability, as fine as sums of a thousand million nats stay exact. */
  private static Metric perplexity(String name, Metric.Measure measure) {
    return new Metric(
        name,
        3,
        text -> {
          double[] known = measure.of(text);
          return known == null
              ? null
              : new double[] {known[0], Math.rint(known[1] * NATS_STEPS) / NATS_STEPS};
        },
        sums -> Math.exp(-sums[2] / sums[1]));
  }

  private static Double share(Boolean value) {
    return value == null ? null : value ? 1.0 : 0.0;
  }

  private static Double reached(Double score, double threshold) {
    return score == null ? null : share(score >= threshold);
  }

  private static Double mean(Map<String, Double> scores, List<String> names) {
    double[] judged =
        names.stream()
            .map(scores::get)
            .filter(Objects::nonNull)
            .mapToDouble(Double::doubleValue)
            .toArray();
    if (judged.length == 0) {
      return null;
    }
    double sum = 0;
    for (double score : judged) {
      sum += score;
    }
    return sum / judged.length;
  }

  private static double threshold(RewardSpec.Named reward) {
    Object given = reward.settings().get("threshold");
    return given == null ? DEFAULT_THRESHOLD : Double.parseDouble(given.toString());
  }

  /** The names, in order. */
  public List<String> names() {
    return metrics.stream().map(Metric::name).toList();
  }

  /** Whether tests between variants are of interest: the metric is of quality. */
  public static boolean isTested(String name) {
    return TESTED.contains(name) || name.endsWith("_rate");
  }

  /** Length of the array that holds a row's summands, or sums of those. */
  public int summands() {
    return summands;
  }

  /** A row's summands. */
  public double[] of(MeasuredText text) {
    double[] all = new double[summands];
    for (int i = 0; i < from.length; i++) {
      metrics.get(i).add(text, all, from[i]);
    }
    return all;
  }

  /** Where a metric's summands begin; -1 if it is not among these. */
  public int from(String name) {
    int index = names().indexOf(name);
    return index < 0 ? -1 : from[index];
  }

  /** The metric of that name. */
  public Metric metric(String name) {
    return metrics.get(names().indexOf(name));
  }

  /** What sums say of a metric; NaN of no row. */
  public double value(String name, double[] sums) {
    return metric(name).value(sums, from(name));
  }
}
