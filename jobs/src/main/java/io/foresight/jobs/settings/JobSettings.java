package io.foresight.jobs.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.IdleSettings;
import io.foresight.decoding.strategy.Strategies;
import io.foresight.engine.ChatPrompt;
import io.foresight.engine.DeviceChoice;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.Prompt;
import io.foresight.engine.PromptTemplate;
import io.foresight.engine.RunLimits;
import io.foresight.jobs.input.files.InputFormat;
import io.foresight.jobs.input.files.InputSettings;
import io.foresight.jobs.input.files.Malformed;
import io.foresight.jobs.input.files.Unfinished;
import io.foresight.model.checkpoint.Precision;
import io.foresight.reward.InvalidRewardsException;
import io.foresight.reward.RewardSpec;
import io.foresight.store.Secrets;
import io.foresight.store.StoreSettings;
import java.nio.charset.Charset;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A job's settings, bound once and immutable. {@code reference.conf} documents each.
 *
 * @param input what is read, for messages
 * @param reading the same, and how
 * @param outputChosen whether the output's folder was chosen for want of one that is named
 * @param outputFormat parquet or jsonl
 * @param shardRows rows of a shard of the run, at least 1
 * @param maxErrorFraction share of the rows that may be errors
 * @param chatTimeGiven whether the time that chats are told is a setting's, and not the start's
 * @param idle settings that were given and change nothing, each with its value and the reason
 * @param resolved the whole configuration, as JSON
 */
public record JobSettings(
    GenerationSettings generation,
    String input,
    InputSettings reading,
    String output,
    boolean outputChosen,
    String outputFormat,
    boolean overwrite,
    int shardRows,
    double maxErrorFraction,
    boolean chatTimeGiven,
    List<String> idle,
    String resolved) {

  private static final String NO_CHAT =
      "it is of no use without a chat. Set prompt.chat.enabled = true.";

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
    InputSettings reading = reading(reader);
    Prompt prompt = prompt(reader);
    DecodingSettings decoding = decoding(reader);
    RewardSpec rewards = RewardReader.read(reader);
    GenerationSettings generation =
        new GenerationSettings(
            reader.location("models.target"),
            reader.location("models.draft"),
            store(reader, rewards),
            reader.choice("models.device", DeviceChoice.class),
            reader.choice("models.target-precision", Precision.class),
            reader.choice("models.draft-precision", Precision.class),
            reader.atLeast("decoding.batch", 0),
            reader.bytes("models.cache-memory"),
            reader.optionalText("input.columns.id"),
            prompt,
            rewards,
            reader.integer("run.seed"),
            decoding,
            limits(reader),
            columnPrefix(reader));
    String output = output(job, reader);
    return new JobSettings(
        generation,
        reading.shown(),
        reading,
        output,
        reader.text("output.path").isBlank(),
        reader.oneOf("output.format", List.of("parquet", "jsonl")),
        reader.flag("output.overwrite"),
        reader.atLeast("run.shard-rows", 1),
        reader.number("run.max-error-fraction", v -> v >= 0 && v <= 1, "in [0, 1]"),
        reader.optionalText("prompt.chat.now") != null,
        idle(reader, decoding),
        resolved(reader, output, prompt));
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

  /** The same with the time that chats are told when the run began, unless it was given. */
  public JobSettings withChatTime(String begun) {
    if (chatTimeGiven || begun.isEmpty() || !(generation.prompt() instanceof ChatPrompt chat)) {
      return this;
    }
    Config config =
        ConfigFactory.parseString(resolved)
            .withValue("prompt.chat.now", ConfigValueFactory.fromAnyRef(begun));
    return with(
        generation.withPrompt(
            new ChatPrompt(chat.system(), chat.user(), LocalDateTime.parse(begun))),
        output,
        config);
  }

  private JobSettings with(GenerationSettings otherGeneration, String otherOutput, Config config) {
    return new JobSettings(
        otherGeneration,
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
        config.root().render(ConfigRenderOptions.concise().setFormatted(true)));
  }

  private static InputSettings reading(SettingsReader reader) {
    List<String> paths = reader.locations("input.path");
    if (paths.isEmpty()) {
      reader.problem("input.path", "it names nothing. Give a file or a folder.");
    }
    String encoding = reader.text("input.encoding");
    try {
      Charset.forName(encoding);
    } catch (IllegalArgumentException e) {
      reader.problem("input.encoding", "Java knows no such charset. Give one such as UTF-8.");
    }
    String delimiter = reader.text("input.delimiter").replace("\\t", "\t");
    if (delimiter.codePointCount(0, delimiter.length()) != 1 || "\"\r\n".contains(delimiter)) {
      reader.problem(
          "input.delimiter", "it must be one character, no quote or line break; \\t is a tab.");
    }
    return new InputSettings(
        paths,
        reader.choice("input.format", InputFormat.class),
        reader.atLeast("input.limit", 0),
        reader.text("input.columns.concepts"),
        reader.text("input.columns.forms"),
        reader.choice("input.malformed", Malformed.class),
        encoding,
        delimiter,
        reader.choice("input.unfinished", Unfinished.class));
  }

  /** What the run's files keep: with the values that stood in for empty ones. */
  private static String resolved(SettingsReader reader, String output, Prompt prompt) {
    Config config = reader.config().withValue("output.path", ConfigValueFactory.fromAnyRef(output));
    if (prompt instanceof ChatPrompt chat) {
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

  private static List<String> idle(SettingsReader reader, DecodingSettings decoding) {
    return IdleSettings.of(decoding).entrySet().stream()
        .filter(setting -> reader.isGiven(setting.getKey()))
        .map(
            setting ->
                "%s = %s changes nothing: %s."
                    .formatted(
                        setting.getKey(), reader.written(setting.getKey()), setting.getValue()))
        .toList();
  }

  private static Prompt prompt(SettingsReader reader) {
    String column = reader.optionalText("prompt.column");
    PromptTemplate user =
        column == null
            ? template(reader, "prompt.template", reader.text("prompt.template"))
            : PromptTemplate.column(column);
    boolean parsesData =
        reader.oneOf("prompt.special-tokens", List.of("text", "parse")).equals("parse");
    user = parsesData ? user.parsingData() : user;
    String system = reader.optionalText("prompt.chat.system");
    String now = reader.optionalText("prompt.chat.now");
    if (!reader.flag("prompt.chat.enabled")) {
      if (system != null) {
        reader.problem("prompt.chat.system", NO_CHAT);
      }
      if (now != null) {
        reader.problem("prompt.chat.now", NO_CHAT);
      }
      return user;
    }
    LocalDateTime time = LocalDateTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS);
    try {
      time = now == null ? time : LocalDateTime.parse(now);
    } catch (DateTimeParseException e) {
      reader.problem("prompt.chat.now", "it is no time. Give one such as 2026-11-25T09:30.");
    }
    PromptTemplate says = system == null ? null : template(reader, "prompt.chat.system", system);
    return new ChatPrompt(says != null && parsesData ? says.parsingData() : says, user, time);
  }

  private static PromptTemplate template(SettingsReader reader, String path, String text) {
    try {
      return new PromptTemplate(text);
    } catch (IllegalArgumentException e) {
      reader.problem(path, e.getMessage());
      return PromptTemplate.column("x");
    }
  }

  /** The folder that is named, or one that no other run has. */
  private static String output(String job, SettingsReader reader) {
    String named = reader.location("output.path");
    return !named.isBlank()
        ? named
        : CHOSEN_FOLDER
            + "/"
            + chosenPrefix(job)
            + DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS")
                .withZone(ZoneOffset.UTC)
                .format(Instant.now());
  }

  private static RunLimits limits(SettingsReader reader) {
    return new RunLimits(
        reader.optionalDuration("run.row-timeout"), reader.duration("run.stall-timeout"));
  }

  private static String columnPrefix(SettingsReader reader) {
    String prefix = reader.text("output.prefix");
    if (!prefix.matches("\\w*")) {
      reader.problem("output.prefix", "it must be of letters, digits and _, such as judge_.");
    }
    return prefix;
  }

  private static StoreSettings store(SettingsReader reader, RewardSpec rewards) {
    long bytes = reader.bytes("models.local-cache-size");
    Map<String, String> digests = new HashMap<>();
    for (String model : List.of("models.target", "models.draft")) {
      String digest = reader.optionalText(model + "-digest");
      if (digest != null && !StoreSettings.isDigest(digest)) {
        reader.problem(
            model + "-digest",
            "it is no SHA-256. Give 64 digits of 0 to 9 and a to f, as inspect --digest prints them.");
      } else if (digest != null) {
        String other = digests.put(reader.text(model), digest);
        if (other != null && !other.equals(digest)) {
          reader.problem(model + "-digest", "target and draft are one model. Give it one digest.");
        }
      }
    }
    StoreSettings models = StoreSettings.defaults();
    try {
      models = models.withDigests(digests).withDigests(rewards.digests());
    } catch (InvalidRewardsException e) {
      e.problems().forEach(told -> reader.toldProblem("rewards", told));
    } catch (IllegalArgumentException e) {
      reader.toldProblem("models", e.getMessage());
    }
    try {
      return new StoreSettings(reader.text("models.local-cache").strip(), bytes, models.digests());
    } catch (IllegalArgumentException e) {
      reader.problem("models.local-cache", e.getMessage());
      return StoreSettings.defaults();
    }
  }

  private static DecodingSettings decoding(SettingsReader reader) {
    String strategy = reader.oneOf("decoding.strategy", Strategies.NAMES);
    int maxNewTokens = reader.atLeast("decoding.max-new-tokens", 1);
    double temperature =
        reader.number("decoding.temperature", v -> v > 0 && Double.isFinite(v), "above 0");
    int topK = reader.atLeast("decoding.top-k", 0);
    double topP = reader.number("decoding.top-p", v -> v > 0 && v <= 1, "in (0, 1]");
    int samples = reader.atLeast("decoding.samples", 1);
    int lookahead = reader.atLeast("decoding.lookahead", 0);
    int draftLength = reader.atLeast("decoding.draft-length", 1);
    int candidates = reader.atLeast("decoding.candidates", 1);
    double weight =
        reader.number("reward.weight", v -> v >= 0 && Double.isFinite(v), "finite and at least 0");
    double acceptance = reader.number("decoding.acceptance-threshold", v -> v >= 0, "at least 0");
    double threshold =
        reader.written("reward.threshold").equals("auto")
            ? Double.NaN
            : reader.number(
                "reward.threshold", v -> !Double.isNaN(v), "auto, a number, infinity or -infinity");
    int lookaheadDraft = reader.atLeast("decoding.lookahead-draft", 1);
    int window = reader.atLeast("decoding.window", 0);
    int rounds = reader.atLeast("decoding.tree.rounds", 0);
    int width = reader.atLeast("decoding.tree.width", 1);
    int verify = reader.atLeast("decoding.tree.verify", 1);
    int rollout = reader.atLeast("decoding.tree.rollout", 0);
    DecodingSettings.Builder builder =
        DecodingSettings.builder()
            .strategy(strategy)
            .verification(
                reader.choice("decoding.verification", DecodingSettings.Verification.class))
            .rewardMode(reader.choice("reward.mode", DecodingSettings.RewardMode.class))
            .rewardSpan(reader.choice("reward.span", DecodingSettings.RewardSpan.class))
            .s2Action(reader.choice("decoding.s2.action", DecodingSettings.S2Action.class))
            .s3Lookahead(reader.choice("decoding.s3.lookahead", DecodingSettings.Roller.class))
            .s4Lookahead(reader.choice("decoding.s4.lookahead", DecodingSettings.Roller.class))
            .speculateLookahead(reader.flag("decoding.speculate-lookahead"))
            .reuseRollouts(reader.flag("decoding.reuse-rollouts"))
            .adaptiveDraft(reader.choice("decoding.adaptive-draft", DecodingSettings.Toggle.class))
            .hints(reader.choice("decoding.hints", DecodingSettings.Toggle.class));
    try {
      return builder
          .maxNewTokens(maxNewTokens)
          .temperature(temperature)
          .topK(topK)
          .topP(topP)
          .samples(samples)
          .lookahead(lookahead)
          .draftLength(draftLength)
          .candidates(candidates)
          .rewardWeight(weight)
          .acceptanceThreshold(acceptance)
          .rewardThreshold(threshold)
          .lookaheadDraft(lookaheadDraft)
          .window(window)
          .tree(new DecodingSettings.Tree(rounds, width, verify, rollout))
          .build();
    } catch (IllegalArgumentException e) {
      // The reader has noted the value that is out of range; the defaults stand in for all.
      if (!reader.hasProblems()) {
        throw e;
      }
      return reader.isSound("decoding.strategy")
          ? DecodingSettings.builder().strategy(strategy).build()
          : DecodingSettings.defaults();
    }
  }
}
