package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.RowFault;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What rewards by models do with what a row holds, whatever their model says. */
class ModelRewardRowTest {

  private static Rewards open(String type) {
    boolean classifies = type.equals("classifier");
    TextScorer scorer =
        new TextScorer() {
          @Override
          public List<String> labels() {
            return classifies ? List.of("good", "bad") : List.of("score");
          }

          @Override
          public List<float[]> score(List<String> texts) {
            return texts.stream().map(text -> new float[] {0.5f, 0.5f}).toList();
          }
        };
    Map<String, Object> settings = new HashMap<>();
    settings.put("type", type);
    settings.put("model", "m");
    settings.put("text", "{about}: {output}");
    if (classifies) {
      settings.put("label", "good");
    }
    return Rewards.open(RewardSpec.of("it", settings), location -> scorer);
  }

  static List<Object> unwritable() {
    return List.of(
        new byte[] {1},
        Arrays.asList("a", null),
        List.of(new byte[] {1}),
        Map.of("key", new byte[] {1}));
  }

  @ParameterizedTest
  @MethodSource("unwritable")
  void aValueThatIsNoTextIsItsRowsFault(Object value) {
    for (String type : List.of("classifier", "reward-model")) {
      try (Rewards rewards = open(type)) {
        assertThatThrownBy(() -> rewards.forRow(Map.of("about", value)))
            .isInstanceOfSatisfying(
                RowFault.class, e -> assertThat(e.kind()).isEqualTo(RowFault.Kind.INPUT))
            .hasMessageStartingWith(
                "Cannot score with reward it: Cannot fill in \"{about}: {output}\": column about ");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"classifier", "reward-model"})
  void whatCanBeWrittenIsScored(String type) {
    try (Rewards rewards = open(type)) {
      assertThat(rewards.forRow(Map.of("about", List.of(1, 2))).outcome("x").reward())
          .isBetween(0.0, 1.0);
    }
  }
}
