package io.foresight.jobs.curate.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.foresight.engine.prompt.Prompt;
import io.foresight.engine.prompt.PromptSettings;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Problems;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.rows.RowFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Rows that are curated together: a run's, or those of files that no run wrote.
 *
 * @param label where they lie, as it was given
 * @param path the same, resolved
 * @param job that wrote them; empty if none of ours did
 * @param identity the run's, by name; empty if it was none
 * @param textColumn of the texts
 * @param prefix of the columns that the job added
 * @param idColumn of ids; {@code null} if there is none
 * @param conceptsColumn of the words that were asked for
 * @param prompt how a row becomes a prompt
 * @param format of its files
 */
public record Source(
    String label,
    String path,
    String job,
    Map<String, String> identity,
    String textColumn,
    String prefix,
    String idColumn,
    String conceptsColumn,
    Prompt prompt,
    RowFormat format) {

  /** What of a run's settings its rows are understood by. */
  private static final List<String> READ = List.of("prompt", "input.columns", "output.prefix");

  /** Those of a run. */
  static Source ofRun(
      String label, String path, JsonNode run, SettingsReader given, JobSettings bound) {
    Map<String, String> identity = new TreeMap<>();
    run.path("identity")
        .fields()
        .forEachRemaining(entry -> identity.put(entry.getKey(), entry.getValue().asText()));
    Settings settings = settings(run.path("settings"));
    Prompt prompt =
        givesPrompt(given)
            ? bound.generation().prompt()
            : prompt(settings, bound.generation().prompt());
    String prefix = settings.get(ColumnSettings.PREFIX);
    String job = identity.getOrDefault("job", "");
    String text = run.path("text").asText("");
    return new Source(
        label,
        path,
        job,
        identity,
        job.equals("score") && !text.isEmpty() ? text : prefix + "output",
        prefix,
        ColumnSettings.idColumn(settings),
        settings.get(RewardSpec.CONCEPTS_COLUMN),
        prompt,
        "jsonl".equals(run.at("/settings/output/format").asText())
            ? RowFormat.JSONL
            : RowFormat.PARQUET);
  }

  /** Those of files that no run wrote, which this command's settings say how to read. */
  static Source ofFiles(String label, String path, RowFormat format, JobSettings bound) {
    Settings settings = bound.generation().settings();
    String prefix = settings.get(ColumnSettings.PREFIX);
    return new Source(
        label,
        path,
        "",
        Map.of(),
        prefix + "output",
        prefix,
        ColumnSettings.idColumn(settings),
        settings.get(RewardSpec.CONCEPTS_COLUMN),
        bound.generation().prompt(),
        format);
  }

  private static boolean givesPrompt(SettingsReader given) {
    return List.of(PromptSettings.TEMPLATE, PromptSettings.COLUMN, PromptSettings.MESSAGES).stream()
        .anyMatch(setting -> given.isGiven(setting.key()));
  }

  /** Not all of them: those of another version may be other ones. */
  private static Settings settings(JsonNode resolved) {
    Config all = ConfigFactory.parseString(resolved.isObject() ? resolved.toString() : "{}");
    Config read = ConfigFactory.empty();
    for (String path : READ) {
      if (all.hasPath(path)) {
        read = read.withFallback(ConfigFactory.empty().withValue(path, all.getValue(path)));
      }
    }
    return SettingsReader.layered(List.of(), List.of(), read).settings();
  }

  private static Prompt prompt(Settings settings, Prompt otherwise) {
    Problems.Collected problems = new Problems.Collected(settings);
    Prompt prompt = PromptSettings.prompt(settings, problems);
    try {
      problems.finish();
      return prompt;
    } catch (io.foresight.settings.SettingsException e) {
      // Written by a version with other rules; this command's own settings stand in.
      return otherwise;
    }
  }
}
