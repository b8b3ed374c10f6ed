package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the forward makes of rows of logits that it does not look at id by id, against the
 * definition: on peaked rows and flat ones, with equals in them, of lengths that divide by nothing.
 */
class LargeVocabularyTest {

  private static final int ROWS = 6;
  private static final int TOP = 5;

  private static Script script;

  @BeforeAll
  static void load() {
    script = new Script(Device.cpu());
  }

  @AfterAll
  static void close() {
    script.close();
  }

  /** From peaked to flat; every other row has values of few kinds, so that many are equal. */
  private static float[][] logits(int vocabulary, long seed) {
    Random random = new Random(seed);
    double[] spreads = {6, 3, 1.5, 0.5, 4, 0.05};
    float[][] logits = new float[ROWS][vocabulary];
    for (int row = 0; row < ROWS; row++) {
      for (int id = 0; id < vocabulary; id++) {
        double value = spreads[row] * random.nextGaussian();
        logits[row][id] = (float) (row % 2 == 1 ? Math.rint(value * 16) / 16 : value);
      }
    }
    return logits;
  }

  private static List<ForwardRequest> requests(int topK, int[][] gather, Noise noise) {
    int[] places = IntStream.range(0, ROWS).map(i -> 7 + i).toArray();
    LogitsRequest ask =
        new LogitsRequest(0, true, topK, gather, false, noise, noise == null ? null : places, null);
    return List.of(ForwardRequest.of(null, new int[ROWS], ask));
  }

  private static Scores scores(float[][] logits, int[][] gather, Noise noise) {
    int vocabulary = logits[0].length;
    List<ForwardRequest> requests = requests(TOP, gather, noise);
    ScoresReader reader = new ScoresReader(requests, vocabulary, noise != null);
    double[] sampler =
        noise == null
            ? new double[0]
            : new double[] {
              noise.sampler().temperature(), noise.sampler().topK(), noise.sampler().topP()
            };
    long[] keys =
        noise == null
            ? new long[0]
            : IntStream.range(0, ROWS).mapToLong(i -> noise.key(7 + i)).toArray();
    float[] flat = new float[ROWS * vocabulary];
    long[] ids = new long[ROWS * gather[0].length];
    for (int row = 0; row < ROWS; row++) {
      System.arraycopy(logits[row], 0, flat, row * vocabulary, vocabulary);
      for (int i = 0; i < gather[row].length; i++) {
        ids[row * gather[row].length + i] = gather[row][i];
      }
    }
    try (PtNDManager manager = script.manager().newSubManager(Device.cpu());
        IValue result =
            script.call(
                "scores",
                IValue.from((PtNDArray) manager.create(flat, new Shape(ROWS, vocabulary))),
                IValue.from((long) TOP),
                IValue.from((PtNDArray) manager.create(ids, new Shape(ROWS, gather[0].length))),
                IValue.from((long) ForwardLayout.at(reader.detail)),
                IValue.listFrom(sampler),
                IValue.from((PtNDArray) manager.create(keys, new Shape(keys.length))));
        NDArray columns = result.toTensor(manager)) {
      return reader.scores(columns.toFloatArray()).get(0);
    }
  }

  private static int[][] gather(int vocabulary, long seed) {
    Random random = new Random(seed);
    return IntStream.range(0, ROWS)
        .mapToObj(row -> random.ints(9, 0, vocabulary).toArray())
        .toArray(int[][]::new);
  }

  private static Integer[] byFallingScore(double[] scores) {
    Integer[] ids = IntStream.range(0, scores.length).boxed().toArray(Integer[]::new);
    Arrays.sort(ids, Comparator.comparingDouble((Integer id) -> -scores[id]));
    return ids;
  }

  private static double[] logProbs(float[] logits) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    double log = Math.log(sum);
    return IntStream.range(0, logits.length).mapToDouble(id -> logits[id] - log).toArray();
  }

  private static void check(float[][] logits, int[][] gather, double[][] defined, Scores scores) {
    for (int row = 0; row < ROWS; row++) {
      double[] of = defined[row];
      double[] logProbs = logProbs(logits[row]);
      Integer[] best = byFallingScore(of);
      double margin = Double.POSITIVE_INFINITY;
      for (int i = 0; i < TOP; i++) {
        int id = best[i];
        String what = "row " + row + ", place " + i;
        if (of[id] == Double.NEGATIVE_INFINITY) {
          assertThat(scores.topScores()[row][i]).as(what).isEqualTo(Float.NEGATIVE_INFINITY);
          continue;
        }
        double lead = of[id] - of[best[i + 1]];
        margin = Math.min(margin, lead);
        boolean close = lead < 1e-4 && lead > 0;
        if (!close && (i == 0 || of[best[i - 1]] - of[id] > 1e-4 || of[best[i - 1]] == of[id])) {
          assertThat(scores.topIds()[row][i]).as(what).isEqualTo(id);
        }
        assertThat((double) scores.topScores()[row][i]).as(what).isCloseTo(of[id], within(1e-3));
        assertThat((double) scores.topLogProbs()[row][i])
            .as(what)
            .isCloseTo(logProbs[scores.topIds()[row][i]], within(1e-3));
      }
      assertThat(scores.argmax()[row]).isEqualTo(scores.topIds()[row][0]);
      assertThat(scores.argmaxScore()[row]).isEqualTo(scores.topScores()[row][0]);
      assertThat(scores.argmaxLogProb()[row]).isEqualTo(scores.topLogProbs()[row][0]);
      if (!Double.isInfinite(margin)) {
        assertThat((double) scores.margin()[row]).isCloseTo(margin, within(1e-3));
      }
      for (int i = 0; i < gather[row].length; i++) {
        int id = gather[row][i];
        assertThat((double) scores.gathered()[row][i]).isCloseTo(logProbs[id], within(1e-3));
        if (Double.isInfinite(of[id])) {
          assertThat(scores.gatheredScores()[row][i]).isEqualTo(Float.NEGATIVE_INFINITY);
        } else {
          assertThat((double) scores.gatheredScores()[row][i]).isCloseTo(of[id], within(1e-3));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {300, 5003, 40000, 70001})
  void withoutNoise(int vocabulary) {
    float[][] logits = logits(vocabulary, vocabulary);
    int[][] gather = gather(vocabulary, 3);
    double[][] defined =
        Arrays.stream(logits).map(LargeVocabularyTest::logProbs).toArray(double[][]::new);
    for (int row = 0; row < ROWS; row++) {
      // Equal logits are equal scores.
      float[] of = logits[row];
      double shift = logProbs(of)[0] - of[0];
      defined[row] = IntStream.range(0, of.length).mapToDouble(id -> of[id] + shift).toArray();
    }
    check(logits, gather, defined, scores(logits, gather, null));
  }

  @ParameterizedTest
  @CsvSource({
    "5003, 1, 0, 1",
    "40000, 1, 0, 1",
    "70001, 0.7, 0, 1",
    "70001, 1.3, 0, 1",
    "5003, 1, 0, 0.9",
    "70001, 1, 0, 0.9",
    "70001, 0.6, 0, 0.5",
    "70001, 1.5, 0, 0.999",
    "70001, 1, 50, 1",
    "70001, 0.8, 50, 0.9",
    "70001, 1, 3000, 1",
    "70001, 1, 2, 1",
    "300, 1, 7, 0.8"
  })
  void withNoise(int vocabulary, double temperature, int topK, double topP) {
    float[][] logits = logits(vocabulary, 11 * vocabulary + topK);
    int[][] gather = gather(vocabulary, 5);
    Noise noise = new Noise(new Sampler(temperature, topK, topP), 99);
    double[][] defined = new double[ROWS][vocabulary];
    for (int row = 0; row < ROWS; row++) {
      double[] p = noise.sampler().distribution(logits[row]);
      // Ids that are left, and some that are not.
      Integer[] byShare = byFallingScore(p);
      gather[row][0] = byShare[0];
      gather[row][1] = byShare[1];
      for (int id = 0; id < vocabulary; id++) {
        defined[row][id] = Math.log(p[id]) + Noise.gumbel(noise.key(7 + row), id);
      }
    }
    check(logits, gather, defined, scores(logits, gather, noise));
  }
}
