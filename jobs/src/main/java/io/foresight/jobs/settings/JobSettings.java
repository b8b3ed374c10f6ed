package io.foresight.jobs.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.IdleSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowSettings;
import io.foresight.engine.prompt.Chat;
import io.foresight.engine.prompt.Prompt;
import io.foresight.engine.prompt.PromptSettings;
import io.foresight.jobs.input.files.InputSettings;
import io.foresight.settings.Secrets;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsException;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.StoredModels;
import io.foresight.spark.rows.RowFormat;
import io.foresight.store.StoreSettings;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;

/**
 * A job's settings, bound once and immutable. {@code docs/settings.md} documents each.
 *
 * @param store where copies of models lie, and what models are expected to be
 * @param input what is read, for messages
 * @param reading the same, and how
 * @param outputChosen whether the output's folder was chosen for want of one that is named
 * @param shardRows rows of a shard of the run, at least 1
 * @param maxErrorFraction share of the rows that may be errors
 * @param chatTimeGiven whether the time that chats are told is a setting's, and not the start's
 * @param idle settings that were given and change nothing, each with its value and the reason
 * @param resolved the whole configuration, as JSON
 */
public record JobSettings(
    GenerationSettings generation,
    StoreSettings store,
    String input,
    InputSettings reading,
    String output,
    boolean outputChosen,
    RowFormat outputFormat,
    boolean overwrite,
    int shardRows,
    double maxErrorFraction,
    boolean chatTimeGiven,
    List<String> idle,
    String resolved) {

  /**
   * Binds.
   *
   * @param job name of the job
   * @throws SettingsException with every problem
   */
  public static JobSettings bind(String job, SettingsReader reader) {
    JobSettings settings = withStandIns(job, reader);
    reader.finish();
    return settings;
  }

  /** The same, where others stand in for those that the reader has noted problems of. */
  public static JobSettings withStandIns(String job, SettingsReader reader) {
    Settings settings = reader.settings();
    InputSettings reading = InputSettings.of(settings, reader);
    GenerationSettings generation = GenerationSettings.bind(settings, reader);
    ColumnSettings.check(settings, reader);
    StoreSettings store = StoredModels.bind(settings, generation.rewards(), reader);
    String named = settings.get(OutputSettings.PATH);
    String output = named.isBlank() ? chosen(job) : named;
    return new JobSettings(
        generation,
        store,
        reading.shown(),
        reading,
        output,
        named.isBlank(),
        settings.get(OutputSettings.FORMAT),
        settings.get(OutputSettings.OVERWRITE),
        settings.get(OutputSettings.SHARD_ROWS),
        settings.get(OutputSettings.MAX_ERROR_FRACTION),
        !settings.get(PromptSettings.NOW).isBlank(),
        idle(reader),
        resolved(reader, output, generation.prompt()));
  }

  /** The folder that runs without a named one go to, and what their names begin with. */
  public static final String CHOSEN_FOLDER = "output";

  public static String chosenPrefix(String job) {
    return job + "-";
  }

  /** The same for another output. */
  public JobSettings withOutput(String other) {
    Config config =
        ConfigFactory.parseString(resolved)
            .withValue("output.path", ConfigValueFactory.fromAnyRef(other));
    return with(generation, other, config);
  }

  /** The same in place of what the output holds, once it is whole. */
  public JobSettings overwriting() {
    Config config =
        ConfigFactory.parseString(resolved)
            .withValue("output.overwrite", ConfigValueFactory.fromAnyRef(true));
    return new JobSettings(
        generation,
        store,
        input,
        reading,
        output,
        outputChosen,
        outputFormat,
        true,
        shardRows,
        maxErrorFraction,
        chatTimeGiven,
        idle,
        rendered(config));
  }

  /** The same with the time that chats are told when the run began, unless it was given. */
  public JobSettings withChatTime(String begun) {
    if (chatTimeGiven || begun.isEmpty() || !(generation.prompt() instanceof Chat chat)) {
      return this;
    }
    Config config =
        ConfigFactory.parseString(resolved)
            .withValue("prompt.chat.now", ConfigValueFactory.fromAnyRef(begun));
    return with(generation.withPrompt(chat.at(LocalDateTime.parse(begun))), output, config);
  }

  private JobSettings with(GenerationSettings otherGeneration, String otherOutput, Config config) {
    return new JobSettings(
        otherGeneration,
        store,
        input,
        reading,
        otherOutput,
        outputChosen,
        outputFormat,
        overwrite,
        shardRows,
        maxErrorFraction,
        chatTimeGiven,
        idle,
        rendered(config));
  }

  private static String rendered(Config config) {
    return config.root().render(ConfigRenderOptions.concise().setFormatted(true));
  }

  /** What the run's files keep: with the values that stood in for empty ones. */
  private static String resolved(SettingsReader reader, String output, Prompt prompt) {
    Config config = reader.config().withValue("output.path", ConfigValueFactory.fromAnyRef(output));
    if (prompt instanceof Chat chat) {
      config =
          config.withValue("prompt.chat.now", ConfigValueFactory.fromAnyRef(chat.now().toString()));
    }
    if (reader.config().root().get("rewards") instanceof ConfigObject rewards) {
      config =
          config.withValue(
              "rewards", ConfigValueFactory.fromAnyRef(Secrets.masked(rewards.unwrapped())));
    }
    return config.root().render(ConfigRenderOptions.concise().setFormatted(true));
  }

  private static List<String> idle(SettingsReader reader) {
    Settings settings = reader.settings();
    Map<String, String> reasons = IdleSettings.of(settings);
    if (reasons.containsKey(DecodingSettings.TEMPERATURE.key())) {
      reasons.put(RowSettings.TEMPERATURE.key(), reasons.get(DecodingSettings.TEMPERATURE.key()));
    }
    return reasons.entrySet().stream()
        .filter(setting -> reader.isGiven(setting.getKey()))
        .map(
            setting ->
                "%s (%s) changes nothing: %s."
                    .formatted(
                        setting.getKey(), reader.written(setting.getKey()), setting.getValue()))
        .toList();
  }

  /** A folder that no other run has. */
  private static String chosen(String job) {
    return CHOSEN_FOLDER
        + "/"
        + chosenPrefix(job)
        + DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS")
            .withZone(ZoneOffset.UTC)
            .format(Instant.now());
  }
}
