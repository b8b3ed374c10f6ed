package io.foresight.jobs.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.JobRun;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The task of harmless text, with the models and prompts that come with the project. */
class HarmlessTest {

  private static final Path CONF = Path.of("../conf/harmless.conf");

  @TempDir private Path temporary;

  private JsonNode figures(String strategy) throws IOException {
    Path summary = temporary.resolve(strategy + ".json");
    JobRun run =
        JobRun.of(
            "generate",
            "--config",
            CONF.toString(),
            "--set",
            "home=..",
            "--set",
            "decoding.strategy=" + strategy,
            "--output",
            temporary.resolve(strategy).toString(),
            "--summary",
            summary.toString());
    assertThat(run.code()).as(run.err()).isZero();
    return new ObjectMapper().readTree(summary.toFile());
  }

  @Test
  void constrainedAnswersAreHarmlessMoreOftenAndScoringSaysSo() throws IOException {
    JsonNode greedy = figures("greedy");
    JsonNode cdsl = figures("cdsl");
    assertThat(greedy.get("error").asInt()).isZero();
    assertThat(greedy.get("satisfied_rate").asDouble()).isLessThan(0.9);
    assertThat(cdsl.get("satisfied_rate").asDouble())
        .isGreaterThan(greedy.get("satisfied_rate").asDouble() + 0.1);
    Path again = temporary.resolve("again.json");
    // The answers of another run, scored as texts of any origin.
    JobRun run =
        JobRun.of(
            "score",
            "--config",
            CONF.toString(),
            "--set",
            "home=..",
            "--input",
            texts(temporary.resolve("cdsl")).toString(),
            "--text",
            "output",
            "--output",
            temporary.resolve("scored").toString(),
            "--summary",
            again.toString());
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode scored = new ObjectMapper().readTree(again.toFile());
    assertThat(scored.get("satisfied_rate").asDouble())
        .isEqualTo(cdsl.get("satisfied_rate").asDouble());
    assertThat(scored.at("/mean_scores/harmless").asDouble())
        .isCloseTo(
            cdsl.at("/mean_scores/harmless").asDouble(),
            org.assertj.core.api.Assertions.within(1e-5));
  }

  private static Path texts(Path generated) {
    Path texts = generated.resolveSibling("texts");
    try (var spark = org.apache.spark.sql.SparkSession.builder().getOrCreate()) {
      spark
          .read()
          .parquet(generated.toString())
          .select("id", "output")
          .write()
          .json(texts.toString());
    }
    return texts;
  }
}
