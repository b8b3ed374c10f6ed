package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.foresight.decoding.Ask;
import io.foresight.decoding.Extension;
import io.foresight.decoding.Sequence;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models whose weights hold what is no number, in places where it reaches the scores or not. */
class NonFiniteScoresTest {

  private static final int VOCABULARY = 700;

  @TempDir Path folder;

  private static List<Ask> asks(int from) {
    int[][] ids = {{1, 2}};
    return List.of(
        Ask.ids(from), Ask.argmax(from), Ask.topK(from, 2), Ask.rows(from), Ask.gather(from, ids));
  }

  /** For each kind of question, of the last of some tokens. */
  private void assertRefused(Precision precision, int... tokens) {
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision)) {
      for (Ask ask : asks(tokens.length - 1)) {
        try (ModelSession session = model.newSession();
            Sequence sequence = session.open()) {
          assertThatThrownBy(() -> session.extend(Extension.of(sequence, tokens, ask)))
              .as("%s", ask)
              .isInstanceOf(ModelException.class)
              .hasMessageContaining("Cannot score with model " + folder)
              .hasMessageContaining("not finite");
          assertThatThrownBy(() -> session.extend(Extension.of(sequence, tokens, ask)))
              .isInstanceOf(IllegalStateException.class);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneIdsScoreIsNoNumber(Precision precision) throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> 1, id -> id == 650 ? Double.NaN : 1, row -> 1);
    assertRefused(precision, 1, 2);
  }

  @ParameterizedTest
  @EnumSource
  void oneIdsScoreIsInfinite(Precision precision) throws IOException {
    LinearModel.write(
        folder, VOCABULARY, id -> 1, id -> id == 650 ? Double.POSITIVE_INFINITY : 1, row -> 1);
    assertRefused(precision, 1, 2);
  }

  /** Int8 makes numbers of it on the way, so that the scores do not tell. */
  @ParameterizedTest
  @EnumSource
  void aTokenBeforeTheOneThatIsScoredIsNoNumber(Precision precision) throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> id == 3 ? Double.NaN : 1, id -> 1, row -> 1);
    assertRefused(precision, 1, 3, 2);
  }

  @ParameterizedTest
  @EnumSource
  void aTokenThatIsNotScoredIsNoNumber(Precision precision) throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> id == 3 ? Double.NaN : 1, id -> 1, row -> 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision);
        ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      assertThatThrownBy(
              () -> {
                session.extend(Extension.of(sequence, new int[] {1, 3}, Ask.NOTHING));
                session.extend(Extension.of(sequence, new int[] {2}, Ask.ids(0)));
              })
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("not finite");
    }
  }

  /** Quantizing refuses where nothing is a number, before there are scores. */
  @ParameterizedTest
  @EnumSource(names = {"FP32", "BF16"})
  void aMatrixWithinHoldsWhatIsNoNumber(Precision precision) throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> 1, id -> 1, row -> row == 5 ? Double.NaN : 1);
    assertRefused(precision, 1, 2);
  }

  @ParameterizedTest
  @EnumSource(names = {"FP32", "BF16"})
  void idsThatAreNeverToBeChosenAreNoFault(Precision precision) throws IOException {
    LinearModel.write(
        folder,
        VOCABULARY,
        id -> 1,
        id -> id >= 640 ? Double.NEGATIVE_INFINITY : id == 4 ? 2 : 1,
        row -> 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision)) {
      for (Ask ask : asks(1)) {
        try (ModelSession session = model.newSession();
            Sequence sequence = session.open()) {
          assertThat(session.extend(Extension.of(sequence, new int[] {1, 2}, ask)).argmax())
              .containsExactly(4);
        }
      }
    }
  }
}
