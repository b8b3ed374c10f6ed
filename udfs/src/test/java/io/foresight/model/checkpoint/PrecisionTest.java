package io.foresight.model.checkpoint;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Request;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.Strategies;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.model.text.Tokenizer;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The example target in bf16 and int8 on the CPU, against itself in fp32. */
class PrecisionTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final int ROWS = 10;

  private static CausalLm exact;
  private static Tokenizer tokenizer;
  private static final List<List<String>> CONCEPTS = new ArrayList<>();

  @BeforeAll
  static void load() throws IOException {
    exact = CausalLm.load(EXAMPLES.resolve("target"), Device.cpu(), Precision.FP32);
    tokenizer = Tokenizer.load(EXAMPLES.resolve("target"));
    List<String> lines = Files.readAllLines(EXAMPLES.resolve("prompts.jsonl"));
    for (int i = 0; i < ROWS; i++) {
      JsonNode row = new ObjectMapper().readTree(lines.get(i * lines.size() / ROWS));
      List<String> concepts = new ArrayList<>();
      row.get("concepts").forEach(c -> concepts.add(c.asText()));
      CONCEPTS.add(concepts);
    }
  }

  @AfterAll
  static void close() {
    exact.close();
    tokenizer.close();
  }

  private static CausalLm load(Precision precision) {
    return CausalLm.load(EXAMPLES.resolve("target"), Device.cpu(), precision);
  }

  private static int[] prompt(int row) {
    return tokenizer.encode(String.join(" ", CONCEPTS.get(row)) + " =");
  }

  private static double coverage(int row, int[] tokens) {
    String text = tokenizer.decode(tokens).toLowerCase(Locale.ROOT);
    List<String> concepts = CONCEPTS.get(row);
    return (double) concepts.stream().filter(text::contains).count() / concepts.size();
  }

  private static Generation decode(ModelSession session, String strategy, int row) {
    Settings settings = Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, 24);
    return Strategies.of(settings)
        .decode(
            session,
            session,
            new Request(prompt(row), 24, (ids, finished) -> Judgement.of(coverage(row, ids)), row));
  }

  private static float[][] rows(ModelSession session, int[] tokens) {
    try (Sequence sequence = session.open()) {
      return session.extend(ForwardRequest.of(sequence, tokens, LogitsRequest.rows(0))).rows();
    }
  }

  /** Mean and largest difference of the log-probabilities of what fp32 finds likely at all. */
  @ParameterizedTest
  @CsvSource({"BF16, 0.2, 0.04", "INT8, 1.3, 0.1"})
  void scoresAreCloseToThoseOfFp32(Precision precision, double most, double mean) {
    double worst = 0;
    double sum = 0;
    long count = 0;
    try (CausalLm model = load(precision);
        ModelSession session = model.newSession();
        ModelSession reference = exact.newSession()) {
      for (int row = 0; row < ROWS; row++) {
        int[] prompt = prompt(row);
        int[] said = decode(reference, "greedy", row).tokens();
        int[] line = Arrays.copyOf(prompt, prompt.length + said.length);
        System.arraycopy(said, 0, line, prompt.length, said.length);
        float[][] wanted = rows(reference, line);
        float[][] rows = rows(session, line);
        for (int i = 0; i < line.length; i++) {
          for (int id = 0; id < rows[i].length; id++) {
            assertThat(rows[i][id]).isFinite();
            if (wanted[i][id] > -7) {
              double difference = Math.abs(rows[i][id] - wanted[i][id]);
              worst = Math.max(worst, difference);
              sum += difference;
              count++;
            }
          }
        }
      }
    }
    assertThat(worst).isLessThan(most);
    assertThat(sum / count).isLessThan(mean);
  }

  /** In int8 a position has its own scale; in fp32 and int8 only rounding in attention is left. */
  @ParameterizedTest
  @CsvSource({"FP32, 1e-4", "INT8, 0.1"})
  void neighboursHardlyMoveScores(Precision precision, double most) {
    double worst = 0;
    try (CausalLm model = load(precision);
        ModelSession session = model.newSession()) {
      List<Sequence> open = new ArrayList<>();
      List<ForwardRequest> together = new ArrayList<>();
      for (int row = 0; row < ROWS; row++) {
        open.add(session.open());
        together.add(ForwardRequest.of(open.get(row), prompt(row), LogitsRequest.rows(0)));
      }
      List<Scores> beside = session.extend(together);
      for (int row = 0; row < ROWS; row++) {
        float[][] alone = rows(session, prompt(row));
        for (int i = 0; i < alone.length; i++) {
          for (int id = 0; id < alone[i].length; id++) {
            if (alone[i][id] > -7) {
              worst = Math.max(worst, Math.abs(beside.get(row).rows()[i][id] - alone[i][id]));
            }
          }
        }
      }
      open.forEach(Sequence::close);
    }
    assertThat(worst).isLessThan(most);
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "INT8"})
  void textsAreAsGood(Precision precision) {
    try (CausalLm model = load(precision);
        ModelSession session = model.newSession();
        ModelSession reference = exact.newSession()) {
      for (String strategy : List.of("greedy", "cdsl")) {
        double covered = 0;
        double wanted = 0;
        int alike = 0;
        for (int row = 0; row < ROWS; row++) {
          Generation one = decode(session, strategy, row);
          Generation other = decode(reference, strategy, row);
          covered += coverage(row, one.tokens()) / ROWS;
          wanted += coverage(row, other.tokens()) / ROWS;
          alike += Arrays.equals(one.tokens(), other.tokens()) ? 1 : 0;
          assertThat(tokenizer.decode(one.tokens())).isNotBlank();
          assertThat(one.logProb() / one.tokens().length).isBetween(-4.0, 0.0);
        }
        assertThat(covered).isGreaterThan(wanted - 0.15);
        assertThat(alike).isGreaterThanOrEqualTo(ROWS / 3);
      }
      // Near ties are left as they are.
      assertThat(session.stats().canonicalForwards()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void onlyFp32HasCanonicalScores(Precision precision) {
    try (CausalLm model = load(precision)) {
      assertThat(model.hasCanonicalScores()).isEqualTo(precision == Precision.FP32);
      assertThat(model.cacheBytes(1, 1) * (precision == Precision.BF16 ? 2 : 1))
          .isEqualTo(exact.cacheBytes(1, 1));
    }
  }

  /** Trees, forks, ragged batches and sparse slots: the shapes that kernels are chosen by. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void everyShapeOfForwardWorks(Precision precision) {
    try (CausalLm model = load(precision);
        ModelSession session = model.newSession()) {
      List<Sequence> open = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        open.add(session.open());
      }
      List<ForwardRequest> batch = new ArrayList<>();
      for (int i = 0; i < 24; i += i < 8 ? 1 : 7) {
        batch.add(
            ForwardRequest.of(
                open.get(i),
                Arrays.copyOf(prompt(i % ROWS), 3 + i % 4 * 9),
                LogitsRequest.topK(2, 4)));
      }
      assertFinite(session.extend(batch));
      List<ForwardRequest> mixed = new ArrayList<>();
      mixed.add(
          ForwardRequest.tree(
              open.get(0),
              new int[] {5, 6, 7, 8},
              new int[] {-1, 0, -3, -1},
              LogitsRequest.rows(0)));
      mixed.add(ForwardRequest.of(open.get(1).fork(), new int[] {9}, LogitsRequest.argmax(0)));
      mixed.add(ForwardRequest.of(open.get(20), new int[60], LogitsRequest.argmax(58)));
      assertFinite(session.extend(mixed));
      open.get(0).keep(2);
      assertFinite(
          List.of(
              session.extend(
                  ForwardRequest.of(open.get(0), new int[] {4}, LogitsRequest.argmax(0)))));
      open.forEach(Sequence::close);
    }
  }

  private static void assertFinite(List<Scores> scores) {
    for (Scores one : scores) {
      for (float logProb : one.argmaxLogProb()) {
        assertThat(logProb).isBetween(-20f, 0f);
      }
    }
  }
}
