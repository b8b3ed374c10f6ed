package io.foresight.jobs.evaluate;

import io.foresight.jobs.report.ReportData.Estimate;
import io.foresight.jobs.report.ReportData.PairedTest;
import io.foresight.jobs.report.ReportData.VariantReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The three sentences that say what came out: who is best, at what cost, and how sure that is. */
final class Sentences {

  /** What a comparison is about, the first of them that all variants have. */
  private static final List<String> FIRST = List.of("hard_coverage", "satisfied");

  private static final List<String> LAST = List.of("mean_reward", "chrf");

  private static final double SIGNIFICANT = 0.05;

  private Sentences() {}

  /** The metric that variants are ordered by; {@code null} if they share none. */
  static String leading(List<VariantReport> variants) {
    List<String> candidates = new ArrayList<>(FIRST);
    variants.get(0).metrics().keySet().stream()
        .filter(name -> name.endsWith("_rate"))
        .forEach(candidates::add);
    candidates.addAll(LAST);
    return candidates.stream()
        .filter(name -> variants.stream().allMatch(one -> one.metrics().containsKey(name)))
        .findFirst()
        .orElse(null);
  }

  /** Three sentences, each of all data sets. */
  static List<String> of(
      List<String> datasets, List<VariantReport> variants, List<PairedTest> tests) {
    List<List<String>> parts = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (String dataset : datasets) {
      List<VariantReport> there =
          variants.stream().filter(one -> one.dataset().equals(dataset)).toList();
      String metric = there.isEmpty() ? null : leading(there);
      if (metric != null) {
        add(parts, dataset, there, tests, metric);
      }
    }
    return parts.stream()
        .filter(part -> !part.isEmpty())
        .map(part -> String.join("; ", part) + ".")
        .map(sentence -> Character.toUpperCase(sentence.charAt(0)) + sentence.substring(1))
        .toList();
  }

  private static void add(
      List<List<String>> parts,
      String dataset,
      List<VariantReport> variants,
      List<PairedTest> tests,
      String metric) {
    List<VariantReport> ranked =
        variants.stream()
            .sorted(Comparator.comparingDouble((VariantReport one) -> -mean(one, metric)))
            .toList();
    VariantReport best = ranked.get(0);
    VariantReport first = variants.get(0);
    Estimate estimate = best.metrics().get(metric);
    String words = metric.replace('_', ' ');
    parts
        .get(0)
        .add(
            "on %s (%d rows) %s has the best %s, %s (95 %% interval %s to %s)%s"
                .formatted(
                    dataset,
                    estimate.rows(),
                    best.name(),
                    words,
                    value(metric, estimate.mean()),
                    value(metric, estimate.low()),
                    value(metric, estimate.high()),
                    best.equals(first)
                        ? ""
                        : ", where %s has %s"
                            .formatted(first.name(), value(metric, mean(first, metric)))));
    parts.get(1).add(cost(dataset, best, first, ranked, metric));
    if (ranked.size() > 1) {
      parts.get(2).add(sure(dataset, ranked, first, tests, metric));
    }
  }

  private static String cost(
      String dataset,
      VariantReport best,
      VariantReport first,
      List<VariantReport> ranked,
      String metric) {
    if (forwards(best).isEmpty()) {
      return "what %s took on %s is not known".formatted(best.name(), dataset);
    }
    StringBuilder cost =
        new StringBuilder(
            "it takes %.2f target forwards per token on %s"
                .formatted(forwards(best).get(), dataset));
    if (!best.equals(first) && forwards(first).isPresent()) {
      cost.append(" against %.2f of %s".formatted(forwards(first).get(), first.name()));
    }
    ranked.stream()
        .filter(one -> forwards(one).isPresent())
        .min(Comparator.comparingDouble(one -> forwards(one).get()))
        .filter(cheapest -> !cheapest.equals(best) && !cheapest.equals(first))
        .ifPresent(
            cheapest ->
                cost.append(
                    ", and the fewest, %.2f, are those of %s with %s"
                        .formatted(
                            forwards(cheapest).get(),
                            cheapest.name(),
                            value(metric, mean(cheapest, metric)))));
    return cost.toString();
  }

  private static String sure(
      String dataset,
      List<VariantReport> ranked,
      VariantReport first,
      List<PairedTest> tests,
      String metric) {
    VariantReport best = ranked.get(0);
    VariantReport next = ranked.get(1);
    Optional<PairedTest> test = test(tests, dataset, metric, best, next);
    VariantReport other = next;
    if (test.isEmpty() && !best.equals(first)) {
      other = first;
      test = test(tests, dataset, metric, best, first);
    }
    if (test.isEmpty()) {
      return "between %s and %s on %s there is no test"
          .formatted(best.name(), next.name(), dataset);
    }
    PairedTest of = test.get();
    return "its lead over %s on %s, %s, %s (p = %.4f by approximate randomisation, %.4f after Holm's correction)"
        .formatted(
            other.name(),
            dataset,
            value(metric, Math.abs(of.difference())),
            of.adjusted() < SIGNIFICANT ? "is significant" : "may be chance",
            of.p(),
            of.adjusted());
  }

  private static Optional<PairedTest> test(
      List<PairedTest> tests,
      String dataset,
      String metric,
      VariantReport one,
      VariantReport other) {
    return tests.stream()
        .filter(test -> test.dataset().equals(dataset) && test.metric().equals(metric))
        .filter(
            test ->
                (test.first().equals(one.name()) && test.second().equals(other.name()))
                    || (test.first().equals(other.name()) && test.second().equals(one.name())))
        .findFirst();
  }

  private static double mean(VariantReport variant, String metric) {
    return variant.metrics().get(metric).mean();
  }

  private static Optional<Double> forwards(VariantReport variant) {
    return Optional.ofNullable(variant.work().get("target_forwards"));
  }

  private static String value(String metric, double value) {
    return EvaluationText.isShare(metric)
        ? "%.1f %%".formatted(100 * value)
        : "%.3g".formatted(value);
  }
}
