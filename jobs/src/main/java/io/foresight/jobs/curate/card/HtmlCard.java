package io.foresight.jobs.curate.card;

import io.foresight.jobs.curate.card.CardData.Bin;
import io.foresight.jobs.curate.card.CardData.Example;
import io.foresight.jobs.curate.card.CardData.Histogram;
import io.foresight.jobs.curate.card.CardData.StepFigures;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The card as one HTML file that needs nothing else: no script, no request. All texts are data. */
public final class HtmlCard {

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --line: #8884; --before: #9aa5b1; --after: #2f7de1; }
      body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
      table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
      th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
      td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
      .bars td { border: 0; padding: .1rem .6rem; }
      .bar { height: .6rem; background: var(--before); min-width: 1px; }
      .bar + .bar { background: var(--after); margin-top: 1px; }
      .key span { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 1rem; background: var(--before); }
      .key span.after { background: var(--after); }
      .wide { overflow-x: auto; }
      summary { cursor: pointer; font-weight: 600; margin: .4rem 0; }
      @media print { details { break-inside: avoid; } }
      """;

  private final CardData data;
  private final StringBuilder page = new StringBuilder();

  private HtmlCard(CardData data) {
    this.data = data;
  }

  /** The page. */
  public static String of(CardData data) {
    HtmlCard card = new HtmlCard(data);
    card.page.append(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            + "<title>Data set card</title><style>\n"
            + STYLE
            + "</style></head><body>\n");
    card.summary();
    card.steps();
    card.sources();
    card.histograms();
    card.examples();
    card.page.append("</body></html>\n");
    return card.page.toString();
  }

  private void heading(String text) {
    page.append("<h2>").append(escaped(text)).append("</h2>\n");
  }

  private void open(String... heads) {
    page.append("<div class=\"wide\"><table><tr>");
    for (String head : heads) {
      boolean number = head.startsWith("#");
      page.append(number ? "<th class=\"n\">" : "<th>")
          .append(escaped(number ? head.substring(1) : head))
          .append("</th>");
    }
    page.append("</tr>\n");
  }

  private void row(Object... cells) {
    page.append("<tr>");
    for (Object cell : cells) {
      page.append(cell instanceof Number ? "<td class=\"n\">" : "<td>")
          .append(escaped(cell == null ? "" : cell.toString()))
          .append("</td>");
    }
    page.append("</tr>\n");
  }

  private void close() {
    page.append("</table></div>\n");
  }

  private void summary() {
    long rows = data.splits().values().stream().mapToLong(CardData.SplitFigures::rows).sum();
    page.append("<h1>Data set card</h1>\n<p>")
        .append(
            escaped(
                "%d rows in the form %s (%s), curated from %d generated texts by Foresight %s."
                    .formatted(
                        rows,
                        data.form(),
                        data.format(),
                        data.read(),
                        data.version().getOrDefault("version", ""))))
        .append("</p>\n");
    open("split", "#rows", "#prompts", "prompts by stratum");
    data.splits().forEach((side, of) -> row(side, of.rows(), of.prompts(), counted(of.strata())));
    close();
  }

  private static String counted(Map<String, Long> counts) {
    return counts.entrySet().stream()
        .map(entry -> (entry.getKey().isEmpty() ? "any" : entry.getKey()) + ": " + entry.getValue())
        .collect(Collectors.joining(", "));
  }

  private void steps() {
    heading("What became of the texts");
    open("step", "#in", "#kept", "#dropped", "reasons", "what it does");
    for (StepFigures step : data.steps()) {
      row(
          step.name(),
          step.rows(),
          step.kept(),
          step.dropped(),
          counted(step.reasons()),
          step.does());
    }
    close();
    page.append(
        "<p>Every dropped text is in dropped/, with its step, its reason, and what it is like.</p>\n");
  }

  private void sources() {
    heading("Sources");
    open("rows", "written by", "#texts");
    data.sources()
        .forEach(
            source ->
                row(
                    source.path(),
                    source.job().isEmpty() ? "another program" : source.job(),
                    source.texts()));
    close();
    if (!data.mixed().isEmpty()) {
      page.append("<p><strong>Runs of different identity were mixed on purpose.</strong></p><ul>");
      data.mixed().forEach(d -> page.append("<li>").append(escaped(d)).append("</li>"));
      page.append("</ul>\n");
    }
    data.notes().forEach(n -> page.append("<p>").append(escaped(n)).append("</p>\n"));
    heading("Settings");
    open("setting", "value");
    data.settings().forEach(this::row);
    close();
  }

  private void histograms() {
    heading("Before and after");
    page.append(
        "<p class=\"key\"><span></span>texts that were read<span class=\"after\"></span>rows that are kept</p>\n");
    for (Histogram histogram : data.histograms()) {
      long most =
          histogram.bins().stream()
              .mapToLong(bin -> Math.max(bin.before(), bin.after()))
              .max()
              .orElse(1);
      page.append("<h3>").append(escaped(histogram.name())).append("</h3><table class=\"bars\">\n");
      for (Bin bin : histogram.bins()) {
        page.append("<tr><td class=\"n\">")
            .append(escaped(bin.label()))
            .append("</td><td style=\"width:70%\">")
            .append(bar(bin.before(), most))
            .append(bar(bin.after(), most))
            .append("</td><td class=\"n\">")
            .append(bin.before())
            .append("</td><td class=\"n\">")
            .append(bin.after())
            .append("</td></tr>\n");
      }
      page.append("</table>\n");
    }
  }

  private static String bar(long count, long most) {
    return String.format(
        Locale.ROOT,
        "<div class=\"bar\" style=\"width:%.2f%%\"></div>",
        100.0 * count / Math.max(1, most));
  }

  private void examples() {
    heading("Examples");
    for (StepFigures step : data.steps()) {
      examples(step.name() + ": kept", step.keptExamples());
      examples(step.name() + ": dropped", step.droppedExamples());
    }
  }

  private void examples(String title, List<Example> examples) {
    if (examples.isEmpty()) {
      return;
    }
    page.append("<details open><summary>").append(escaped(title)).append("</summary>\n");
    open("prompt", "text", "#reward", "why");
    for (Example example : examples) {
      row(
          example.prompt(),
          example.text(),
          example.reward() == null ? "" : Math.round(1000 * example.reward()) / 1000.0,
          example.why());
    }
    close();
    page.append("</details>\n");
  }

  /** A text of any content as HTML's text. */
  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
