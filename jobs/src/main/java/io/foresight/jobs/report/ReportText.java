package io.foresight.jobs.report;

import io.foresight.jobs.report.ReportData.Estimate;
import io.foresight.jobs.report.ReportData.Group;
import io.foresight.jobs.report.ReportData.Mark;
import io.foresight.jobs.report.ReportData.PairedTest;
import io.foresight.jobs.report.ReportData.RowText;
import io.foresight.jobs.report.ReportData.RowTexts;
import io.foresight.jobs.report.ReportData.VariantReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A report as Markdown, for a terminal or a pull request. What prompts and outputs say stands in
 * code spans, where it neither formats nor mentions anything, and without control characters, which
 * a terminal would obey.
 */
public final class ReportText {

  private static final int SHOWN_ROWS = 10;
  private static final int SHOWN_CHARACTERS = 300;

  /** What a terminal obeys, and what turns the direction of all that follows. */
  private static final String OBEYED =
      "[\\p{Cc}\\u2028\\u2029\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]";

  private static final Pattern LEADING_NUMBER = Pattern.compile("\\d{1,9}");

  private final ReportData data;
  private final StringBuilder text = new StringBuilder();

  private ReportText(ReportData data) {
    this.data = data;
  }

  /** The report; ends with a line break. */
  public static String of(ReportData data) {
    ReportText report = new ReportText(data);
    report.head();
    for (String dataset : data.datasets()) {
      report.dataset(dataset);
    }
    report.tests();
    report.rows();
    return report.text.toString();
  }

  private void head() {
    text.append("# ").append(plain(data.title())).append("\n\n");
    for (String sentence : data.summary()) {
      text.append("- ").append(plain(sentence)).append("\n");
    }
    if (!data.summary().isEmpty()) {
      text.append("\n");
    }
    text.append(
        "Made by Foresight %s on %s with\n\n".formatted(plain(data.version()), data.created()));
    // Indented, since a fence could end within what the command quotes.
    text.append("    ").append(data.command().replaceAll(OBEYED, " ")).append("\n");
    if (data.variants().size() > 1) {
      text.append(
          "\nForwards and positions are counted of each row. Speed is not measured here: `./submit.sh benchmark` compares it, interleaved.\n");
    }
  }

  private void dataset(String dataset) {
    List<VariantReport> variants =
        data.variants().stream().filter(v -> v.dataset().equals(dataset)).toList();
    int before = text.length();
    heading(data.datasets().size() > 1 ? "Results on " + plain(dataset) : "Results");
    section("", variants.size() == 1 ? metrics(variants.get(0)) : metrics(variants));
    section("Rows by status", counts(variants));
    section("Work per token", numbers(variants, VariantReport::work));
    section("Steps by state", shares(variants, VariantReport::states));
    section("Time", shares(variants, VariantReport::time));
    section("Satisfied, by number of constraints", groups(variants, VariantReport::byConstraints));
    section("Satisfied, by length in tokens", groups(variants, VariantReport::byLength));
    if (text.charAt(text.length() - 2) != '|') {
      // A heading with no table below it says nothing.
      text.setLength(before);
    }
  }

  private void heading(String heading) {
    text.append("\n## ").append(heading).append("\n");
  }

  /** Nothing where the table has but the variants' names. */
  private void section(String title, Columns columns) {
    if (columns.names().isEmpty()) {
      return;
    }
    if (!title.isEmpty()) {
      text.append("\n### ").append(title).append("\n");
    }
    text.append("\n").append(columns.table().text());
  }

  /** What variants have under names, in a column each. */
  private record Columns(List<String> names, TextTable table) {}

  private static <T> Columns columns(
      List<VariantReport> variants,
      Function<VariantReport, Map<String, T>> values,
      Function<String, Function<T, String>> format) {
    List<String> names =
        variants.stream()
            .flatMap(variant -> values.apply(variant).keySet().stream())
            .distinct()
            .toList();
    return columns(variants, names, values, format);
  }

  private static <T> Columns columns(
      List<VariantReport> variants,
      List<String> names,
      Function<VariantReport, Map<String, T>> values,
      Function<String, Function<T, String>> format) {
    TextTable table = byVariant(variants);
    for (String name : names) {
      List<String> cells = new ArrayList<>();
      for (VariantReport variant : variants) {
        T value = values.apply(variant).get(name);
        cells.add(value == null ? "-" : format.apply(name).apply(value));
      }
      table.numbers(plain(MetricFormat.label(name)), cells);
    }
    return new Columns(names, table);
  }

  private static TextTable byVariant(List<VariantReport> variants) {
    return new TextTable().words("variant", variants.stream().map(v -> plain(v.name())).toList());
  }

  private static Columns metrics(List<VariantReport> variants) {
    return columns(variants, VariantReport::metrics, name -> value -> estimate(name, value));
  }

  /** Of a single run, a line per metric. */
  private static Columns metrics(VariantReport run) {
    List<String> names =
        run.metrics().entrySet().stream()
            .filter(metric -> Double.isFinite(metric.getValue().mean()))
            .map(Map.Entry::getKey)
            .toList();
    TextTable table =
        new TextTable()
            .words("metric", names.stream().map(n -> plain(MetricFormat.label(n))).toList())
            .numbers(
                "mean (95 % interval)",
                names.stream().map(n -> estimate(n, run.metrics().get(n))).toList())
            .numbers(
                "rows",
                names.stream().map(n -> String.valueOf(run.metrics().get(n).rows())).toList());
    return new Columns(names, table);
  }

  private static String estimate(String metric, Estimate value) {
    return interval(metric, MetricFormat.value(metric, value.mean()), value.low(), value.high());
  }

  private static String interval(String metric, String value, double low, double high) {
    return Double.isFinite(low) && Double.isFinite(high)
        ? "%s (%s to %s)"
            .formatted(value, MetricFormat.number(metric, low), MetricFormat.number(metric, high))
        : value;
  }

  private static Columns counts(List<VariantReport> variants) {
    return columns(variants, VariantReport::status, name -> String::valueOf);
  }

  private static Columns numbers(
      List<VariantReport> variants, Function<VariantReport, Map<String, Double>> values) {
    return columns(
        variants,
        values,
        name ->
            value ->
                MetricFormat.isShare(name)
                    ? MetricFormat.percent(value)
                    : MetricFormat.count(value));
  }

  private static Columns shares(
      List<VariantReport> variants, Function<VariantReport, Map<String, Double>> values) {
    return columns(variants, values, name -> MetricFormat::percent);
  }

  private static Columns groups(
      List<VariantReport> variants, Function<VariantReport, List<Group>> groups) {
    // In the order of their numbers, since not every variant has all of them.
    List<String> labels =
        variants.stream()
            .flatMap(variant -> groups.apply(variant).stream())
            .map(Group::label)
            .distinct()
            .sorted(Comparator.comparingInt(ReportText::leadingNumber))
            .toList();
    return columns(
        variants,
        labels,
        variant ->
            groups.apply(variant).stream()
                .collect(Collectors.toMap(Group::label, group -> group, (a, b) -> a)),
        name -> group -> MetricFormat.percent(group.satisfied()) + " of " + group.rows());
  }

  private static int leadingNumber(String label) {
    Matcher digits = LEADING_NUMBER.matcher(label);
    return digits.lookingAt() ? Integer.parseInt(digits.group()) : Integer.MAX_VALUE;
  }

  private void tests() {
    List<PairedTest> tests = data.comparisons();
    if (tests.isEmpty()) {
      return;
    }
    heading("Paired tests");
    text.append("\nThe second less the first; p by approximate randomisation, adjusted by Holm.\n");
    TextTable table = new TextTable();
    table.words("metric", cells(tests, t -> plain(MetricFormat.label(t.metric()))));
    if (data.datasets().size() > 1) {
      table.words("data set", cells(tests, t -> plain(t.dataset())));
    }
    table.words("first", cells(tests, t -> plain(t.first())));
    table.words("second", cells(tests, t -> plain(t.second())));
    table.numbers("difference", cells(tests, ReportText::difference));
    table.numbers("p", cells(tests, t -> MetricFormat.probability(t.p())));
    table.numbers("adjusted p", cells(tests, t -> MetricFormat.probability(t.adjusted())));
    text.append("\n").append(table.text());
  }

  private static <T> List<String> cells(List<T> rows, Function<T, String> cell) {
    return rows.stream().map(cell).toList();
  }

  private static String difference(PairedTest test) {
    String value = MetricFormat.difference(test.metric(), test.difference());
    return interval(test.metric(), value, test.low(), test.high());
  }

  private void rows() {
    if (data.rows().isEmpty()) {
      return;
    }
    boolean compared = data.rows().stream().anyMatch(row -> row.texts().size() > 1);
    heading(compared ? "Rows on which variants differ most" : "Examples");
    for (RowTexts row : data.rows().subList(0, Math.min(SHOWN_ROWS, data.rows().size()))) {
      text.append("\n").append(code(row.id())).append(": ").append(code(row.prompt()));
      text.append("\n\n");
      row.texts().forEach((variant, written) -> line(row, variant, written));
    }
  }

  private void line(RowTexts row, String variant, RowText written) {
    List<String> marked = written.marks().stream().map(Mark::word).toList();
    List<String> missing = row.words().stream().filter(word -> !marked.contains(word)).toList();
    text.append("- ").append(plain(variant)).append(", ").append(plain(written.status()));
    if (written.reward() != null && Double.isFinite(written.reward())) {
      text.append(", reward ").append(MetricFormat.number("reward", written.reward()));
    }
    if (written.text() != null && !missing.isEmpty()) {
      text.append(", lacks ").append(code(String.join(", ", missing)));
    }
    text.append(": ").append(code(written.text() == null ? written.error() : written.text()));
    text.append("\n");
  }

  /** A text that Markdown takes for no markup. */
  private static String plain(String text) {
    return text.replaceAll(OBEYED, " ")
        .strip()
        .replaceAll("[\\\\`*\\[\\]|~&]|<(?=[A-Za-z/!?])|(?<!\\w)_|_(?!\\w)", "\\\\$0");
  }

  private static String code(String text) {
    String shown = text == null ? "" : cut(text);
    if (shown.isBlank()) {
      return "(empty)";
    }
    // A fence longer than any within; the blanks are not shown.
    String fence = "`".repeat(1 + longestRun(shown));
    String blank = shown.startsWith("`") || shown.endsWith("`") ? " " : "";
    return fence + blank + shown + blank + fence;
  }

  private static int longestRun(String text) {
    int longest = 0;
    int run = 0;
    for (int i = 0; i < text.length(); i++) {
      run = text.charAt(i) == '`' ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    return longest;
  }

  private static String cut(String text) {
    String shown = text.replaceAll(OBEYED, " ").strip();
    return shown.codePointCount(0, shown.length()) <= SHOWN_CHARACTERS
        ? shown
        : shown.substring(0, shown.offsetByCodePoints(0, SHOWN_CHARACTERS)) + " …";
  }
}
