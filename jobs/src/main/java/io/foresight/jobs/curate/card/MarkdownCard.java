package io.foresight.jobs.curate.card;

import io.foresight.jobs.curate.card.CardData.Bin;
import io.foresight.jobs.curate.card.CardData.Example;
import io.foresight.jobs.curate.card.CardData.Histogram;
import io.foresight.jobs.curate.card.CardData.StepFigures;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The card as Markdown, with the head by which Hugging Face's hub finds the splits. */
public final class MarkdownCard {

  private static final int BAR = 30;

  private final CardData data;
  private final StringBuilder page = new StringBuilder();

  private MarkdownCard(CardData data) {
    this.data = data;
  }

  /** The page. */
  public static String of(CardData data) {
    MarkdownCard card = new MarkdownCard(data);
    card.head();
    card.counts();
    card.sources();
    card.settings();
    card.histograms();
    card.examples();
    return card.page.toString();
  }

  private void line(String text) {
    page.append(text).append('\n');
  }

  private void head() {
    line("---");
    line("configs:");
    line("- config_name: default");
    line("  data_files:");
    data.splits()
        .forEach(
            (side, of) -> {
              line("  - split: %s".formatted(side));
              line("    path: %s/*".formatted(side));
            });
    line("tags:");
    line("- synthetic");
    line("---");
    line("");
    line("# Data set card");
    line("");
    long rows = data.splits().values().stream().mapToLong(CardData.SplitFigures::rows).sum();
    line(
        "%d rows in the form `%s` (%s), curated from %d generated texts by Foresight %s."
            .formatted(
                rows,
                data.form(),
                data.format(),
                data.read(),
                data.version().getOrDefault("version", "")));
    line("");
    line("| split | rows | prompts | prompts by stratum |");
    line("|---|---|---|---|");
    data.splits()
        .forEach(
            (side, of) ->
                line(
                    "| %s | %d | %d | %s |"
                        .formatted(side, of.rows(), of.prompts(), cell(counted(of.strata())))));
    line("");
  }

  private static String counted(Map<String, Long> counts) {
    return counts.entrySet().stream()
        .map(entry -> (entry.getKey().isEmpty() ? "any" : entry.getKey()) + ": " + entry.getValue())
        .collect(Collectors.joining(", "));
  }

  private void counts() {
    line("## What became of the texts");
    line("");
    line("| step | in | kept | dropped | reasons |");
    line("|---|---|---|---|---|");
    for (StepFigures step : data.steps()) {
      line(
          "| %s | %d | %d | %d | %s |"
              .formatted(
                  step.name(),
                  step.rows(),
                  step.kept(),
                  step.dropped(),
                  cell(counted(step.reasons()))));
    }
    line("");
    for (StepFigures step : data.steps()) {
      line("- **%s**: %s".formatted(step.name(), step.does()));
    }
    line("");
    line("Every dropped text is in `dropped/`, with its step, its reason, and what it is like.");
    line("");
  }

  private void sources() {
    line("## Sources");
    line("");
    line("| rows | written by | texts |");
    line("|---|---|---|");
    data.sources()
        .forEach(
            source ->
                line(
                    "| %s | %s | %d |"
                        .formatted(
                            cell(source.path()),
                            source.job().isEmpty() ? "another program" : source.job(),
                            source.texts())));
    line("");
    if (!data.mixed().isEmpty()) {
      line("**Runs of different identity were mixed on purpose.** They differ in:");
      line("");
      data.mixed().forEach(difference -> line("- %s".formatted(cell(difference))));
      line("");
    }
    data.notes().forEach(note -> line("- %s".formatted(cell(note))));
  }

  private void settings() {
    line("## Settings");
    line("");
    line("| setting | value |");
    line("|---|---|");
    data.settings().forEach((key, value) -> line("| `%s` | %s |".formatted(key, cell(value))));
    line("");
  }

  private void histograms() {
    line("## Before and after");
    line("");
    for (Histogram histogram : data.histograms()) {
      long most =
          histogram.bins().stream()
              .mapToLong(bin -> Math.max(bin.before(), bin.after()))
              .max()
              .orElse(1);
      line(
          "%s of the texts, those that were read above those that are written:"
              .formatted(histogram.name()));
      line("");
      line("```");
      for (Bin bin : histogram.bins()) {
        line("%14s  %s %d".formatted(bin.label(), bar(bin.before(), most), bin.before()));
        line("%14s  %s %d".formatted("", bar(bin.after(), most), bin.after()));
      }
      line("```");
      line("");
    }
  }

  private static String bar(long count, long most) {
    return "#".repeat((int) Math.ceil((double) BAR * count / Math.max(1, most)));
  }

  private void examples() {
    line("## Examples");
    line("");
    for (StepFigures step : data.steps()) {
      examples(step.name() + ": kept", step.keptExamples(), false);
      examples(step.name() + ": dropped", step.droppedExamples(), true);
    }
  }

  private void examples(String title, List<Example> examples, boolean dropped) {
    if (examples.isEmpty()) {
      return;
    }
    line("### %s".formatted(title));
    line("");
    line(dropped ? "| prompt | text | reward | why |" : "| prompt | text | reward |");
    line(dropped ? "|---|---|---|---|" : "|---|---|---|");
    for (Example example : examples) {
      String reward =
          example.reward() == null ? "" : String.format(Locale.ROOT, "%.3f", example.reward());
      page.append("| ")
          .append(cell(example.prompt()))
          .append(" | ")
          .append(cell(example.text()))
          .append(" | ")
          .append(reward)
          .append(dropped ? " | " + cell(example.why()) : "")
          .append(" |\n");
    }
    line("");
  }

  /** A text of any content as a cell of a table: in one line, and no markup. */
  static String cell(String text) {
    return text == null
        ? ""
        : text.replaceAll("\\s+", " ")
            .strip()
            .replace("&", "&amp;")
            .replace("<", "&lt;")
            .replaceAll("([\\\\`*_\\[\\]|#~])", "\\\\$1");
  }
}
