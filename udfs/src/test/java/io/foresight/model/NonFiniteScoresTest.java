package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.pytorch.jni.IValue;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.checkpoint.Safetensors;
import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models whose numbers overflow or are none, in places where it reaches the scores or not. */
class NonFiniteScoresTest {

  private static final int VOCABULARY = 700;

  /** Finite in each precision; twice it is not. */
  private static final double HUGE = 0x1.8p127;

  @TempDir Path folder;

  private static List<LogitsRequest> asks(int from) {
    int[][] ids = {{1, 2}};
    return List.of(
        LogitsRequest.ids(from),
        LogitsRequest.argmax(from),
        LogitsRequest.topK(from, 2),
        LogitsRequest.rows(from),
        LogitsRequest.gather(from, ids));
  }

  /** For each kind of question, of the last of some tokens. */
  private void assertRefused(CausalLm model, int... tokens) {
    for (LogitsRequest ask : asks(tokens.length - 1)) {
      try (ModelSession session = model.newSession();
          Sequence sequence = session.open()) {
        assertThatThrownBy(() -> session.extend(ForwardRequest.of(sequence, tokens, ask)))
            .as("%s", ask)
            .isInstanceOf(ModelException.class)
            .hasMessageContaining("Cannot score with model " + folder)
            .hasMessageContaining("not finite");
        assertThatThrownBy(() -> session.extend(ForwardRequest.of(sequence, tokens, ask)))
            .isInstanceOf(IllegalStateException.class);
      }
    }
  }

  /** Gives a model an embedding in which a token is no number, without the check of loading. */
  private void spoil(CausalLm model, Precision precision, int token) throws IOException {
    Path other = Files.createDirectory(folder.resolve("other"));
    LinearModel.write(other, VOCABULARY, id -> id == token ? Double.NaN : 1);
    Checkpoint checkpoint = Checkpoint.inspect(other);
    Safetensors.Tensor tensor = checkpoint.tensor(checkpoint.plan().embedding().get(0));
    Script script = model.script();
    IValue read =
        script.call(
            "read",
            IValue.from(tensor.file().toAbsolutePath().toString()),
            IValue.from((long) tensor.stored().dtype),
            IValue.from(tensor.first()),
            IValue.listFrom(tensor.shape()),
            IValue.from((long) precision.dtype()),
            IValue.from("cpu"));
    script.call("put", IValue.from("embed.weight"), read, IValue.from(0L)).close();
    script.call("add_embedding", IValue.from(1.0), IValue.from(0L), IValue.from(false)).close();
  }

  /** The norm's weights are multiplied into the head's, to infinities of both signs. */
  @ParameterizedTest
  @EnumSource
  void oneIdsScoreIsNoNumber(Precision precision) throws IOException {
    LinearModel.write(
        folder,
        VOCABULARY,
        id -> 1,
        id -> id == 650 ? HUGE : 1,
        column -> column % 2 == 0 ? 2 : -2,
        row -> 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision)) {
      assertRefused(model, 1, 2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneIdsScoreIsInfinite(Precision precision) throws IOException {
    LinearModel.write(
        folder, VOCABULARY, id -> 1, id -> id == 650 ? HUGE : 1, column -> 1, row -> 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision)) {
      assertRefused(model, 1, 2);
    }
  }

  /** Int8 makes numbers of it on the way, so that the scores do not tell. */
  @ParameterizedTest
  @EnumSource
  void aTokenBeforeTheOneThatIsScoredIsNoNumber(Precision precision) throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision)) {
      spoil(model, precision, 3);
      assertRefused(model, 1, 3, 2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aTokenThatIsNotScoredIsNoNumber(Precision precision) throws IOException {
    LinearModel.write(folder, VOCABULARY, id -> 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision);
        ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      spoil(model, precision, 3);
      assertThatThrownBy(
              () -> {
                session.extend(
                    ForwardRequest.of(sequence, new int[] {1, 3}, LogitsRequest.NOTHING));
                session.extend(ForwardRequest.of(sequence, new int[] {2}, LogitsRequest.ids(0)));
              })
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("not finite");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLayerOverflows(Precision precision) throws IOException {
    LinearModel.write(
        folder, VOCABULARY, id -> 1, id -> 1, column -> 1, row -> row == 5 ? HUGE : 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision)) {
      assertRefused(model, 1, 2);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FP32", "BF16"})
  void idsThatAreNeverToBeChosenAreNoFault(Precision precision) throws IOException {
    LinearModel.write(
        folder,
        VOCABULARY,
        id -> 1,
        id -> id >= 640 ? -HUGE : id == 4 ? 2 : 1,
        column -> 1,
        row -> 1);
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), precision)) {
      for (LogitsRequest ask : asks(1)) {
        try (ModelSession session = model.newSession();
            Sequence sequence = session.open()) {
          Scores scores = session.extend(ForwardRequest.of(sequence, new int[] {1, 2}, ask));
          assertThat(scores.argmax()).containsExactly(4);
          if (ask.rows()) {
            assertThat(scores.rows()[0][640]).isEqualTo(Float.NEGATIVE_INFINITY);
          }
        }
      }
    }
  }
}
