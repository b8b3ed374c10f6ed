package io.foresight.jobs.settings;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.DecodingSettings;
import io.foresight.engine.EngineSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.prompt.ChatPrompt;
import io.foresight.engine.prompt.PromptSettings;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.jobs.input.files.InputFormat;
import io.foresight.jobs.input.files.InputSettings;
import io.foresight.settings.Catalog;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsException;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.StoredModels;
import io.foresight.spark.rows.RowFormat;
import io.foresight.store.StoreSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {

  private static JobSettings bind(String... overrides) {
    return JobSettings.bind(
        "generate", SettingsReader.layered(List.of(), List.of(overrides), ConfigFactory.empty()));
  }

  @Test
  void defaultsBind() {
    JobSettings settings = bind();
    assertThat(settings.reading().format()).isEqualTo(InputFormat.AUTO);
    assertThat(settings.outputFormat()).isEqualTo(RowFormat.PARQUET);
    assertThat(settings.generation().settings().get(STRATEGY)).isEqualTo("cdsl");
    assertThat(settings.generation().prompt()).isEqualTo(new PromptTemplate("{concepts} ="));
  }

  @Test
  void aQuotedKeyIsNoPath() {
    assertThatThrownBy(
            () ->
                JobSettings.bind(
                    "generate",
                    SettingsReader.layered(
                        List.of(),
                        List.of(),
                        ConfigFactory.parseString("\"decoding.strategy\" = greedy"))))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(
            "\"decoding.strategy\" is no setting. Did you mean decoding.strategy?");
  }

  @Test
  void theLibrarysDefaultsAreTheJobs() {
    GenerationSettings bound = bind("home=H").generation();
    GenerationSettings library = GenerationSettings.of("H/examples/target", "H/examples/draft");
    assertThat(bound)
        .isEqualTo(
            library
                .with(EngineSettings.HOME, "H")
                .with(InputSettings.PATH, List.of("H/examples/prompts.jsonl")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"commongen.conf", "fast.conf", "four-actions.conf", "harmless.conf"})
  void theConfigurationsBind(String name) {
    JobSettings settings =
        JobSettings.bind(
            "generate",
            SettingsReader.layered(
                List.of(Path.of("../conf", name)), List.of(), ConfigFactory.empty()));
    assertThat(settings.generation().settings().get(STRATEGY)).isEqualTo("cdsl");
    assertThat(settings.idle()).isEmpty();
  }

  @Test
  void aSettingThatCannotMatterIsTold() {
    assertThat(bind().idle()).isEmpty();
    assertThat(
            bind(
                    "decoding.strategy=greedy",
                    "decoding.top-p=0.9",
                    "decoding.max-new-tokens=8",
                    "reward.weight=3")
                .idle())
        .containsExactly(
            "decoding.top-p (0.9) changes nothing: greedy does not read it; sample, best-of-n, speculative, cdlh, cdlh-appx, cdsl, cdlh-speculative and cdsl-tree do.",
            "reward.weight (3) changes nothing: greedy does not read it; cdlh, cdlh-appx, cdsl, cdlh-speculative and cdsl-tree do.");
    assertThat(bind("decoding.temperature=0.5").idle())
        .containsExactly(
            "decoding.temperature (0.5) changes nothing: cdsl samples nothing under decoding.verification = hard.");
    assertThat(bind("decoding.temperature=0.5", "decoding.verification=coupled").idle()).isEmpty();
    assertThat(bind("decoding.acceptance-threshold=0.5").idle())
        .singleElement()
        .asString()
        .contains("s2.action = prefix");
    assertThat(bind("decoding.acceptance-threshold=0.5", "decoding.s3.lookahead=draft").idle())
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "decoding.k, decoding.candidates, 3",
    "decoding.d, decoding.lookahead, 3",
    "decoding.g, decoding.draft-length, 3",
    "decoding.tauA, decoding.acceptance-threshold, 0.5",
    "decoding.tau-r, reward.threshold, 0.5",
    "reward.lambda, reward.weight, 3.5",
  })
  void thePapersSymbolsAreNamesToo(String alias, String key, String value) {
    SettingsReader named = read(alias + "=" + value);
    named.finish();
    assertThat(named.settings()).isEqualTo(read(key + "=" + value).settings());
    assertThat(named.settings()).isNotEqualTo(Settings.defaults());
    assertThat(named.aliases()).containsExactly(alias + " is " + key + ".");
    assertThat(named.isGiven(key)).isTrue();
  }

  @Test
  void oneSettingUnderTwoNamesIsRefused(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("k.conf"), "decoding { k = 3, candidates = 4 }");
    assertThatThrownBy(
            () -> SettingsReader.layered(List.of(file), List.of(), ConfigFactory.empty()).finish())
        .hasMessageContaining("decoding.k is another name of decoding.candidates");
    // A later layer may use the other name.
    assertThat(read("decoding.k=3", "decoding.candidates=4").get(DecodingSettings.CANDIDATES))
        .isEqualTo(4);
  }

  @Test
  void quotesMeanWhatTheyMeanInFiles() {
    assertThat(read("prompt.template=\"a\\tb {x}\"").get(PromptSettings.TEMPLATE))
        .isEqualTo("a\tb {x}");
    assertThat(read("prompt.template=say \"{x}\" now").get(PromptSettings.TEMPLATE))
        .isEqualTo("say \"{x}\" now");
    assertThat(read("prompt.template={x} =").get(PromptSettings.TEMPLATE)).isEqualTo("{x} =");
    assertThatThrownBy(() -> read("prompt.template=\"a\" \"").finish())
        .hasMessageContaining("--set prompt.template=");
  }

  @Test
  void aValueIsKnownByWhereItWasGiven(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("a.conf"), "decoding { d = 3, candidates = 4 }");
    SettingsReader reader =
        SettingsReader.layered(
            List.of(file), List.of("decoding.k=5"), ConfigFactory.parseString("input.path = x"));
    assertThat(reader.origin(DecodingSettings.LOOKAHEAD)).contains(file.toString());
    assertThat(reader.origin(DecodingSettings.CANDIDATES)).contains("--set");
    assertThat(reader.origin(InputSettings.PATH)).contains("option");
    assertThat(reader.origin(DecodingSettings.TOP_K)).isEmpty();
  }

  private static SettingsReader read(String... overrides) {
    return SettingsReader.layered(List.of(), List.of(overrides), ConfigFactory.empty());
  }

  @Test
  void aLaterFileWinsAndAnEarlierOneHoldsWhereItIsSilent(@TempDir Path folder) throws IOException {
    Path first =
        Files.writeString(folder.resolve("1.conf"), "decoding { lookahead = 3, candidates = 2 }");
    Path second = Files.writeString(folder.resolve("2.conf"), "decoding.lookahead = 4");
    Settings decoding =
        JobSettings.bind(
                "generate",
                SettingsReader.layered(List.of(first, second), List.of(), ConfigFactory.empty()))
            .generation()
            .settings();
    assertThat(decoding.get(LOOKAHEAD)).isEqualTo(4);
    assertThat(decoding.get(CANDIDATES)).isEqualTo(2);
  }

  @Test
  void overridesReachTheDecoder() {
    Settings decoding =
        bind(
                "decoding.strategy=cdlh",
                "decoding.lookahead=3",
                "reward.threshold=-infinity",
                "reward.mode=gain")
            .generation()
            .settings();
    assertThat(decoding.get(STRATEGY)).isEqualTo("cdlh");
    assertThat(decoding.get(LOOKAHEAD)).isEqualTo(3);
    assertThat(decoding.get(REWARD_THRESHOLD)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(decoding.get(REWARD_MODE)).isEqualTo(RewardMode.GAIN);
  }

  @Test
  void aChatHasTheTemplateAsItsUsersTurn() {
    assertThat(
            bind(
                    "prompt.chat.enabled=true",
                    "prompt.chat.system=Be {tone}.",
                    "prompt.chat.now=2026-01-02T03:04",
                    "prompt.template=About {concepts}.")
                .generation()
                .prompt())
        .isEqualTo(
            new ChatPrompt(
                new PromptTemplate("Be {tone}."),
                new PromptTemplate("About {concepts}."),
                LocalDateTime.of(2026, 1, 2, 3, 4)));
    JobSettings now = bind("prompt.chat.enabled=true", "prompt.column=text");
    ChatPrompt chat = (ChatPrompt) now.generation().prompt();
    assertThat(chat.system()).isNull();
    assertThat(chat.user()).isEqualTo(PromptTemplate.column("text"));
    // A run that is repeated by its kept settings writes the same date.
    assertThat(now.resolved()).contains(chat.now().toString());
  }

  @Test
  void columnsArePlainTextUnlessTheyAreToBeParsed() {
    String parse = "prompt.special-tokens=parse";
    assertThat(bind().generation().prompt()).isEqualTo(new PromptTemplate("{concepts} ="));
    assertThat(bind(parse, "prompt.column=text").generation().prompt())
        .isEqualTo(PromptTemplate.column("text").parsingData());
    ChatPrompt chat =
        (ChatPrompt)
            bind(parse, "prompt.chat.enabled=true", "prompt.chat.system=Be {tone}.")
                .generation()
                .prompt();
    assertThat(chat.system().parsesData()).isTrue();
    assertThat(chat.user().parsesData()).isTrue();
    assertThatThrownBy(() -> bind("prompt.special-tokens=no"))
        .hasMessageContaining("prompt.special-tokens = no");
  }

  @Test
  void whatOnlyAChatUsesNeedsOne() {
    assertThatThrownBy(() -> bind("prompt.chat.system=x", "prompt.chat.now=2026-01-02T03:04"))
        .hasMessageContaining("prompt.chat.system = x: it is of no use without a chat.")
        .hasMessageContaining("prompt.chat.now = 2026-01-02T03:04: it is of no use");
    assertThatThrownBy(
            () ->
                bind(
                    "prompt.chat.enabled=true",
                    "prompt.chat.now=today",
                    "prompt.chat.system={x",
                    "prompt.template=x}"))
        .hasMessageContaining("prompt.chat.now = today: it is no time.")
        .hasMessageContaining("prompt.chat.system = {x: Cannot read template")
        .hasMessageContaining("prompt.template = x}: Cannot read template");
  }

  @Test
  void copiesOfModelsHaveAFolderAndABound() {
    StoreSettings store =
        StoredModels.of(
            bind("models.local-cache=/disk/models", "models.local-cache-size=3g").generation());
    assertThat(store).isEqualTo(new StoreSettings("/disk/models", 3L << 30));
    assertThatThrownBy(() -> bind("models.local-cache=models", "models.local-cache-size=0"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("models.local-cache = models: it must be an absolute path.")
        .hasMessageContaining("models.local-cache-size = 0: it must be above 0.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"models.target", "models.draft", "input.path", "output.path"})
  void credentialsInUrisAreRefusedAndNotRepeated(String setting) {
    assertThatThrownBy(
            () -> bind(setting + "=s3a://AKIAKEY:top/secret@bucket/x", "output.format=odd"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(setting + " = s3a://***@bucket/x: it holds credentials.")
        .hasMessageContaining("output.format = odd")
        .hasMessageNotContainingAny("AKIAKEY", "secret@");
  }

  @Test
  void allProblemsAreReportedTogether() {
    assertThatThrownBy(
            () ->
                bind(
                    "decoding.lookahead=-1",
                    "decoding.strategi=cdsl",
                    "models.device=tpu",
                    "output.overwrite=maybe"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("decoding.lookahead = -1: it must be a whole number of at least 0")
        .hasMessageContaining("Did you mean decoding.strategy?")
        .hasMessageContaining("models.device = tpu: it must be one of auto, cpu, gpu.")
        .hasMessageContaining("output.overwrite = maybe");
  }

  @ParameterizedTest
  @ValueSource(strings = {"models", "input", "reward", "rewards", "decoding.tree"})
  void aScalarForAGroupIsToldOnce(String group) {
    assertThatThrownBy(() -> bind(group + "=5", "decoding.top-p=2"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining(
            "\n  %s = 5: it is a group of settings, such as %s.".formatted(group, group))
        .hasMessageContaining("decoding.top-p = 2")
        .satisfies(e -> assertThat(e.getMessage()).hasLineCount(3));
  }

  @Test
  void aValueOfTheWrongKindIsToldOnce(@TempDir Path folder) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("lists.conf"),
            """
            decoding { lookahead = [1], hints = [1], strategy = [1], speculate-lookahead = [1] }
            reward.threshold = [1]
            run.seed = [1]
            prompt.template = [1]
            input.columns.id = null
            """);
    assertThatThrownBy(
            () ->
                JobSettings.bind(
                    "generate",
                    SettingsReader.layered(List.of(file), List.of(), ConfigFactory.empty())))
        .hasMessageContaining("decoding.lookahead = [1]: it is no number. Give a whole number")
        .hasMessageContaining("prompt.template = [1]: it is not a text.")
        .satisfies(e -> assertThat(e.getMessage()).hasLineCount(9));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "input.path",
        "reward.use",
        "decoding.stop",
        "decoding.banned-tokens",
        "run.seed",
        "models.device",
        "decoding.token-bias",
        "rewards",
        "run.row-timeout"
      })
  void aNullIsToldAsOtherProblemsAre(String setting, @TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("null.conf"), setting + " = null");
    SettingsReader reader =
        SettingsReader.layered(List.of(file), List.of("decoding.top-p=2"), ConfigFactory.empty());
    assertThatThrownBy(() -> JobSettings.bind("generate", reader))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("decoding.top-p = 2");
    for (Setting<?> each : Catalog.load().settings()) {
      assertThat(reader.shown(each)).isNotNull();
    }
  }

  @Test
  void aNumberThatIsTooLargeIsToldTheMost() {
    assertThatThrownBy(() -> bind("decoding.max-new-tokens=3000000000"))
        .hasMessageContaining(
            "decoding.max-new-tokens = 3000000000: it must be at most 2147483647.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rewards=5", "rewards.\"a$b\".type=length", "rewards.\"\".type=length"})
  void rewardsThatAreNoneAreAProblemLikeOthers(String override) {
    assertThatThrownBy(() -> bind(override, "reward.weight=-1"))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("rewards")
        .hasMessageContaining("reward.weight = -1");
  }

  @ParameterizedTest
  @CsvSource({"auto, -1", "full, 0", "64, 64", "16384, 16384"})
  void theDraftsHeadIsAWordOrANumber(String value, int ids) {
    Settings settings = bind("models.draft-head=" + value).generation().settings();
    assertThat(settings.get(EngineSettings.DRAFT_HEAD)).isEqualTo(ids);
  }

  @ParameterizedTest
  @ValueSource(strings = {"half", "63", "-1", "0", "1.5"})
  void otherHeadsOfTheDraftAreOneError(String value) {
    assertThatThrownBy(() -> bind("models.draft-head=" + value))
        .isInstanceOfSatisfying(
            SettingsException.class,
            e ->
                assertThat(e.getMessage().lines().skip(1))
                    .singleElement()
                    .asString()
                    .contains("models.draft-head = " + value)
                    .contains("it must be auto, full or a whole number of at least 64"));
  }
}
