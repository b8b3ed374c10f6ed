package io.foresight.decoding.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.hypothesis.Ids;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Invariant 6 on the fake: whatever was done to a sequence, its scores are a fresh forward's. */
class FakeModelTest {

  @Property(tries = 1000)
  void cacheEqualsFreshForward(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    FakeModel model = new FakeModel(5, 200, 3, seed, 0.7, 0);
    int[] tokens = {1};
    Sequence sequence = model.open();
    model.extend(ForwardRequest.of(sequence, tokens, LogitsRequest.NOTHING));
    for (int step = 0; step < 12; step++) {
      switch (random.nextInt(4)) {
        case 0 -> {
          int length = 1 + random.nextInt(tokens.length);
          sequence.truncate(length);
          tokens = Arrays.copyOf(tokens, length);
        }
        case 1 -> {
          Sequence fork = sequence.fork();
          model.extend(ForwardRequest.of(sequence, new int[] {3}, LogitsRequest.NOTHING));
          sequence.close();
          sequence = fork;
        }
        case 2 -> {
          // Two branches from the end, the first of two nodes.
          int[] nodes = {random.nextInt(5), random.nextInt(5), random.nextInt(5)};
          Scores scores =
              model.extend(
                  ForwardRequest.tree(
                      sequence, nodes, new int[] {-1, 0, -1}, LogitsRequest.rows(0)));
          int[] path = Ids.concat(tokens, nodes[0], nodes[1]);
          assertThat(scores.rows()[1]).isEqualTo(model.logProbs(path));
          assertThat(scores.rows()[2]).isEqualTo(model.logProbs(Ids.concat(tokens, nodes[2])));
          sequence.keep(0, 1);
          tokens = path;
        }
        default -> {}
      }
      int next = random.nextInt(5);
      Scores scores =
          model.extend(ForwardRequest.of(sequence, new int[] {next}, LogitsRequest.rows(0)));
      tokens = Ids.concat(tokens, next);
      assertThat(scores.rows()[0]).isEqualTo(model.logProbs(tokens));
      assertThat(sequence.length()).isEqualTo(tokens.length);
    }
    sequence.close();
    assertThat(model.openSequences()).isZero();
  }

  @Example
  void misuseIsRefused() {
    FakeModel model = new FakeModel(4, 3, 1, 1, 1, 1);
    try (Sequence sequence = model.open()) {
      assertThatThrownBy(() -> sequence.keep()).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> sequence.truncate(1)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(
              () ->
                  model.extend(
                      ForwardRequest.of(sequence, new int[] {1, 1, 1, 1}, LogitsRequest.NOTHING)))
          .isInstanceOf(IllegalArgumentException.class);
      model.extend(
          ForwardRequest.tree(sequence, new int[] {1}, new int[] {-1}, LogitsRequest.NOTHING));
      assertThatThrownBy(sequence::fork).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> sequence.keep(0, 0)).isInstanceOf(IllegalArgumentException.class);
    }
  }
}
