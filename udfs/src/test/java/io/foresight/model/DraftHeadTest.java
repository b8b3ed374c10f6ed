package io.foresight.model;

import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.Strategies;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.Tokenizer;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A draft whose head scores some ids, against the same model's scores of those ids. */
class DraftHeadTest {

  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final Path PARITY = Path.of("src/test/resources/parity");
  private static final int KEPT = 512;
  private static final int TOP = 4;

  private static CausalLm target;
  private static Tokenizer tokenizer;

  @TempDir Path folder;

  @BeforeAll
  static void load() {
    target = CausalLm.load(EXAMPLES.resolve("target"), Device.cpu(), Precision.FP32);
    tokenizer = Tokenizer.load(EXAMPLES.resolve("target"));
  }

  @AfterAll
  static void close() {
    tokenizer.close();
    target.close();
  }

  /** A copy of a model whose frequent ids are those of a seed. */
  private Path copy(Path model, long seed) throws IOException {
    Path copy = folder.resolve("copy" + seed);
    Files.createDirectories(copy);
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName().toString()));
      }
    }
    int all = Checkpoint.inspect(copy).vocabularySize();
    Files.writeString(
        copy.resolve(HeadIds.FILE),
        new Random(seed)
            .ints(0, all)
            .distinct()
            .limit(all / 2)
            .mapToObj(String::valueOf)
            .collect(Collectors.joining("\n")));
    return copy;
  }

  private static CausalLm load(Path model, Precision precision, int ids) {
    return CausalLm.load(Checkpoint.inspect(model), Device.cpu(), precision, ids);
  }

  static List<Path> families() throws IOException {
    try (Stream<Path> all = Files.list(PARITY)) {
      return all.filter(Files::isDirectory).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void logitsAreThoseOfTheSameIdsInEveryFamily(Path family) throws IOException {
    Path model = copy(family, 3);
    List<int[]> texts = List.of(new int[] {5, 9, 2, 7}, new int[] {1});
    long[] ids = HeadIds.of(Checkpoint.inspect(model), 64);
    assertThat(ids).hasSize(64);
    try (CausalLm full = load(model, Precision.FP32, HeadIds.FULL);
        CausalLm some = load(model, Precision.FP32, 64);
        ModelSession ofFull = full.newSession();
        ModelSession ofSome = some.newSession()) {
      float[][] expected = ofFull.logits(texts);
      float[][] logits = ofSome.logits(texts);
      for (int text = 0; text < texts.size(); text++) {
        assertThat(logits[text]).hasSize(64);
        for (int i = 0; i < ids.length; i++) {
          assertThat(logits[text][i]).isCloseTo(expected[text][(int) ids[i]], within(1e-4f));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void scoresAreThoseOfTheVocabularysIds(Precision precision) throws IOException {
    Path model = copy(EXAMPLES.resolve("draft"), 4);
    try (CausalLm full = load(model, precision, HeadIds.FULL);
        CausalLm some = load(model, precision, KEPT);
        ModelSession ofFull = full.newSession();
        ModelSession ofSome = some.newSession()) {
      long[] ids = HeadIds.of(full.checkpoint(), KEPT);
      int all = full.checkpoint().vocabularySize();
      int[] text = new Random(8).ints(7, 3, all).toArray();
      int left = IntStream.range(0, all).filter(id -> !has(ids, id)).findFirst().orElseThrow();
      int[][] gather =
          IntStream.range(0, text.length)
              .mapToObj(i -> new int[] {(int) ids[i * 5], left, (int) ids[KEPT - 1]})
              .toArray(int[][]::new);
      float[][] rows = rows(ofFull, text);
      for (double topP : new double[] {0, 1, 0.9}) {
        Noise noise = topP == 0 ? null : new Noise(new Sampler(0.8, 0, topP), 11);
        int[] places = IntStream.range(0, text.length).toArray();
        Scores scores;
        try (Sequence sequence = ofSome.open()) {
          scores =
              ofSome.extend(
                  ForwardRequest.of(
                      sequence,
                      text,
                      new LogitsRequest(
                          0,
                          true,
                          TOP,
                          gather,
                          noise == null,
                          noise,
                          noise == null ? null : places,
                          null)));
        }
        float tolerance = precision == Precision.FP32 ? 1e-4f : 0.1f;
        for (int i = 0; i < text.length; i++) {
          double[] expected = restricted(rows[i], ids);
          assertThat((double) scores.gathered()[i][0])
              .isCloseTo(expected[gather[i][0]], within((double) tolerance));
          assertThat(scores.gathered()[i][1]).isEqualTo(Float.NEGATIVE_INFINITY);
          if (noise == null) {
            for (int id = 0; id < all; id++) {
              if (has(ids, id)) {
                assertThat((double) scores.rows()[i][id])
                    .isCloseTo(expected[id], within((double) tolerance));
              } else {
                assertThat(scores.rows()[i][id]).isEqualTo(Float.NEGATIVE_INFINITY);
              }
            }
          } else {
            assertThat(scores.gatheredScores()[i][1]).isEqualTo(Float.NEGATIVE_INFINITY);
          }
          if (precision == Precision.FP32) {
            double[] perturbed =
                noise == null ? expected : perturbed(noise, noise.key(i), expected, ids);
            int[] best =
                Arrays.stream(ids)
                    .mapToInt(id -> (int) id)
                    .boxed()
                    .sorted((a, b) -> Double.compare(perturbed[b], perturbed[a]))
                    .limit(TOP)
                    .mapToInt(Integer::intValue)
                    .toArray();
            assertThat(scores.argmax()[i]).isEqualTo(best[0]);
            long possible =
                Arrays.stream(best).filter(id -> perturbed[id] > Double.NEGATIVE_INFINITY).count();
            assertThat(Arrays.copyOf(scores.topIds()[i], (int) possible))
                .containsExactly(Arrays.copyOf(best, (int) possible));
          }
        }
      }
    }
  }

  private static boolean has(long[] ids, int id) {
    return Arrays.binarySearch(ids, id) >= 0;
  }

  private static float[][] rows(ModelSession session, int[] text) {
    try (Sequence sequence = session.open()) {
      return session.extend(ForwardRequest.of(sequence, text, LogitsRequest.rows(0))).rows();
    }
  }

  /** log p of the ids that are kept, as if there were no others. */
  private static double[] restricted(float[] row, long[] ids) {
    double sum = Arrays.stream(ids).mapToDouble(id -> Math.exp(row[(int) id])).sum();
    double[] logProbs = new double[row.length];
    Arrays.fill(logProbs, Double.NEGATIVE_INFINITY);
    for (long id : ids) {
      logProbs[(int) id] = row[(int) id] - Math.log(sum);
    }
    return logProbs;
  }

  private static double[] perturbed(Noise noise, long key, double[] logProbs, long[] ids) {
    float[] floats = new float[logProbs.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) logProbs[i];
    }
    double[] p = noise.sampler().distribution(floats);
    double[] scores = new double[p.length];
    Arrays.fill(scores, Double.NEGATIVE_INFINITY);
    for (long id : ids) {
      scores[(int) id] = Math.log(p[(int) id]) + Noise.gumbel(key, (int) id);
    }
    return scores;
  }

  @Test
  void editsReachTheIdsThatTheyName() throws IOException {
    Path model = copy(EXAMPLES.resolve("draft"), 5);
    try (CausalLm some = load(model, Precision.FP32, KEPT);
        ModelSession session = some.newSession()) {
      long[] ids = HeadIds.of(some.checkpoint(), KEPT);
      int[] text = {40, 50};
      Scores plain = ask(session, text, null);
      int best = plain.topIds()[1][0];
      int second = plain.topIds()[1][1];
      int left =
          IntStream.range(0, session.vocabularySize())
              .filter(id -> !has(ids, id))
              .findFirst()
              .orElseThrow();
      LogitsEdit edit =
          new LogitsEdit(
              new int[] {best, left},
              new float[] {Float.NEGATIVE_INFINITY, 100},
              new float[] {1, 1});
      Scores edited = ask(session, text, new LogitsEdit[] {LogitsEdit.NONE, edit});
      assertThat(edited.argmax()).containsExactly(plain.argmax()[0], second);
    }
  }

  private static Scores ask(ModelSession session, int[] text, LogitsEdit[] edits) {
    try (Sequence sequence = session.open()) {
      return session.extend(
          ForwardRequest.of(
              sequence, text, new LogitsRequest(0, true, 2, null, false, null, null, edits)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 512, 4096})
  void verifiedStrategiesSayTheSame(int ids) throws IOException {
    Path model = copy(EXAMPLES.resolve("draft"), 6);
    long[] positions = new long[2];
    try (CausalLm full = load(model, Precision.FP32, HeadIds.FULL);
        CausalLm some = load(model, Precision.FP32, ids);
        ModelSession p = target.newSession();
        ModelSession ofFull = full.newSession();
        ModelSession ofSome = some.newSession()) {
      for (Verification verification : List.of(Verification.HARD, Verification.COUPLED)) {
        Settings settings =
            Settings.defaults()
                .with(VERIFICATION, verification)
                .with(MAX_NEW_TOKENS, 12)
                .with(DRAFT_LENGTH, 4);
        String plain = verification == Verification.HARD ? "greedy" : "sample";
        for (String words : List.of("dog run beach =", "cook egg pan =")) {
          Generation expected = decode(settings.with(STRATEGY, plain), words, p, null);
          Settings speculative = settings.with(STRATEGY, "speculative");
          Generation a = decode(speculative, words, p, ofFull);
          Generation b = decode(speculative, words, p, ofSome);
          assertThat(a.tokens()).isEqualTo(expected.tokens());
          assertThat(b.tokens()).isEqualTo(expected.tokens());
          positions[0] += a.counters().targetForwards();
          positions[1] += b.counters().targetForwards();
          Generation cdlh = decode(settings.with(STRATEGY, "cdlh"), words, p, null);
          assertThat(decode(settings.with(STRATEGY, "cdlh-speculative"), words, p, ofSome).tokens())
              .isEqualTo(cdlh.tokens());
        }
      }
    }
    if (ids == 4096) {
      assertThat(positions[1]).as("all ids, which are scored as ever").isEqualTo(positions[0]);
    } else {
      assertThat(positions[1]).as("forwards").isGreaterThan(positions[0]);
    }
  }

  private static Generation decode(
      Settings settings, String prompt, ModelSession p, ModelSession q) {
    return Strategies.of(settings)
        .decode(
            p,
            q,
            new Request(
                tokenizer.encode(prompt),
                settings.get(MAX_NEW_TOKENS),
                (said, finished) -> Judgement.of(said.length % 3 == 0 ? 1 : 0),
                5));
  }

  @Test
  void theIdsAreEndsThenFrequentOnesThenLowOnes() throws IOException {
    Path model = copy(EXAMPLES.resolve("draft"), 7);
    Checkpoint checkpoint = Checkpoint.inspect(model);
    int end = checkpoint.eos().iterator().next();
    Files.writeString(model.resolve(HeadIds.FILE), "900\n800\n 900 \n");
    long[] expected =
        LongStream.concat(LongStream.of(end, 800, 900), LongStream.range(0, 100))
            .distinct()
            .limit(64)
            .sorted()
            .toArray();
    assertThat(HeadIds.of(checkpoint, 64)).containsExactly(expected);
    assertThat(HeadIds.of(checkpoint, 65)).hasSize(128);
    assertThat(HeadIds.of(checkpoint, HeadIds.FULL)).isEmpty();
    assertThat(HeadIds.of(checkpoint, 1_000_000)).isEmpty();
    assertThat(HeadIds.of(checkpoint, HeadIds.AUTO)).as("a small vocabulary").isEmpty();
    Files.delete(model.resolve(HeadIds.FILE));
    assertThat(HeadIds.of(checkpoint, 64)).doesNotContain(800, 900);
  }

  @Test
  void byItselfAHeadIsCutWhereTheVocabularyIsLargeAndRanked() throws IOException {
    LinearModel.write(folder, 2 * HeadIds.AUTO_IDS, id -> 1);
    Checkpoint checkpoint = Checkpoint.inspect(folder);
    assertThat(HeadIds.of(checkpoint, HeadIds.AUTO)).as("no file").isEmpty();
    Files.writeString(folder.resolve(HeadIds.FILE), "30000\n");
    assertThat(HeadIds.of(checkpoint, HeadIds.AUTO)).hasSize(HeadIds.AUTO_IDS).contains(30_000);
    long left = HeadIds.multipliedWeights(checkpoint, HeadIds.FULL);
    assertThat(HeadIds.multipliedWeights(checkpoint, HeadIds.AUTO_IDS)).isLessThan(left);
  }

  @Test
  void aFileOfOtherThingsIsRefusedWithItsLine() throws IOException {
    Path model = copy(EXAMPLES.resolve("draft"), 8);
    for (String line : List.of("dog", "-1", "4096000", "")) {
      Files.writeString(model.resolve(HeadIds.FILE), "7\n" + line + "\n9\n");
      assertThatThrownBy(() -> HeadIds.of(Checkpoint.inspect(model), 64))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("line 2 is \"" + line + "\"")
          .hasMessageContaining("rank-ids");
    }
  }

  @Test
  void theFileIsPartOfWhatTheModelIs() throws IOException {
    Path model = copy(EXAMPLES.resolve("draft"), 9);
    String before = ModelDigest.of(model);
    Files.writeString(model.resolve(HeadIds.FILE), "12\n");
    assertThat(ModelDigest.of(model)).isNotEqualTo(before);
  }

  @Test
  void moreTopIdsThanAreScoredAreRefused() {
    try (CausalLm some = load(EXAMPLES.resolve("draft"), Precision.FP32, 64);
        ModelSession session = some.newSession();
        Sequence sequence = session.open()) {
      ForwardRequest most = ForwardRequest.of(sequence, new int[] {5}, LogitsRequest.topK(0, 63));
      assertThat(session.extend(most).topIds()[0]).hasSize(63).doesNotHaveDuplicates();
      ForwardRequest more = ForwardRequest.of(sequence, new int[] {5}, LogitsRequest.topK(0, 64));
      assertThatThrownBy(() -> session.extend(more)).hasMessageContaining("at most 63 top ids");
    }
  }
}
