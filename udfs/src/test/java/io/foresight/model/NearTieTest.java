package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.foresight.decoding.Ask;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Extension;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Request;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.Strategies;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model whose ids all have the same embedding, so that every choice is a tie. */
class NearTieTest {

  private static final int VOCABULARY = 7;

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> 1);
  }

  @Test
  void tiesGoToTheLowerIdAndAreCounted() {
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession()) {
      try (Sequence sequence = session.open()) {
        Scores scores = session.extend(Extension.of(sequence, new int[] {1, 2, 3}, Ask.topK(0, 4)));
        assertThat(scores.margin()).containsOnly(0f);
        assertThat(scores.argmax()).containsOnly(0);
        assertThat(scores.topIds()[2]).containsExactly(0, 1, 2, 3);
        assertThat(sequence.length()).isEqualTo(3);
        int[] parents = {-1, -1, 1};
        Scores tree =
            session.extend(Extension.tree(sequence, new int[] {4, 5, 1}, parents, Ask.rows(0)));
        assertThat(tree.rows()[2]).hasSize(VOCABULARY);
        sequence.keep(1, 2);
        assertThat(sequence.length()).isEqualTo(5);
      }
      DecodingSettings greedy = DecodingSettings.builder().strategy("greedy").build();
      Generation generation =
          Strategies.of(greedy)
              .decode(session, null, new Request(new int[] {1}, 5, (line, finished) -> 0, 0));
      assertThat(generation.tokens()).containsOnly(0).hasSize(5);
      assertThat(generation.counters().nearTies()).isEqualTo(5);
      assertThat(generation.counters().targetForwards()).isEqualTo(5);
    }
  }

  @Test
  void inBf16NothingIsComputedAnew() {
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.BF16)) {
      assertThat(model.hasCanonicalScores()).isFalse();
    }
  }
}
