package io.foresight.engine;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.RowFault;
import io.foresight.decoding.Scores;
import io.foresight.decoding.search.ForwardingModel;
import io.foresight.model.classifier.SequenceClassifier;
import io.foresight.model.text.ModelException;
import io.foresight.reward.Combination;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import scala.collection.JavaConverters;

/** What is a row's fault and what is not: with engines, rewards and rows that fail on purpose. */
class FaultsTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final Path CLASSIFIERS = Path.of("src/test/resources/parity-classifiers");
  private static final String NO_MEMORY =
      "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory";
  private static final StructType SCHEMA =
      new StructType().add("concepts", DataTypes.createArrayType(DataTypes.StringType));
  private static final List<String> WORDS = List.of("dog", "cat", "boat", "child", "field", "snow");

  @TempDir Path temporary;

  @AfterAll
  static void free() {
    ModelCache.closeIdle();
  }

  private static InputRow row(String... words) {
    Object[] values = {JavaConverters.asScalaBuffer(List.of(words)).toSeq()};
    return Rows.input(words[0], new GenericRowWithSchema(values, SCHEMA));
  }

  private static List<InputRow> rows() {
    return WORDS.stream().map(FaultsTest::row).toList();
  }

  private static GenerationSettings settings(int batch, RunLimits limits, RewardSpec rewards) {
    return GenerationSettings.of(
            EXAMPLES.resolve("target").toString(), EXAMPLES.resolve("draft").toString())
        .with(EngineSettings.DEVICE, DeviceChoice.CPU)
        .with(EngineSettings.BATCH, batch)
        .withRewards(rewards)
        .with(Settings.defaults().with(STRATEGY, "cdsl").with(MAX_NEW_TOKENS, 10))
        .with(EngineSettings.ROW_TIMEOUT, limits.row() == null ? Duration.ZERO : limits.row())
        .with(EngineSettings.STALL_TIMEOUT, limits.stall());
  }

  private static GenerationSettings settings(int batch) {
    return settings(batch, RunLimits.of(Settings.defaults()), RewardSpec.keywordCoverage());
  }

  /** Runs {@code before} ahead of each forward of a model; it may throw. */
  private static UnaryOperator<LanguageModel> before(Consumer<List<ForwardRequest>> before) {
    return model ->
        new ForwardingModel(model) {
          @Override
          public List<Scores> extend(List<ForwardRequest> extensions) {
            before.accept(extensions);
            return model.extend(extensions);
          }
        };
  }

  private static List<RowResult> decode(
      GenerationSettings settings, UnaryOperator<LanguageModel> seen, List<InputRow> rows) {
    List<RowResult> results = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(settings, () -> {}, seen)) {
      decoder.decode(rows.iterator()).forEachRemaining(one -> results.add(one.result()));
    }
    return results;
  }

  private static List<String> outputs(List<RowResult> results) {
    assertThat(results).allSatisfy(result -> assertThat(result.error()).isNull());
    return results.stream().map(RowResult::output).toList();
  }

  @ParameterizedTest
  @CsvSource({"1, 4", "7, 4", "-1, 4", "1, 1", "7, 1", "-1, 1"})
  void aFaultOfTheEngineFailsTheTaskAndTheNextTryIsAsIfNothingHadBeen(int at, int batch) {
    AtomicInteger forwards = new AtomicInteger();
    List<String> undisturbed =
        outputs(decode(settings(batch), before(extensions -> forwards.incrementAndGet()), rows()));
    int failing = at > 0 ? at : batch == 1 ? forwards.get() : forwards.get() * 2 / 3;
    AtomicInteger count = new AtomicInteger();
    UnaryOperator<LanguageModel> failsOnce =
        before(
            extensions -> {
              if (count.incrementAndGet() == failing) {
                throw new EngineException("index out of range in self");
              }
            });
    List<RowResult> before = new ArrayList<>();
    try (RowDecoder decoder = new RowDecoder(settings(batch), () -> {}, failsOnce)) {
      Iterator<RowDecoder.Decoded> decoded = decoder.decode(rows().iterator());
      assertThatThrownBy(() -> decoded.forEachRemaining(one -> before.add(one.result())))
          .isInstanceOf(EngineException.class)
          .hasMessage("index out of range in self");
    }
    assertThat(outputs(before)).isEqualTo(undisturbed.subList(0, before.size()));
    assertThat(outputs(decode(settings(batch), failsOnce, rows()))).isEqualTo(undisturbed);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void wantOfMemoryHalvesTheRowsAndCostsNone(int fitting) {
    List<String> undisturbed = outputs(decode(settings(6), UnaryOperator.identity(), rows()));
    AtomicInteger failures = new AtomicInteger();
    List<RowResult> results =
        decode(
            settings(6),
            before(
                extensions -> {
                  long prompts = extensions.stream().filter(e -> isPrompt(e)).count();
                  if (prompts > fitting) {
                    failures.incrementAndGet();
                    throw new EngineException(NO_MEMORY);
                  }
                }),
            rows());
    assertThat(outputs(results)).isEqualTo(undisturbed);
    assertThat(failures.get()).isBetween(1, 3);
  }

  private static boolean isPrompt(ForwardRequest extension) {
    return !extension.isAlone() && extension.sequence().length() == 0;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void aRowThatHasNoMemoryAloneIsItsOwnFault(int batch) {
    List<InputRow> rows = new ArrayList<>(rows());
    rows.add(2, row("table".repeat(30), "chair".repeat(30)));
    List<String> undisturbed = outputs(decode(settings(4), UnaryOperator.identity(), rows()));
    List<RowResult> results =
        decode(
            settings(batch),
            before(
                extensions -> {
                  if (extensions.stream().anyMatch(e -> e.tokens().length > 40)) {
                    throw new EngineException(NO_MEMORY);
                  }
                }),
            rows);
    RowResult guilty = results.remove(2);
    assertThat(guilty.status()).isEqualTo("error");
    assertThat(guilty.errorKind()).isEqualTo("memory");
    assertThat(guilty.error()).contains("there is no memory for it alone").contains("can't alloc");
    assertThat(outputs(results)).isEqualTo(undisturbed);
  }

  /** Fails as an engine does, though none did: what reads the rows, and what may end the task. */
  @ParameterizedTest
  @CsvSource({"input, 1", "input, 4", "task, 1", "task, 4"})
  void wantOfMemoryElsewhereIsNoReasonToStartAnew(String where, int batch) {
    AtomicInteger prompts = new AtomicInteger();
    RuntimeException failure = new EngineException(NO_MEMORY);
    Iterator<InputRow> rows =
        Iterators.mapped(
            rows().iterator(),
            row -> {
              if (where.equals("input") && row.id().equals("child")) {
                throw failure;
              }
              return row;
            });
    Runnable check =
        () -> {
          if (where.equals("task") && prompts.get() >= batch) {
            throw failure;
          }
        };
    UnaryOperator<LanguageModel> seen =
        before(
            extensions ->
                prompts.addAndGet((int) extensions.stream().filter(e -> isPrompt(e)).count()));
    try (RowDecoder decoder = new RowDecoder(settings(batch), check::run, seen)) {
      assertThatThrownBy(() -> decoder.decode(rows).forEachRemaining(one -> {})).isSameAs(failure);
    }
    // Of the two models: no row was decoded again.
    assertThat(prompts.get()).isLessThanOrEqualTo(2 * WORDS.size());
  }

  @Test
  void aProgramThatCannotStartForWantOfMemoryFailsTheTask() {
    RewardSpec spec =
        RewardSpec.of(
            "program",
            Map.of("type", "command", "command", List.of("nowhere/Cannot allocate memory")));
    assertThatThrownBy(
            () ->
                decode(
                    settings(4, RunLimits.of(Settings.defaults()), spec),
                    UnaryOperator.identity(),
                    rows()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Cannot allocate memory")
        .hasMessageContaining("it does not start");
  }

  @Test
  void whatAProgramSaysOfMemoryIsItsRowsAlone() {
    String script =
        """
        while read -r line; do
          case "$line" in *'"concepts":["boat"]'*)
            echo 'CUDA error: out of memory; cannot allocate memory' >&2; exit 1 ;;
          esac
          id=$(echo "$line" | sed 's/.*"id":\\([0-9]*\\).*/\\1/')
          echo "{\\"id\\":$id,\\"scores\\":[1]}"
        done
        """;
    AtomicInteger prompts = new AtomicInteger();
    List<RowResult> results =
        decode(
            settings(3, RunLimits.of(Settings.defaults()), command(script)),
            before(
                extensions ->
                    prompts.addAndGet((int) extensions.stream().filter(e -> isPrompt(e)).count())),
            rows());
    RowResult guilty = results.remove(2);
    assertThat(guilty.errorKind()).isEqualTo("reward");
    assertThat(guilty.error()).contains("CUDA error: out of memory");
    assertThat(outputs(results)).hasSize(5);
    assertThat(prompts.get()).isLessThanOrEqualTo(2 * WORDS.size());
  }

  private static RewardSpec kind() {
    try (SequenceClassifier classifier =
        SequenceClassifier.load(CLASSIFIERS.resolve("bert-two"), Device.cpu())) {
      return RewardSpec.of(
          "kind",
          Map.of(
              "type",
              "classifier",
              "model",
              CLASSIFIERS.resolve("bert-two").toString(),
              "label",
              classifier.labels().get(0)));
    }
  }

  private static List<RowScorer.Scored> score(
      RewardSpec spec, List<String> texts, Consumer<List<int[]>> before) {
    Iterator<InputRow> rows =
        texts.stream().map(text -> new InputRow(text, Map.of("text", text))).iterator();
    List<RowScorer.Scored> scored = new ArrayList<>();
    try (RowScorer scorer = new RowScorer(ScoringSettings.of("text", spec), () -> {}, before)) {
      scorer.score(rows).forEachRemaining(scored::add);
    }
    return scored;
  }

  @Test
  void wantOfMemoryHalvesTheTextsThatAreScoredAndCostsNone() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      texts.add("A %s and %d more.".formatted(WORDS.get(i % WORDS.size()), i));
    }
    RewardSpec spec = kind();
    List<RowScorer.Scored> undisturbed = score(spec, texts, ids -> {});
    AtomicInteger failures = new AtomicInteger();
    List<RowScorer.Scored> scored =
        score(
            spec,
            texts,
            ids -> {
              if (ids.size() > 3) {
                failures.incrementAndGet();
                throw new EngineException(NO_MEMORY);
              }
            });
    assertThat(failures.get()).isBetween(1, 5);
    assertThat(scored).hasSize(20).allSatisfy(one -> assertThat(one.fault()).isNull());
    for (int i = 0; i < 20; i++) {
      assertThat(scored.get(i).row()).isEqualTo(undisturbed.get(i).row());
      assertThat(scored.get(i).outcome().reward())
          .isCloseTo(undisturbed.get(i).outcome().reward(), within(1e-5));
    }
  }

  @Test
  void aTextThatHasNoMemoryAloneIsItsOwnFault() {
    List<String> texts = List.of("A dog.", "cat ".repeat(15), "A boat.");
    List<RowScorer.Scored> scored =
        score(
            kind(),
            texts,
            ids -> {
              if (ids.stream().anyMatch(text -> text.length > 12)) {
                throw new EngineException(NO_MEMORY);
              }
            });
    assertThat(scored.get(0).fault()).isNull();
    assertThat(scored.get(1).fault().kind()).isEqualTo(RowFault.Kind.MEMORY);
    assertThat(scored.get(1).fault()).hasMessageContaining("there is no memory for it alone");
    assertThat(scored.get(2).fault()).isNull();
  }

  @Test
  void aFaultOfTheRowHasAKind() {
    List<InputRow> rows = List.of(row("dog"), row("!", "dog"), row("dog ".repeat(400)), row("cat"));
    List<RowResult> results = decode(settings(4), UnaryOperator.identity(), rows);
    assertThat(results.stream().map(RowResult::errorKind))
        .containsExactly(null, "input", "prompt", null);
    assertThat(results.get(1).error()).contains("holds no word");
  }

  /** Answers all rows but one. */
  private static RewardSpec program(String unanswered) {
    String script =
        """
        while read -r line; do
          case "$line" in *'"row":{"concepts":["%s"]'*) continue ;; esac
          id=$(echo "$line" | sed 's/.*"id":\\([0-9]*\\).*/\\1/')
          echo "{\\"id\\":$id,\\"scores\\":[1]}"
        done
        """
            .formatted(unanswered);
    return command(script);
  }

  /** A reward by a program of the shell. */
  private static RewardSpec command(String script) {
    return new RewardSpec(
        Combination.MINIMUM,
        List.of(
            new RewardSpec.Named(
                "program",
                Map.of(
                    "type",
                    "command",
                    "command",
                    List.of("sh", "-c", script),
                    "columns",
                    List.of("concepts"),
                    "timeout",
                    "60s"))));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aRowThatTakesTooLongIsAnErrorAndItsPlaceIsFree(int batch) {
    RunLimits limits = new RunLimits(Duration.ofSeconds(3), Duration.ZERO);
    long started = System.nanoTime();
    List<RowResult> results =
        decode(settings(batch, limits, program("boat")), UnaryOperator.identity(), rows());
    assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(30));
    RowResult late = results.remove(2);
    assertThat(late.status()).isEqualTo("error");
    assertThat(late.errorKind()).isEqualTo("timeout");
    assertThat(late.error()).isEqualTo(limits.exceeded().getMessage()).contains("longer than 3 s");
    assertThat(outputs(results)).hasSize(5);
  }

  @Test
  void aModelOfRewardsWithoutNumbersFailsTheTask() throws IOException {
    Path folder = temporary.resolve("classifier");
    Files.createDirectories(folder);
    try (Stream<Path> files = Files.list(CLASSIFIERS.resolve("bert-two"))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    Path weights = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    // Finite, and so taken, but too large to be added.
    Arrays.fill(bytes, 8 + header, bytes.length, (byte) 0x7f);
    Files.write(weights, bytes);
    Map<String, Object> reward = new HashMap<>();
    reward.put("type", "classifier");
    reward.put("model", folder.toString());
    reward.put("label", "LABEL_0");
    try (SequenceClassifier classifier = SequenceClassifier.load(folder, Device.cpu())) {
      reward.put("label", classifier.labels().get(0));
    }
    RewardSpec spec = RewardSpec.of("kind", reward);
    assertThatThrownBy(
            () ->
                decode(
                    settings(4, RunLimits.of(Settings.defaults()), spec),
                    UnaryOperator.identity(),
                    rows()))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("not finite");
    ScoringSettings scoring = ScoringSettings.of("text", spec);
    List<InputRow> texts = List.of(new InputRow("1", Map.of("text", "A dog.")));
    try (RowScorer scorer = new RowScorer(scoring, () -> {})) {
      assertThatThrownBy(() -> scorer.score(texts.iterator()).next())
          .isInstanceOf(ModelException.class);
    }
  }

  @Test
  void aTaskThatIsToEndDoesSoBetweenForwards() {
    AtomicInteger forwards = new AtomicInteger();
    try (RowDecoder decoder =
        new RowDecoder(
            settings(3),
            () -> {
              if (forwards.get() >= 5) {
                throw new IllegalStateException("killed");
              }
            },
            before(extensions -> forwards.incrementAndGet()))) {
      assertThatThrownBy(() -> decoder.decode(rows().iterator()).next()).hasMessage("killed");
    }
    assertThat(forwards).hasValue(5);
  }
}
