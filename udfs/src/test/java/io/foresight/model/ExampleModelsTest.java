package io.foresight.model;

import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_P;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.CdlhSpeculative.WINDOW;
import static io.foresight.decoding.strategy.Cdsl.ACCEPTANCE_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S4_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.SPECULATE_LOOKAHEAD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Request;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.Strategies;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.Tokenizer;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The decoders' invariants on the models that the project ships, in fp32 on the CPU. */
class ExampleModelsTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final int ROWS = 12;

  private static CausalLm p;
  private static CausalLm q;
  private static Tokenizer tokenizer;
  private static ModelSession target;
  private static ModelSession draft;
  private static final List<List<String>> CONCEPTS = new ArrayList<>();

  @BeforeAll
  static void load() throws IOException {
    p = CausalLm.load(EXAMPLES.resolve("target"), Device.cpu(), Precision.FP32);
    q = CausalLm.load(EXAMPLES.resolve("draft"), Device.cpu(), Precision.FP32);
    tokenizer = Tokenizer.load(EXAMPLES.resolve("target"));
    target = p.newSession();
    draft = q.newSession();
    ObjectMapper mapper = new ObjectMapper();
    List<String> lines = Files.readAllLines(EXAMPLES.resolve("prompts.jsonl"));
    for (int i = 0; i < ROWS; i++) {
      // Spread over the file, so that rows of all lengths are among them.
      JsonNode row = mapper.readTree(lines.get(i * lines.size() / ROWS));
      List<String> concepts = new ArrayList<>();
      row.get("concepts").forEach(c -> concepts.add(c.asText()));
      CONCEPTS.add(concepts);
    }
  }

  @AfterAll
  static void close() {
    target.close();
    draft.close();
    tokenizer.close();
    p.close();
    q.close();
  }

  private static Settings settings(String strategy) {
    return Settings.defaults().with(STRATEGY, strategy).with(MAX_NEW_TOKENS, 24);
  }

  /** Share of the concepts that stand in the text, letter by letter: enough of a reward here. */
  private static HypothesisReward reward(List<String> concepts) {
    return (generated, finished) -> {
      String text = tokenizer.decode(generated).toLowerCase(Locale.ROOT);
      return Judgement.of(
          (double) concepts.stream().filter(text::contains).count() / concepts.size());
    };
  }

  private static Generation decode(
      Settings settings, int row, ModelSession model, ModelSession drafter) {
    int[] prompt = prompt(row);
    return Strategies.of(settings)
        .decode(
            model,
            drafter,
            new Request(prompt, settings.get(MAX_NEW_TOKENS), reward(CONCEPTS.get(row)), row));
  }

  private static int[] prompt(int row) {
    return tokenizer.encode(String.join(" ", CONCEPTS.get(row)) + " =");
  }

  private static Generation decode(Settings settings, int row) {
    return decode(settings, row, target, draft);
  }

  /** Every strategy, and the settings of cdsl that lead through other code. */
  static List<Settings> variants() {
    List<Settings> variants = new ArrayList<>();
    Strategies.names().forEach(name -> variants.add(settings(name)));
    variants.add(
        settings("speculative").with(VERIFICATION, DecodingSettings.Verification.SAMPLING));
    variants.add(
        settings("cdsl")
            .with(S3_LOOKAHEAD, DecodingSettings.Roller.TARGET)
            .with(SPECULATE_LOOKAHEAD, true));
    variants.add(settings("cdsl").with(REWARD_MODE, RewardMode.GAIN));
    return variants;
  }

  @Test
  void speculationSaysWhatGreedyDecodingSays() {
    long accepted = 0;
    for (int row = 0; row < ROWS; row++) {
      Generation greedy = decode(settings("greedy"), row);
      for (int length : new int[] {1, 4, 16}) {
        Generation speculative = decode(settings("speculative").with(DRAFT_LENGTH, length), row);
        assertThat(speculative.tokens()).isEqualTo(greedy.tokens());
        assertThat(speculative.logProb()).isCloseTo(greedy.logProb(), within(1e-4));
        accepted += speculative.counters().accepted();
      }
    }
    assertThat(accepted).as("draft tokens accepted").isGreaterThan(ROWS);
  }

  @Test
  void coupledSpeculationSaysWhatSamplingSays() {
    long accepted = 0;
    Settings shaped = settings("sample").with(TEMPERATURE, 0.7).with(TOP_P, 0.95);
    for (Settings sampling : List.of(settings("sample"), shaped)) {
      Settings coupled = sampling.with(VERIFICATION, DecodingSettings.Verification.COUPLED);
      for (int row = 0; row < ROWS; row++) {
        Generation sample = decode(coupled.with(STRATEGY, "sample"), row);
        for (int length : new int[] {1, 4, 16}) {
          Generation speculative =
              decode(coupled.with(STRATEGY, "speculative").with(DRAFT_LENGTH, length), row);
          assertThat(speculative.tokens()).isEqualTo(sample.tokens());
          assertThat(speculative.logProb()).isCloseTo(sample.logProb(), within(1e-4));
          accepted += speculative.counters().accepted();
        }
      }
    }
    assertThat(accepted).as("draft tokens accepted").isGreaterThan(ROWS);
  }

  @Test
  void sampledCdlhIsTheSameSpeculated() {
    for (int row = 0; row < ROWS; row += 3) {
      Settings coupled = settings("cdlh").with(VERIFICATION, DecodingSettings.Verification.COUPLED);
      Generation cdlh = decode(coupled, row);
      for (String name : List.of("cdlh-speculative", "cdsl")) {
        Settings same =
            coupled.with(STRATEGY, name).with(REWARD_THRESHOLD, Double.POSITIVE_INFINITY);
        assertThat(decode(same, row).tokens()).as(name).isEqualTo(cdlh.tokens());
      }
    }
  }

  @Test
  void cdslWithoutAFailingRewardSaysWhatGreedyDecodingSays() {
    Settings passing =
        settings("cdsl")
            .with(ACCEPTANCE_THRESHOLD, 0)
            .with(REWARD_THRESHOLD, Double.NEGATIVE_INFINITY);
    for (int row = 0; row < ROWS; row++) {
      assertThat(decode(passing, row).tokens()).isEqualTo(decode(settings("greedy"), row).tokens());
    }
  }

  @Test
  void cdslThatNeverPassesIsCdlh() {
    Settings never =
        settings("cdsl")
            .with(REWARD_THRESHOLD, Double.POSITIVE_INFINITY)
            .with(S3_LOOKAHEAD, DecodingSettings.Roller.TARGET)
            .with(S4_LOOKAHEAD, DecodingSettings.Roller.TARGET);
    for (int row = 0; row < ROWS; row += 3) {
      assertThat(decode(never, row).tokens()).isEqualTo(decode(settings("cdlh"), row).tokens());
    }
  }

  @Test
  void speculativeCdlhSaysWhatCdlhSaysInFewerForwards() {
    for (int row = 0; row < ROWS; row += 3) {
      Generation cdlh = decode(settings("cdlh"), row);
      for (int window : new int[] {1, 4, 16}) {
        Settings windowed = settings("cdlh-speculative").with(WINDOW, window);
        for (ModelSession drafter : List.of(draft, target)) {
          Generation speculative = decode(windowed, row, target, drafter);
          assertThat(speculative.tokens()).isEqualTo(cdlh.tokens());
          assertThat(speculative.logProb()).isCloseTo(cdlh.logProb(), within(1e-4));
          assertThat(speculative.counters().targetForwards())
              .isLessThan(cdlh.counters().targetForwards() / 2);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void logProbIsAFreshForwards(Settings settings) {
    for (int row = 0; row < ROWS; row += 2) {
      Generation generation = decode(settings, row);
      int[] prompt = prompt(row);
      int[] said = generation.tokens();
      int[] line = Arrays.copyOf(prompt, prompt.length + said.length - 1);
      System.arraycopy(said, 0, line, prompt.length, said.length - 1);
      int[][] ids = Arrays.stream(said).mapToObj(id -> new int[] {id}).toArray(int[][]::new);
      double logProb = 0;
      try (Sequence sequence = target.open()) {
        float[][] scores =
            target
                .extend(
                    ForwardRequest.of(sequence, line, LogitsRequest.gather(prompt.length - 1, ids)))
                .gathered();
        for (float[] score : scores) {
          logProb += score[0];
        }
      }
      assertThat(generation.logProb()).isCloseTo(logProb, within(1e-4));
    }
  }

  /** A sequence and the tokens that it must hold. */
  private record Held(Sequence sequence, List<Integer> tokens) {}

  @Test
  void aCacheAfterAnyOperationsEqualsAFreshForward() {
    Random random = new Random(7);
    List<Held> all = new ArrayList<>();
    all.add(new Held(target.open(), new ArrayList<>()));
    try {
      for (int step = 0; step < 150; step++) {
        Held held = all.get(random.nextInt(all.size()));
        switch (random.nextInt(5)) {
          case 0 -> extendSome(all, random);
          case 1 -> {
            int length = random.nextInt(held.tokens().size() + 1);
            held.sequence().truncate(length);
            held.tokens().subList(length, held.tokens().size()).clear();
          }
          case 2 -> {
            if (all.size() < 6) {
              all.add(new Held(held.sequence().fork(), new ArrayList<>(held.tokens())));
            } else {
              all.remove(held);
              held.sequence().close();
            }
          }
          case 3 -> extendByATree(held, random);
          default -> extendSome(List.of(held), random);
        }
        for (Held one : all) {
          assertThat(one.sequence().length()).isEqualTo(one.tokens().size());
        }
        compare(all.get(random.nextInt(all.size())), random);
      }
    } finally {
      all.forEach(held -> held.sequence().close());
    }
  }

  private static int[] tokens(Random random, int count) {
    return random.ints(count, 3, p.checkpoint().vocabularySize()).toArray();
  }

  private static void extendSome(List<Held> among, Random random) {
    List<ForwardRequest> extensions = new ArrayList<>();
    for (Held held : among) {
      int[] tokens = tokens(random, 1 + random.nextInt(6));
      if (held.tokens().size() + tokens.length < 200) {
        extensions.add(
            ForwardRequest.of(held.sequence(), tokens, LogitsRequest.argmax(tokens.length - 1)));
        Arrays.stream(tokens).forEach(held.tokens()::add);
      }
    }
    if (!extensions.isEmpty()) {
      target.extend(extensions);
    }
  }

  private static void extendByATree(Held held, Random random) {
    int nodes = 2 + random.nextInt(5);
    if (held.tokens().size() + nodes >= 200) {
      return;
    }
    int[] tokens = tokens(random, nodes);
    int[] parents = new int[nodes];
    for (int i = 0; i < nodes; i++) {
      parents[i] = random.nextInt(i + 1) - 1;
    }
    target.extend(new ForwardRequest(held.sequence(), tokens, parents, LogitsRequest.argmax(0)));
    List<Integer> path = new ArrayList<>();
    for (int node = random.nextInt(nodes); node >= 0; node = parents[node]) {
      path.add(0, node);
    }
    held.sequence().keep(path.stream().mapToInt(Integer::intValue).toArray());
    path.forEach(node -> held.tokens().add(tokens[node]));
  }

  /** Scores after one more token, through the cache and without it. */
  private static void compare(Held held, Random random) {
    int[] probe = tokens(random, 1);
    int[] line = new int[held.tokens().size() + 1];
    for (int i = 0; i < held.tokens().size(); i++) {
      line[i] = held.tokens().get(i);
    }
    line[line.length - 1] = probe[0];
    float[] cached;
    try (Sequence branch = held.sequence().fork()) {
      cached = row(target.extend(ForwardRequest.of(branch, probe, LogitsRequest.rows(0))));
    }
    try (Sequence fresh = target.open()) {
      float[] whole =
          row(target.extend(ForwardRequest.of(fresh, line, LogitsRequest.rows(line.length - 1))));
      // Random tokens have scores of about -40; rounding grows with them.
      float scale = 1;
      for (float score : whole) {
        scale = Math.max(scale, Math.abs(score));
      }
      float furthest = 0;
      for (int i = 0; i < whole.length; i++) {
        furthest = Math.max(furthest, Math.abs(cached[i] - whole[i]));
      }
      assertThat(furthest).isLessThan(1e-5f * scale);
    }
  }

  private static float[] row(Scores scores) {
    return scores.rows()[0];
  }
}
