package io.foresight.jobs.report;

import java.util.List;
import java.util.Map;

/**
 * All that a report shows, of one run or of several beside each other. Serialised as it is into the
 * page and into {@code report.json}; nothing is computed from rows after this.
 *
 * @param title of the page
 * @param command what to type to get it again
 * @param created when, ISO 8601
 * @param version of Foresight
 * @param summary the three sentences that say what came out, computed from the rest
 * @param datasets names of the inputs, in their order
 * @param variants what was compared, in the order asked for; the first is what others are held
 *     against
 * @param comparisons paired tests between variants, by metric
 * @param rows a bounded number of rows, those on which the variants differ most first
 */
public record ReportData(
    String title,
    String command,
    String created,
    String version,
    List<String> summary,
    List<String> datasets,
    List<VariantReport> variants,
    List<PairedTest> comparisons,
    List<RowTexts> rows) {

  /**
   * A mean with its bootstrap interval.
   *
   * @param mean over {@code rows}
   * @param low lower end of the 95 % interval
   * @param high its upper end
   * @param rows that the metric is defined for
   */
  public record Estimate(double mean, double low, double high, long rows) {}

  /**
   * One variant on one data set.
   *
   * @param name of the variant
   * @param dataset one of {@link ReportData#datasets}
   * @param source the run's folder, or the file of outputs that others wrote
   * @param settings those that differ between variants, by key
   * @param status rows by status: ok, unsatisfied, truncated, error
   * @param metrics by name, in the order to be shown
   * @param work counts per committed token by name (target_forwards, target_positions,
   *     draft_forwards, draft_positions, reward_calls) and {@code acceptance_rate}; empty for
   *     outputs that others wrote
   * @param states share of steps per state of cdsl, by name; empty where there are none
   * @param time share of the time by what took it; empty where unknown
   * @param byConstraints satisfied by number of constraints (concepts) of a row
   * @param byLength satisfied by length of the output in tokens
   */
  public record VariantReport(
      String name,
      String dataset,
      String source,
      Map<String, String> settings,
      Map<String, Long> status,
      Map<String, Estimate> metrics,
      Map<String, Double> work,
      Map<String, Double> states,
      Map<String, Double> time,
      List<Group> byConstraints,
      List<Group> byLength) {}

  /**
   * Rows that have something in common.
   *
   * @param label what
   * @param rows how many
   * @param satisfied share of them, 0 to 1
   */
  public record Group(String label, long rows, double satisfied) {}

  /**
   * A paired test of two variants on one data set.
   *
   * @param metric its name
   * @param dataset one of {@link ReportData#datasets}
   * @param first a variant's name
   * @param second another's
   * @param difference mean of second less first over the rows that both have
   * @param low lower end of its 95 % interval
   * @param high its upper end
   * @param p of approximate randomisation, two-sided
   * @param adjusted that p after Holm's correction over all tests of the report
   */
  public record PairedTest(
      String metric,
      String dataset,
      String first,
      String second,
      double difference,
      double low,
      double high,
      double p,
      double adjusted) {}

  /**
   * One prompt and what the variants made of it.
   *
   * @param id of the row
   * @param dataset one of {@link ReportData#datasets}
   * @param prompt as given: the prompt, or the concepts
   * @param words the constraint's words, empty where it has none
   * @param spread how much the variants differ on it, in reward; 0 with one variant
   * @param texts by variant's name, in the order of variants
   */
  public record RowTexts(
      String id,
      String dataset,
      String prompt,
      List<String> words,
      double spread,
      Map<String, RowText> texts) {}

  /**
   * A text that a variant wrote.
   *
   * @param text the output, {@code null} for an error
   * @param status ok, unsatisfied, truncated or error
   * @param reward {@code null} where none was given
   * @param tokens of the output
   * @param error its message, {@code null} where there is none
   * @param marks where in {@code text} the constraint's words stand
   */
  public record RowText(
      String text, String status, Double reward, long tokens, String error, List<Mark> marks) {}

  /**
   * A place in a text.
   *
   * @param start index of its first UTF-16 unit
   * @param end index after its last
   * @param word the constraint's word that stands there
   */
  public record Mark(int start, int end, String word) {}
}
