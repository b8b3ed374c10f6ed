package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.model.checkpoint.Precision;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Perturbed scores as a forward computes them, against the definition in Java. */
class NoiseTest {

  private static final int[] TEXT = {5, 9, 40, 7};
  private static final int[] PLACES = {11, 12, 13, 14};

  private static CausalLm model;

  @BeforeAll
  static void load() {
    model = CausalLm.load(Path.of("..", "examples", "target"), Device.cpu(), Precision.FP32);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static LogitsRequest noisy(Noise noise, int vocabulary) {
    int[][] all = new int[TEXT.length][];
    Arrays.fill(all, IntStream.range(0, vocabulary).toArray());
    return new LogitsRequest(0, true, 3, all, true, noise, PLACES, null);
  }

  private static float[] defined(float[] logProbs, Noise noise, int place) {
    double[] sampled = noise.sampler().distribution(logProbs);
    float[] scores = new float[logProbs.length];
    for (int id = 0; id < scores.length; id++) {
      scores[id] = (float) (Math.log(sampled[id]) + Noise.gumbel(noise.key(place), id));
    }
    return scores;
  }

  private static int best(float[] scores) {
    return IntStream.range(0, scores.length)
        .reduce((a, b) -> scores[b] > scores[a] ? b : a)
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({"1, 0, 1", "0.7, 0, 0.9", "1.3, 40, 1", "0.8, 40, 0.6", "1, 2, 1", "1, 1, 1"})
  void scoresAreThoseOfTheDefinition(double temperature, int topK, double topP) {
    Noise noise = new Noise(new Sampler(temperature, topK, topP), 77);
    try (ModelSession session = model.newSession();
        Sequence plain = session.open();
        Sequence sequence = session.open();
        Sequence ids = session.open()) {
      Scores wanted = session.extend(ForwardRequest.of(plain, TEXT, LogitsRequest.rows(0)));
      Scores scores =
          session.extend(ForwardRequest.of(sequence, TEXT, noisy(noise, session.vocabularySize())));
      LogitsRequest cheap = new LogitsRequest(0, false, 0, null, false, noise, PLACES, null);
      assertThat(session.extend(ForwardRequest.of(ids, TEXT, cheap)).argmax())
          .isEqualTo(scores.argmax());
      for (int i = 0; i < TEXT.length; i++) {
        float[] defined = defined(wanted.rows()[i], noise, PLACES[i]);
        int best = best(defined);
        assertThat(scores.rows()[i]).containsExactly(wanted.rows()[i], within(1e-4f));
        assertThat(scores.argmax()[i]).isEqualTo(best);
        assertThat(scores.topIds()[i][0]).isEqualTo(best);
        assertThat(scores.argmaxScore()[i]).isCloseTo(defined[best], within(1e-3f));
        assertThat(scores.topScores()[i][0]).isEqualTo(scores.argmaxScore()[i]);
        assertThat(scores.argmaxLogProb()[i]).isCloseTo(wanted.rows()[i][best], within(1e-4f));
        assertThat(scores.margin()[i]).isNotNaN();
        for (int id = 0; id < defined.length; id++) {
          float score = scores.gatheredScores()[i][id];
          assertThat(Float.isInfinite(score)).isEqualTo(Float.isInfinite(defined[id]));
          if (!Float.isInfinite(score)) {
            assertThat(score).isCloseTo(defined[id], within(1e-3f));
          }
        }
      }
    }
  }

  /** Neighbours that sample otherwise, not at all, or ask for nothing change no score. */
  @Test
  void neighboursMaySampleOtherwise() {
    Noise noise = new Noise(new Sampler(0.9, 0, 1), 3);
    Noise other = new Noise(new Sampler(2, 5, 0.9), 4);
    try (ModelSession session = model.newSession()) {
      List<Sequence> open = IntStream.range(0, 5).mapToObj(i -> session.open()).toList();
      int vocabulary = session.vocabularySize();
      Scores alone = session.extend(ForwardRequest.of(open.get(4), TEXT, noisy(noise, vocabulary)));
      List<Scores> beside =
          session.extend(
              List.of(
                  ForwardRequest.of(open.get(0), TEXT, noisy(other, vocabulary)),
                  ForwardRequest.of(open.get(1), TEXT, noisy(noise, vocabulary)),
                  ForwardRequest.of(open.get(2), TEXT, LogitsRequest.rows(0)),
                  ForwardRequest.of(open.get(3), TEXT, LogitsRequest.NOTHING)));
      assertThat(beside.get(1).topIds()).isDeepEqualTo(alone.topIds());
      assertThat(beside.get(1).gatheredScores()[2])
          .containsExactly(alone.gatheredScores()[2], within(1e-4f));
      assertThat(beside.get(0).topIds()).isNotEqualTo(alone.topIds());
      assertThat(beside.get(2).rows()[1]).containsExactly(alone.rows()[1], within(1e-4f));
      assertThat(beside.get(3).argmax()).isEmpty();
      open.forEach(Sequence::close);
    }
  }
}
