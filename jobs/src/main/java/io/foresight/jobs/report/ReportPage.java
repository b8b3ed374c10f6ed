package io.foresight.jobs.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A report as one HTML file that holds all it needs: style, script, ECharts and the data. It
 * fetches nothing and can be opened from a disk. Prompts and outputs are data to it: they stand as
 * JSON in an element that is no script, become text nodes only, and a content security policy lets
 * no other script run than those that are written here.
 */
public final class ReportPage {

  private static final Pattern PLACE = Pattern.compile("\\{\\{([a-z.-]+)}}");
  private static final String ECHARTS =
      "/META-INF/resources/webjars/echarts/5.3.1/dist/echarts.common.min.js";

  private ReportPage() {}

  /**
   * Writes the page.
   *
   * @param data what it shows
   * @param out is left open
   * @throws IOException if it cannot be written
   */
  public static void write(ReportData data, OutputStream out) throws IOException {
    String echarts = inScript(resource(ECHARTS));
    String script =
        Stream.of("dom.js", "table.js", "draw.js", "charts.js", "rows.js", "report.js")
            .map(ReportPage::resource)
            .collect(Collectors.joining("\n", "(() => {\n\"use strict\";\n", "})();\n"));
    Map<String, String> parts =
        Map.of(
            "title", data.title().replace("&", "&amp;").replace("<", "&lt;"),
            "report.css", resource("report.css"),
            "data", ReportJson.inHtml(Map.of("report", data, "metrics", metrics(data))),
            "echarts", echarts,
            "script", inScript(script),
            "script-hashes", hash(echarts) + " " + hash(inScript(script)));
    // In one go, so that a place that a text spells is none.
    String page =
        PLACE
            .matcher(resource("report.html"))
            .replaceAll(place -> Matcher.quoteReplacement(parts.get(place.group(1))));
    out.write(page.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** How each figure is named and written. */
  private static Map<String, Map<String, Object>> metrics(ReportData data) {
    Map<String, Map<String, Object>> metrics = new LinkedHashMap<>();
    data.variants().stream()
        .flatMap(v -> Stream.concat(v.metrics().keySet().stream(), v.work().keySet().stream()))
        .forEach(name -> metrics.put(name, metric(name)));
    data.comparisons().forEach(test -> metrics.put(test.metric(), metric(test.metric())));
    metrics.put("mean_reward", metric("mean_reward"));
    metrics.put("acceptance_rate", metric("acceptance_rate"));
    return metrics;
  }

  private static Map<String, Object> metric(String name) {
    return Map.of(
        "label",
        MetricFormat.label(name),
        "share",
        MetricFormat.isShare(name),
        "lowerIsBetter",
        MetricFormat.isLowerBetter(name));
  }

  /**
   * A script as it may stand in its element, in which a string must not spell that element's end.
   */
  private static String inScript(String script) {
    return script
        .replaceAll("(?i)</(?=script)", Matcher.quoteReplacement("<\\/"))
        .replace("<!--", "<\\!--");
  }

  /** As a content security policy names a script. */
  private static String hash(String script) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
      return "'sha256-%s'".formatted(Base64.getEncoder().encodeToString(digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java has SHA-256", e);
    }
  }

  private static String resource(String name) {
    try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("Cannot read %s of the job's jar.".formatted(name), e);
    }
  }
}
