package io.foresight.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Top-k and top-p keep exactly the ids that sorting the vocabulary keeps. */
class SamplerTest {

  /** The definition: ids by falling probability, then rising id, as far as k and p go. */
  private static boolean[] survivors(double[] probabilities, int topK, double topP) {
    int[] order =
        IntStream.range(0, probabilities.length)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(id -> -probabilities[id])
                    .thenComparing(Comparator.naturalOrder()))
            .mapToInt(Integer::intValue)
            .limit(topK > 0 ? topK : Integer.MAX_VALUE)
            .toArray();
    double all = 0;
    for (int id : IntStream.of(order).sorted().toArray()) {
      all += probabilities[id];
    }
    double wanted = topP * all;
    boolean[] survivors = new boolean[probabilities.length];
    double mass = 0;
    for (int id : order) {
      if (topP < 1 && mass >= wanted) {
        break;
      }
      // What is too improbable for a double cannot be drawn.
      survivors[id] = probabilities[id] > 0;
      mass += probabilities[id];
    }
    return survivors;
  }

  /** Scores with few different values tie often; those that lie far apart come to nothing. */
  private static float[] scores(SplittableRandom random, int vocabulary) {
    int values = random.nextBoolean() ? 1 + random.nextInt(6) : 1_000_000;
    double spread = new double[] {0.01, 3, 50, 3000}[random.nextInt(4)];
    float[] scores = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      scores[i] = (float) (-spread * random.nextInt(values) / values);
    }
    return scores;
  }

  @Property(tries = 2000)
  void keepsWhatSortingKeeps(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 3000) int vocabulary) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] scores = scores(random, vocabulary);
    int topK = random.nextBoolean() ? 0 : 1 + random.nextInt(vocabulary + 5);
    double topP = random.nextBoolean() ? 1 : 1 - random.nextDouble();
    double[] whole = new Sampler(0.7, 0, 1).distribution(scores);

    double[] cut = new Sampler(0.7, topK, topP).distribution(scores);

    boolean[] survivors = survivors(whole, topK, topP);
    double mass =
        IntStream.range(0, vocabulary).mapToDouble(i -> survivors[i] ? whole[i] : 0).sum();
    for (int id = 0; id < vocabulary; id++) {
      assertThat(cut[id] > 0).as("id %d", id).isEqualTo(survivors[id]);
      if (survivors[id]) {
        assertThat(cut[id]).isCloseTo(whole[id] / mass, within(cut[id] * 1e-9));
      }
    }
  }
}
