package io.foresight.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PromptTemplateTest {

  @Test
  void joinsListsByOneSpace() {
    PromptTemplate template = new PromptTemplate("{concepts} =");
    assertThat(template.render(Map.of("concepts", List.of("dog", "run")))).isEqualTo("dog run =");
    assertThat(template.columns()).containsExactly("concepts");
  }

  @Test
  void doubledBracesStandForThemselves() {
    assertThat(new PromptTemplate("{{{a}}} {b}").render(Map.of("a", 1, "b", "x")))
        .isEqualTo("{1} x");
  }

  @Test
  void refusesUnbalancedBraces() {
    assertThatThrownBy(() -> new PromptTemplate("{concepts ="))
        .hasMessageContaining("has no partner");
  }

  @Test
  void refusesNullsAndEmptyPrompts() {
    Map<String, Object> row = new HashMap<>();
    row.put("a", null);
    row.put("b", " ");
    assertThatThrownBy(() -> new PromptTemplate("x {a}").render(row))
        .hasMessageContaining("column a is null");
    assertThatThrownBy(() -> PromptTemplate.column("b").render(row))
        .hasMessageContaining("it is empty");
  }
}
