package io.foresight.jobs.evaluate;

import io.foresight.jobs.report.ReportData;
import io.foresight.jobs.report.ReportData.Estimate;
import io.foresight.jobs.report.ReportData.PairedTest;
import io.foresight.jobs.report.ReportData.RowText;
import io.foresight.jobs.report.ReportData.RowTexts;
import io.foresight.jobs.report.ReportData.VariantReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** An evaluation as Markdown, for a terminal or a pull request. */
final class EvaluationText {

  private static final int SHOWN_ROWS = 5;

  private static final Set<String> SHARES =
      Set.of("satisfied", "ended_by_eos", "concept_overuse", "acceptance_rate");

  private static final String NOTE =
      "Speed is not measured here, since runs that follow each other meet another machine each time: `./submit.sh benchmark` compares it, interleaved. What is counted are forwards and positions of each row, per committed token.";

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

  /** All of it. */
  static String whole(ReportData data) {
    StringBuilder text = new StringBuilder("# ").append(data.title()).append("\n\n");
    text.append(summary(data)).append(NOTE).append("\n\n");
    if (!data.comparisons().isEmpty()) {
      text.append("## Paired tests\n\n").append(tests(data)).append("\n");
    }
    if (!data.rows().isEmpty()) {
      text.append("## Rows on which they differ most\n\n");
      data.rows().stream().limit(SHOWN_ROWS).forEach(row -> text.append(row(row)));
    }
    text.append("By `").append(data.command().replace('`', '\'')).append("`\n");
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

  private static String tests(ReportData data) {
    List<List<String>> rows = new ArrayList<>();
    for (PairedTest test : data.comparisons()) {
      rows.add(
          List.of(
              test.dataset(),
              test.metric().replace('_', ' '),
              test.first(),
              test.second(),
              "%s (%s to %s)"
                  .formatted(
                      value(test.metric(), test.difference()),
                      value(test.metric(), test.low()),
                      value(test.metric(), test.high())),
              "%.4f".formatted(test.p()),
              "%.4f".formatted(test.adjusted())));
    }
    return table(
        List.of(
            "data set",
            "metric",
            "first",
            "second",
            "second less first (95 %)",
            "p",
            "p by Holm, of %d".formatted(rows.size())),
        rows);
  }

  private static String row(RowTexts row) {
    StringBuilder text =
        new StringBuilder("%s `%s`: %s%n%n".formatted(row.dataset(), row.id(), code(row.prompt())));
    List<List<String>> lines = new ArrayList<>();
    row.texts()
        .forEach(
            (variant, one) ->
                lines.add(
                    List.of(
                        variant,
                        one.reward() == null ? "-" : "%.2f".formatted(one.reward()),
                        code(shown(one)))));
    return text.append(table(List.of("variant", "reward", "text"), lines)).append("\n").toString();
  }

  private static String shown(RowText text) {
    return text.text() == null ? text.error() : text.text();
  }

  /** In a code span nothing formats, and a line stays one. */
  private static String code(String text) {
    String line = String.valueOf(text).replaceAll("\\p{Cntrl}+", " ").replace('`', '\'');
    return "`" + (line.isBlank() ? " " : line) + "`";
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
