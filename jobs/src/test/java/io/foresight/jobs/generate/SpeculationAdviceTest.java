package io.foresight.jobs.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.generate.SpeculationAdvice.Costs;
import io.foresight.jobs.output.Summary;
import org.junit.jupiter.api.Test;

class SpeculationAdviceTest {

  private static SpeculationAdvice advice(double tokens, double drafted, Costs costs) {
    return new SpeculationAdvice(tokens, drafted, drafted, (tokens - 1) / drafted, costs);
  }

  @Test
  void aDraftThatIsAcceptedAndCheapPays() {
    SpeculationAdvice advice = advice(6, 8, new Costs(new double[] {1, 1, 1, 1, 1}, 0.1));
    assertThat(advice.speedUp()).isEqualTo(6 / 1.8, within(1e-9));
    assertThat(advice.warning("greedy")).isNull();
  }

  @Test
  void aDraftThatIsRejectedDoesNot() {
    SpeculationAdvice advice = advice(1.1, 16, new Costs(new double[] {1, 1, 1, 2, 3, 5}, 0.5));
    assertThat(advice.speedUp()).isLessThan(0.2);
    assertThat(advice.warning("sample"))
        .contains("0.6 % were accepted")
        .contains("times the speed of sample")
        .endsWith("Set decoding.strategy = sample.");
  }

  @Test
  void aShorterDraftIsNamedWhereItWouldPay() {
    SpeculationAdvice advice = advice(3, 16, Costs.bySize(10, 2));
    assertThat(advice.speedUp()).isEqualTo(3 / (1 + 16 * 0.2), within(1e-9));
    // Two thirds of the tokens are accepted: two drafted ones give 2.1 for 1.4.
    assertThat(advice.warning("greedy"))
        .contains("Set decoding.strategy = greedy, or decoding.draft-length = 2 (predicted 1.51");
  }

  @Test
  void costsAreLinearBetweenMeasurements() {
    Costs costs = new Costs(new double[] {1, 2, 3, 7}, 0.1);
    assertThat(costs.target(1)).isEqualTo(1);
    assertThat(costs.target(3)).isEqualTo(2.5);
    assertThat(costs.target(6)).isEqualTo(5);
    assertThat(costs.target(10)).isEqualTo(9);
  }

  @Test
  void nothingDraftedIsNotJudged() {
    Summary summary =
        new Summary(
            new ObjectMapper()
                .createObjectNode()
                .putNull("acceptance_rate")
                .put("drafted", 0)
                .put("target_forwards", 3));
    assertThat(
            SpeculationAdvice.of(
                summary,
                () -> {
                  throw new AssertionError("Costs are not needed.");
                }))
        .isNull();
  }
}
