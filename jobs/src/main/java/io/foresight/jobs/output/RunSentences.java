package io.foresight.jobs.output;

import io.foresight.jobs.report.ReportData.Estimate;
import io.foresight.jobs.report.ReportData.VariantReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The sentences that say what came of one run: its rows, how good they are, what they took. */
final class RunSentences {

  private static final List<String> LEADING = List.of("hard_coverage", "satisfied");

  private RunSentences() {}

  /** As many of the three as there is something to say of. */
  static List<String> of(VariantReport run) {
    List<String> sentences = new ArrayList<>();
    sentences.add(rows(run.status()));
    quality(run.metrics(), sentences);
    work(run.work(), sentences);
    return sentences;
  }

  private static String rows(Map<String, Long> status) {
    long rows = status.values().stream().mapToLong(Long::longValue).sum();
    if (rows == 0) {
      return "There are no rows.";
    }
    List<String> parts = new ArrayList<>();
    status.forEach((name, of) -> parts.add("%d %s".formatted(of, name)));
    return "%d %s: %s.".formatted(rows, rows == 1 ? "row" : "rows", String.join(", ", parts));
  }

  private static void quality(Map<String, Estimate> metrics, List<String> sentences) {
    List<String> parts = new ArrayList<>();
    for (String name : LEADING) {
      Estimate share = metrics.get(name);
      if (share != null && parts.isEmpty()) {
        parts.add(
            format(
                "%s %.1f %% of %d judged rows (95 %% interval %.1f to %.1f)",
                name.equals("satisfied")
                    ? "The constraints are satisfied in"
                    : "Every concept is in place in",
                100 * share.mean(),
                share.rows(),
                100 * share.low(),
                100 * share.high()));
      }
    }
    Estimate reward = metrics.get("mean_reward");
    if (reward != null) {
      parts.add(
          format(
              parts.isEmpty() ? "The mean reward is %.3f" : "the mean reward is %.3f",
              reward.mean()));
    }
    if (!parts.isEmpty()) {
      sentences.add(String.join("; ", parts) + ".");
    }
  }

  private static void work(Map<String, Double> work, List<String> sentences) {
    if (!work.containsKey("target_forwards")) {
      return;
    }
    String drafts =
        work.getOrDefault("draft_forwards", 0.0) > 0
            ? format(" and %.2f draft forwards", work.get("draft_forwards"))
            : "";
    String accepted =
        work.containsKey("acceptance_rate")
            ? format(
                "; the target accepted %.1f %% of what was drafted",
                100 * work.get("acceptance_rate"))
            : "";
    sentences.add(
        format("A token took %.2f target forwards", work.get("target_forwards"))
            + drafts
            + accepted
            + ".");
  }

  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
