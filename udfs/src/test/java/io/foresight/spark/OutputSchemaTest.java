package io.foresight.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class OutputSchemaTest {

  @Test
  void addsColumnsAfterTheInput() {
    assertThat(OutputSchema.generated(new StructType().add("id", "string"), "").fieldNames())
        .containsExactly(
            "id",
            "output",
            "reward",
            "constraint_scores",
            "satisfied",
            "status",
            "error",
            "error_kind",
            "tokens",
            "log_prob",
            "counters");
  }

  @Test
  void collisionNamesTheColumn() {
    assertThatThrownBy(() -> OutputSchema.generated(new StructType().add("Reward", "double"), ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[Reward]");
    StructType taken = new StructType().add("reward", "double").add("Judge_Reward", "double");
    assertThat(OutputSchema.scored(taken, "own_").fieldNames())
        .containsExactly(
            "reward",
            "Judge_Reward",
            "own_reward",
            "own_constraint_scores",
            "own_satisfied",
            "own_error",
            "own_error_kind");
    assertThatThrownBy(() -> OutputSchema.scored(taken, "judge_"))
        .hasMessageContaining("[Judge_Reward]")
        .hasMessageContaining("output.prefix");
  }
}
