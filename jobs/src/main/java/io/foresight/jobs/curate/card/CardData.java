package io.foresight.jobs.curate.card;

import java.util.List;
import java.util.Map;

/**
 * All that a card tells. Two runs of the same rows and settings have the same: it holds no times.
 *
 * @param form of the rows that are written
 * @param format of their files
 * @param version of Foresight, by part
 * @param sources where the rows come from
 * @param mixed how sources differ that were mixed on purpose, a line each
 * @param notes what else is to be known of them
 * @param settings those that were given or matter, by key
 * @param read texts that were read
 * @param steps what became of them
 * @param splits what is written, by side
 * @param histograms before the first step and after the last
 */
public record CardData(
    String form,
    String format,
    Map<String, String> version,
    List<SourceFigures> sources,
    List<String> mixed,
    List<String> notes,
    Map<String, String> settings,
    long read,
    List<StepFigures> steps,
    Map<String, SplitFigures> splits,
    List<Histogram> histograms) {

  /**
   * A source.
   *
   * @param path where its rows lie
   * @param job that wrote them; empty if none of ours did
   * @param texts that it has
   * @param models digests and the like, by name
   */
  public record SourceFigures(String path, String job, long texts, Map<String, String> models) {}

  /**
   * A step.
   *
   * @param name of it, as in {@code dropped/}
   * @param does what it does, in a sentence
   * @param rows that came to it
   * @param kept of these
   * @param dropped of these
   * @param reasons how many were dropped for which
   * @param keptExamples some that were kept
   * @param droppedExamples some that were not
   */
  public record StepFigures(
      String name,
      String does,
      long rows,
      long kept,
      long dropped,
      Map<String, Long> reasons,
      List<Example> keptExamples,
      List<Example> droppedExamples) {}

  /**
   * A row.
   *
   * @param uid its name
   * @param prompt what it answers
   * @param text of it
   * @param reward {@code null} if it has none
   * @param why it was dropped; empty if it was kept
   */
  public record Example(String uid, String prompt, String text, Double reward, String why) {}

  /**
   * What is on a side.
   *
   * @param rows that are written
   * @param prompts that they are of
   * @param strata prompts by stratum
   */
  public record SplitFigures(long rows, long prompts, Map<String, Long> strata) {}

  /**
   * How a figure is spread.
   *
   * @param name of the figure
   * @param bins in order
   */
  public record Histogram(String name, List<Bin> bins) {}

  /**
   * A bin.
   *
   * @param label its range
   * @param before rows in it that were read
   * @param after rows in it that are written
   */
  public record Bin(String label, long before, long after) {}
}
