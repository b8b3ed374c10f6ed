package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ValueTextTest {

  @Test
  void numbersAreWrittenAsPeopleWriteThem() {
    assertThat(ValueText.of(1.0E10)).isEqualTo("10000000000");
    assertThat(ValueText.of(12345678.9)).isEqualTo("12345678.9");
    assertThat(ValueText.of(1.0E-5)).isEqualTo("0.00001");
    assertThat(ValueText.of(-1.5E-6)).isEqualTo("-0.0000015");
    assertThat(ValueText.of(0.1)).isEqualTo("0.1");
    assertThat(ValueText.of(0.1f)).isEqualTo("0.1");
    assertThat(ValueText.of(1.0E10f)).isEqualTo("10000000000");
    assertThat(ValueText.of(16777216f)).isEqualTo("16777216");
    assertThat(ValueText.of(3.0)).isEqualTo("3");
    assertThat(ValueText.of(0.0)).isEqualTo("0");
    assertThat(ValueText.of(-0.0)).isEqualTo("0");
    assertThat(ValueText.of(100.0)).isEqualTo("100");
    assertThat(ValueText.of(9007199254740993L)).isEqualTo("9007199254740993");
    assertThat(ValueText.of(new BigDecimal("0E-8"))).isEqualTo("0.00000000");
    assertThat(ValueText.of(new BigDecimal("12.50"))).isEqualTo("12.50");
    assertThat(ValueText.of(new BigDecimal("1E+30"))).isEqualTo("1" + "0".repeat(30));
    assertThat(ValueText.of(Double.NaN)).isEqualTo("NaN");
    assertThat(ValueText.of(Float.NaN)).isEqualTo("NaN");
    assertThat(ValueText.of(Double.NEGATIVE_INFINITY)).isEqualTo("-Infinity");
    // Where RFC 8785 begins to write an exponent.
    assertThat(ValueText.of(1.0E20)).isEqualTo("100000000000000000000");
    assertThat(ValueText.of(1.0E21)).isEqualTo("1e21");
    assertThat(ValueText.of(-1.25E300)).isEqualTo("-1.25e300");
    assertThat(ValueText.of(Double.MAX_VALUE)).isEqualTo("1.7976931348623157e308");
    assertThat(ValueText.of(1.0E-6)).isEqualTo("0.000001");
    assertThat(ValueText.of(1.0E-7)).isEqualTo("1e-7");
    assertThat(ValueText.of(Double.MIN_VALUE)).isEqualTo("4.9e-324");
  }

  @Property
  void aNumberThatIsWrittenIsTheSameNumber(@ForAll double value, @ForAll float single) {
    assertThat(Double.parseDouble(ValueText.of(value)) + 0.0).isEqualTo(value + 0.0);
    assertThat(Float.parseFloat(ValueText.of(single)) + 0.0f).isEqualTo(single + 0.0f);
  }

  @Test
  void structuresHaveTheSameNumbers() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("price", 1.0E10);
    value.put("ratio", 1.0E-5f);
    value.put("none", Double.NaN);
    value.put("exact", new BigDecimal("12.50"));
    value.put("null", null);
    value.put("list", List.of(3.0, 2));
    assertThat(ValueText.of(value))
        .isEqualTo(
            "{\"price\":10000000000,\"ratio\":0.00001,\"none\":\"NaN\",\"exact\":12.50,\"null\":null,\"list\":[3,2]}");
    assertThat(ValueText.of(List.of(1.0E10, "a"))).isEqualTo("10000000000 a");
  }

  @Test
  void whatNoTextCanBeMadeOfIsRefused() {
    assertThatThrownBy(() -> ValueText.of(new byte[] {1})).hasMessageContaining("is binary");
    assertThatThrownBy(() -> ValueText.of(new ArrayList<>(Arrays.asList("a", null))))
        .hasMessageContaining("has an element that is null");
  }
}
