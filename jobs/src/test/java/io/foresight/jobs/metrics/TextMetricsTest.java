package io.foresight.jobs.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.reward.RewardSpec;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Metrics of texts against references, beside values of others: BLEU, chrF and self-BLEU by
 * sacrebleu 2.6.0 (whose signatures the file has), ROUGE-L and CIDEr-D by a computation of their
 * definitions in numpy that shares no code with this one, over dense tables and vectors. {@code
 * src/test/resources/metrics/texts.json} has the texts and the values.
 */
class TextMetricsTest {

  private static JsonNode expected;
  private static final List<MeasuredText> TEXTS = new ArrayList<>();
  private static DocumentFrequencies frequencies;

  @BeforeAll
  static void read() throws IOException {
    try (InputStream in = TextMetricsTest.class.getResourceAsStream("/metrics/texts.json")) {
      expected = new ObjectMapper().readTree(in);
    }
    Map<Long, Long> counts = new HashMap<>();
    TEXTS.clear();
    for (JsonNode row : expected.get("rows")) {
      List<String> references = new ArrayList<>();
      row.get("references").forEach(reference -> references.add(reference.asText()));
      TEXTS.add(text(row.get("text").asText(), references));
      DocumentFrequencies.keys(references).forEach(key -> counts.merge(key, 1L, Long::sum));
    }
    frequencies = new DocumentFrequencies(TEXTS.size(), counts);
  }

  private static MeasuredText text(String text, List<String> references) {
    return new MeasuredText(
        text, null, null, null, Map.of(), null, null, List.of(), null, references, null);
  }

  private static double corpus(Metric metric, List<MeasuredText> texts) {
    double[] sums = new double[metric.summands()];
    for (MeasuredText text : texts) {
      double[] row = new double[metric.summands()];
      metric.add(text, row, 0);
      for (int i = 0; i < row.length; i++) {
        sums[i] += row[i];
      }
    }
    return metric.value(sums);
  }

  private static void isEach(Metric metric, String name, double fine) {
    for (int i = 0; i < TEXTS.size(); i++) {
      assertThat(corpus(metric, List.of(TEXTS.get(i))))
          .as(TEXTS.get(i).text())
          .isEqualTo(expected.get(name).get(i).asDouble(), within(fine));
    }
  }

  @Test
  void tokensAreThoseOf13a() {
    for (int i = 0; i < TEXTS.size(); i++) {
      assertThat(String.join(" ", Ngrams.tokens13a(TEXTS.get(i).text())))
          .isEqualTo(expected.get("tokens").get(i).asText());
    }
  }

  @Test
  void bleuIsSacrebleus() {
    assertThat(corpus(Bleu.METRIC, TEXTS))
        .isEqualTo(expected.get("bleu_4").asDouble(), within(1e-9));
    isEach(Bleu.METRIC, "bleu_of_each", 1e-9);
  }

  @Test
  void chrfIsSacrebleus() {
    assertThat(corpus(Chrf.METRIC, TEXTS)).isEqualTo(expected.get("chrf").asDouble(), within(1e-9));
    isEach(Chrf.METRIC, "chrf_of_each", 1e-9);
  }

  @Test
  void rougeAndCiderAreThoseOfTheirDefinitions() {
    isEach(RougeL.METRIC, "rouge_l_of_each", 1e-8);
    assertThat(corpus(RougeL.METRIC, TEXTS))
        .isEqualTo(expected.get("rouge_l").asDouble(), within(1e-8));
    isEach(Cider.metric(frequencies), "cider_of_each", 1e-8);
    assertThat(corpus(Cider.metric(frequencies), TEXTS))
        .isEqualTo(expected.get("cider").asDouble(), within(1e-8));
  }

  @Test
  void selfBleuIsTheMeanOfSacrebleusOfSentences() {
    List<String> texts =
        TEXTS.stream().map(MeasuredText::text).filter(text -> !text.isEmpty()).toList();
    assertThat(new TextSample(texts).selfBleu())
        .isEqualTo(expected.get("self_bleu").asDouble(), within(1e-9));
    assertThat(new TextSample(List.of("The same one.", "The same one.")).selfBleu())
        .isEqualTo(100, within(1e-9));
    assertThat(new TextSample(List.of("Alone.")).selfBleu()).isNaN();
  }

  @Test
  void distinctCountsSequencesOverAllTexts() {
    TextSample sample = new TextSample(List.of("A dog runs.", "a dog sleeps"));
    assertThat(sample.distinct(1)).isEqualTo(4 / 6.0);
    assertThat(sample.distinct(2)).isEqualTo(3 / 4.0);
    assertThat(sample.distinct(4)).isNaN();
  }

  @Test
  void aRowWithoutReferencesOrTextIsInNoMetricOfThem() {
    MetricSet metrics =
        MetricSet.of(RewardSpec.keywordCoverage(), false, frequencies, MetricSet.Judge.NONE);
    double[] sums = metrics.of(text("A dog.", List.of()));
    for (String name : List.of("bleu_4", "rouge_l", "chrf", "cider", "satisfied")) {
      assertThat(metrics.value(name, sums)).as(name).isNaN();
    }
    assertThat(metrics.value("mean_words", metrics.of(text(null, List.of("A dog."))))).isNaN();
    assertThat(metrics.names()).doesNotContain("perplexity", "ended_by_eos");
  }

  @Test
  void coverageIsHardOnlyWhereAllConceptsAre() {
    MetricSet metrics =
        MetricSet.of(RewardSpec.keywordCoverage(), true, null, MetricSet.Judge.NONE);
    double[] sums = new double[metrics.summands()];
    for (double covered : new double[] {1, 0.5, 0.75}) {
      double[] row =
          metrics.of(
              new MeasuredText(
                  "A dog.",
                  true,
                  covered,
                  covered == 1,
                  Map.of("concepts", covered),
                  4,
                  -2.0,
                  List.of("a", "dog"),
                  false,
                  List.of(),
                  null));
      for (int i = 0; i < row.length; i++) {
        sums[i] += row[i];
      }
    }
    assertThat(metrics.value("hard_coverage", sums)).isEqualTo(1 / 3.0);
    assertThat(metrics.value("soft_coverage", sums)).isEqualTo(0.75);
    assertThat(metrics.value("perplexity", sums)).isEqualTo(Math.exp(0.5));
    assertThat(metrics.value("mean_tokens", sums)).isEqualTo(4);
  }
}
