package io.foresight.jobs.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.settings.SettingsReader;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunIdentityTest {

  private static Map<String, String> identity(String job, String... overrides) throws IOException {
    JobSettings settings =
        JobSettings.bind(
            job, SettingsReader.layered(List.of(), List.of(overrides), ConfigFactory.empty()));
    return RunIdentity.of(job, settings, Map.of());
  }

  @Test
  void ofScoringIsWhatItReadsAndNothingElse() throws IOException {
    Set<String> names = new TreeSet<>(identity("score").keySet());
    names.removeIf(name -> name.startsWith("code."));
    assertThat(names)
        .containsExactlyInAnyOrder(
            "input.columns.concepts",
            "input.columns.forms",
            "input.columns.id",
            "input.delimiter",
            "input.encoding",
            "input.format",
            "job",
            "models.device",
            "output.format",
            "output.prefix",
            "reward.combine",
            "reward.use",
            "rewards.concepts.concepts-column",
            "rewards.concepts.forms-column",
            "rewards.concepts.type");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "decoding.lookahead=3",
        "decoding.strategy=greedy",
        "prompt.template=say {concepts}",
        "reward.weight=3",
        "reward.threshold=0.5",
        "reward.mode=level",
        "reward.span=draft",
        "run.seed=7",
        "models.target-precision=bf16",
        "decoding.token-bias.42=1.5",
        "decoding.stop=x"
      })
  void whatGenerationAloneReadsIsOfItsIdentityAlone(String override) throws IOException {
    assertThat(identity("score", override)).isEqualTo(identity("score"));
    assertThat(identity("generate", override)).isNotEqualTo(identity("generate"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "rewards.concepts.threshold=0.5",
        "reward.combine=minimum",
        "models.device=cpu",
        "output.prefix=judge_",
        "input.columns.id=key"
      })
  void whatBothReadIsOfBoth(String override) throws IOException {
    for (String job : List.of("score", "generate")) {
      assertThat(identity(job, override)).isNotEqualTo(identity(job));
    }
  }
}
