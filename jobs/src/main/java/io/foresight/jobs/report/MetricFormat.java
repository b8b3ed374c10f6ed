package io.foresight.jobs.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** How figures are named and written for people, the same in the page and in the text. */
final class MetricFormat {

  /** Metrics in [0, 1] that people read in percent. */
  private static final Set<String> SHARES =
      Set.of(
          "satisfied",
          "satisfied_rate",
          "hard_coverage",
          "soft_coverage",
          "acceptance_rate",
          "ended_by_eos",
          "concept_overuse",
          "unknown_words",
          "harmless_rate");

  /** Endings of names that say the same of metrics which are not known here. */
  private static final List<String> SHARE_ENDINGS = List.of("_rate", "_share", "_coverage");

  /** Metrics of which less is better. */
  private static final Set<String> LOWER_IS_BETTER =
      Set.of("perplexity", "judge_perplexity", "self_bleu", "concept_overuse", "unknown_words");

  /** Names that the field writes otherwise. */
  private static final Map<String, String> LABELS =
      Map.ofEntries(
          Map.entry("bleu", "BLEU"),
          Map.entry("bleu_4", "BLEU-4"),
          Map.entry("rouge_l", "ROUGE-L"),
          Map.entry("meteor", "METEOR"),
          Map.entry("chrf", "chrF"),
          Map.entry("cider", "CIDEr"),
          Map.entry("self_bleu", "self-BLEU"),
          Map.entry("distinct_1", "distinct-1"),
          Map.entry("distinct_2", "distinct-2"),
          Map.entry("distinct_3", "distinct-3"),
          Map.entry("ended_by_eos", "ended by EOS"));

  private MetricFormat() {}

  /** The name as words. */
  static String label(String metric) {
    return LABELS.getOrDefault(metric, metric.replace('_', ' '));
  }

  /** Whether it is read in percent. */
  static boolean isShare(String metric) {
    return SHARES.contains(metric) || SHARE_ENDINGS.stream().anyMatch(metric::endsWith);
  }

  /** Whether less of it is better. */
  static boolean isLowerBetter(String metric) {
    return LOWER_IS_BETTER.contains(metric);
  }

  /** A value of the metric, without its unit; {@code -} for none. */
  static String number(String metric, double value) {
    if (!Double.isFinite(value)) {
      return "-";
    }
    return isShare(metric) ? format("%.1f", 100 * value) : significant(value);
  }

  /** A value of the metric with its unit; {@code -} for none. */
  static String value(String metric, double value) {
    return isShare(metric) && Double.isFinite(value)
        ? number(metric, value) + " %"
        : number(metric, value);
  }

  /** A difference of two values of the metric with its sign and unit; {@code -} for none. */
  static String difference(String metric, double difference) {
    String sign = difference > 0 ? "+" : "";
    return isShare(metric) && Double.isFinite(difference)
        ? sign + number(metric, difference) + " points"
        : sign + number(metric, difference);
  }

  /** A count per token; {@code -} for none. */
  static String count(double count) {
    return Double.isFinite(count) ? format(Math.abs(count) < 100 ? "%.2f" : "%.0f", count) : "-";
  }

  /** A share in percent; {@code -} for none. */
  static String percent(double share) {
    return Double.isFinite(share) ? format("%.1f %%", 100 * share) : "-";
  }

  /** The probability of a test. */
  static String probability(double p) {
    if (!Double.isFinite(p)) {
      return "-";
    }
    return p < 0.0001 ? "< 0.0001" : format("%.4f", p);
  }

  /** Three digits, at most three of them behind the point. */
  private static String significant(double value) {
    double size = Math.abs(value);
    return format(size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
  }

  private static String format(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }
}
