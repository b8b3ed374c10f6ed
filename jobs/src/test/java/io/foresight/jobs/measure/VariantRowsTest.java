package io.foresight.jobs.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.metrics.DocumentFrequencies;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.report.ReportData.Mark;
import io.foresight.jobs.report.ReportData.PairedTest;
import io.foresight.jobs.report.ReportData.RowTexts;
import io.foresight.jobs.report.ReportData.VariantReport;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.TextScorer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Figures, tests and examples of written rows, however those are cut. */
class VariantRowsTest {

  private static SparkSession spark;

  @BeforeAll
  static void open() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "3")
            .getOrCreate();
  }

  @AfterAll
  static void close() {
    spark.close();
  }

  private static final StructType SCHEMA =
      new StructType()
          .add("id", DataTypes.StringType)
          .add("concepts", DataTypes.createArrayType(DataTypes.StringType))
          .add("references", DataTypes.createArrayType(DataTypes.StringType))
          .add("output", DataTypes.StringType)
          .add("reward", DataTypes.DoubleType)
          .add(
              "constraint_scores",
              DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType))
          .add("satisfied", DataTypes.BooleanType)
          .add("status", DataTypes.StringType)
          .add("error", DataTypes.StringType)
          .add("tokens", DataTypes.IntegerType)
          .add("log_prob", DataTypes.DoubleType)
          .add(
              "counters",
              new StructType()
                  .add("target_forwards", DataTypes.LongType)
                  .add("drafted", DataTypes.LongType)
                  .add("accepted", DataTypes.LongType)
                  .add("s1", DataTypes.LongType)
                  .add("s3", DataTypes.LongType));

  /** Texts that have both of two words with some probability, one of them otherwise. */
  private static TextSource source(String name, int rows, double both, int partitions) {
    SplittableRandom random = new SplittableRandom(name.hashCode());
    List<Row> list = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      boolean all = random.nextDouble() < both;
      double share = all ? 1 : 0.5;
      boolean error = i == 7;
      list.add(
          RowFactory.create(
              "row" + i,
              scala.collection.JavaConverters.asScalaBuffer(List.of("dog", "park")).toList(),
              scala.collection.JavaConverters.asScalaBuffer(
                      List.of("A dog is in the park.", "The dog number " + i + " runs."))
                  .toList(),
              error ? null : all ? "A dog runs in the park " + i + "." : "Dogs run " + i,
              error ? null : (Double) share,
              error
                  ? null
                  : scala.collection.JavaConverters.mapAsScalaMap(
                      Map.of(
                          "concepts",
                          share,
                          "concepts.dog",
                          1.0,
                          "concepts.park",
                          all ? 1.0 : 0.0)),
              error ? null : (Boolean) all,
              error ? "error" : all ? "ok" : i % 5 == 0 ? "truncated" : "unsatisfied",
              error ? "Cannot decode it." : null,
              error ? null : (Integer) (all ? 8 : 4),
              error ? null : (Double) (-random.nextDouble() * 9),
              RowFactory.create(error ? 0L : 3L, 4L, 2L, 1L, 3L)));
    }
    Dataset<Row> all = spark.createDataFrame(list, SCHEMA).repartition(partitions);
    return new TextSource(
        name,
        "data",
        "there",
        Map.of(),
        all,
        rows,
        RewardSpec.keywordCoverage(),
        "",
        "output",
        "id",
        List.of("concepts"),
        "references",
        MetricSet.Judge.NONE);
  }

  private record Everything(
      List<VariantReport> reports, List<PairedTest> tests, List<RowTexts> rows) {

    static Everything of(int rows, int partitions) {
      List<TextSource> sources =
          List.of(source("first", rows, 0.4, partitions), source("second", rows, 0.8, partitions));
      DocumentFrequencies frequencies = ReferenceFrequencies.of(sources.get(0));
      List<VariantRows> measured =
          sources.stream().map(one -> VariantRows.of(one, frequencies)).toList();
      return new Everything(
          measured.stream().map(VariantRows::report).toList(),
          Comparisons.of(measured),
          DifferingRows.of(sources));
    }
  }

  @Test
  void figuresAreTheSameForAnyNumberOfPartitions() {
    Everything one = Everything.of(150, 1);
    assertThat(Everything.of(150, 3)).isEqualTo(one);
    assertThat(Everything.of(150, 8)).isEqualTo(one);
  }

  @Test
  void moreRowsThanGroupsAreResampledInGroupsAndSayTheSame() {
    int rows = RowSums.MOST_GROUPS + 1_500;
    VariantRows measured = VariantRows.of(source("first", rows, 0.4, 4), null);
    assertThat(measured.groups("hard_coverage")).hasSizeLessThanOrEqualTo(RowSums.MOST_GROUPS);
    VariantReport report = measured.report();
    assertThat(report.metrics().get("hard_coverage").rows()).isEqualTo(rows - 1);
    double mean = report.metrics().get("hard_coverage").mean();
    assertThat(mean).isBetween(0.38, 0.42);
    // 1.96 standard errors of that many independent rows, about.
    double width =
        report.metrics().get("hard_coverage").high() - report.metrics().get("hard_coverage").low();
    double expected = 2 * 1.96 * Math.sqrt(mean * (1 - mean) / rows);
    assertThat(width).isBetween(0.85 * expected, 1.15 * expected);
  }

  @Test
  void figuresAreThoseOfTheRows() {
    Everything all = Everything.of(150, 2);
    VariantReport first = all.reports().get(0);
    assertThat(first.status().values().stream().mapToLong(Long::longValue).sum()).isEqualTo(150);
    assertThat(first.status()).containsEntry("error", 1L);
    assertThat(first.metrics())
        .containsKeys("hard_coverage", "perplexity", "bleu_4", "rouge_l", "chrf", "cider")
        .containsKeys("distinct_1", "distinct_2", "self_bleu", "concept_overuse", "ended_by_eos");
    first
        .metrics()
        .forEach(
            (name, estimate) -> {
              if (!Double.isNaN(estimate.low())) {
                assertThat(estimate.mean())
                    .as(name)
                    .isBetween(estimate.low() - 1e-9, estimate.high() + 1e-9);
              }
            });
    assertThat(first.metrics().get("soft_coverage").mean())
        .isEqualTo(0.5 + first.metrics().get("hard_coverage").mean() / 2);
    assertThat(first.work().get("acceptance_rate")).isEqualTo(0.5);
    assertThat(first.states()).containsEntry("S1", 0.25).containsEntry("S3", 0.75);
    assertThat(first.byConstraints()).hasSize(1);
    assertThat(first.byConstraints().get(0).label()).isEqualTo("2");
    assertThat(first.byLength()).extracting("label").containsExactly("0-5", "6-10");
    assertThat(all.tests())
        .filteredOn(test -> test.metric().equals("hard_coverage"))
        .singleElement()
        .satisfies(
            test -> {
              assertThat(test.difference()).isBetween(0.2, 0.6);
              assertThat(test.low()).isPositive();
              assertThat(test.p()).isLessThan(0.001);
              assertThat(test.adjusted()).isGreaterThanOrEqualTo(test.p());
            });
  }

  @Test
  void rowsThatDifferMostComeFirstWithTheirWordsMarked() {
    List<RowTexts> rows = Everything.of(150, 2).rows();
    assertThat(rows).hasSize(150);
    RowTexts top = rows.get(0);
    assertThat(top.spread()).isEqualTo(0.5);
    assertThat(rows)
        .extracting(RowTexts::spread)
        .isSortedAccordingTo(java.util.Comparator.reverseOrder());
    assertThat(top.words()).containsExactlyInAnyOrder("dog", "park");
    assertThat(top.prompt()).isEqualTo("dog park");
    assertThat(top.texts()).containsOnlyKeys("first", "second");
    top.texts()
        .values()
        .forEach(
            text ->
                assertThat(text.marks())
                    .extracting(mark -> text.text().substring(mark.start(), mark.end()))
                    .isSubsetOf("dog", "Dogs", "park"));
    assertThat(rows)
        .filteredOn(row -> row.id().equals("row7"))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.texts().get("first").text()).isNull();
              assertThat(row.texts().get("first").error()).isEqualTo("Cannot decode it.");
            });
  }

  @Test
  void aConceptOfSeveralWordsIsMarkedAsAWhole() {
    try (Rewards rewards =
        Rewards.open(RewardSpec.keywordCoverage(), TextScorer.Source.ELSEWHERE)) {
      List<Mark> marks =
          Marks.of(
              "He eats an ice cream, runs",
              rewards.forRow(Map.of("concepts", List.of("ice cream", "run"))),
              3);
      assertThat(marks).containsExactly(new Mark(11, 20, "ice cream"), new Mark(22, 26, "run"));
    }
  }
}
