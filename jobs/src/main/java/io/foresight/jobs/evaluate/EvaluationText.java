package io.foresight.jobs.evaluate;

import io.foresight.jobs.report.ReportData;
import io.foresight.jobs.report.ReportData.Estimate;
import io.foresight.jobs.report.ReportData.VariantReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** What an evaluation says on the terminal; the whole of it is in its report. */
final class EvaluationText {

  private static final Set<String> SHARES =
      Set.of("satisfied", "ended_by_eos", "concept_overuse", "acceptance_rate");

  private EvaluationText() {}

  /** Whether a metric is a share, which people read in percent. */
  static boolean isShare(String metric) {
    return SHARES.contains(metric) || metric.endsWith("_rate") || metric.endsWith("_coverage");
  }

  /** The sentences, and the tables of metrics and work. */
  static String summary(ReportData data) {
    StringBuilder text = new StringBuilder();
    data.summary().forEach(sentence -> text.append(sentence).append("\n"));
    for (String dataset : data.datasets()) {
      List<VariantReport> there = on(data, dataset);
      text.append("\n## ").append(dataset).append("\n\n").append(metrics(there)).append("\n");
      String work = work(there);
      if (!work.isEmpty()) {
        text.append(work).append("\n");
      }
    }
    return text.toString();
  }

  private static List<VariantReport> on(ReportData data, String dataset) {
    return data.variants().stream().filter(one -> one.dataset().equals(dataset)).toList();
  }

  private static String metrics(List<VariantReport> variants) {
    Set<String> names = new LinkedHashSet<>();
    variants.forEach(variant -> names.addAll(variant.metrics().keySet()));
    List<String> header = new ArrayList<>(List.of("variant"));
    names.forEach(name -> header.add(name.replace('_', ' ')));
    List<List<String>> rows = new ArrayList<>();
    for (VariantReport variant : variants) {
      List<String> row = new ArrayList<>(List.of(variant.name()));
      names.forEach(name -> row.add(estimate(name, variant.metrics().get(name))));
      rows.add(row);
    }
    return table(header, rows);
  }

  private static String estimate(String name, Estimate estimate) {
    if (estimate == null) {
      return "-";
    }
    return Double.isFinite(estimate.low())
        ? "%s (%s-%s)"
            .formatted(
                value(name, estimate.mean()),
                value(name, estimate.low()),
                value(name, estimate.high()))
        : value(name, estimate.mean());
  }

  private static String value(String name, double value) {
    return isShare(name) ? "%.1f %%".formatted(100 * value) : "%.3g".formatted(value);
  }

  private static String work(List<VariantReport> variants) {
    List<String> header =
        new ArrayList<>(
            List.of(
                "variant",
                "target forwards per token",
                "target positions",
                "draft forwards",
                "draft positions",
                "reward calls",
                "acceptance",
                "S1 / S2 / S3 / S4"));
    List<List<String>> rows = new ArrayList<>();
    for (VariantReport variant : variants) {
      Map<String, Double> work = variant.work();
      if (!work.isEmpty()) {
        Function<String, String> count =
            name -> work.containsKey(name) ? "%.2f".formatted(work.get(name)) : "-";
        rows.add(
            List.of(
                variant.name(),
                count.apply("target_forwards"),
                count.apply("target_positions"),
                count.apply("draft_forwards"),
                count.apply("draft_positions"),
                count.apply("reward_calls"),
                work.containsKey("acceptance_rate")
                    ? "%.0f %%".formatted(100 * work.get("acceptance_rate"))
                    : "-",
                states(variant.states())));
      }
    }
    return rows.isEmpty() ? "" : table(header, rows);
  }

  private static String states(Map<String, Double> states) {
    return states.isEmpty()
        ? "-"
        : String.join(
            " / ",
            states.values().stream().map(share -> "%.0f %%".formatted(100 * share)).toList());
  }

  private static String table(List<String> header, List<List<String>> rows) {
    StringBuilder text = new StringBuilder();
    line(text, header);
    line(text, Collections.nCopies(header.size(), "---"));
    rows.forEach(row -> line(text, row));
    return text.toString();
  }

  private static void line(StringBuilder text, List<String> cells) {
    text.append("|");
    cells.forEach(cell -> text.append(" ").append(cell.replace("|", "\\|")).append(" |"));
    text.append("\n");
  }
}
