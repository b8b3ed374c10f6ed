package io.foresight.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.foresight.engine.ScoringSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rewards as functions of SQL. */
class SqlFunctionsTest {

  private static final Map<String, Object> KIND =
      Map.of(
          "type", "classifier",
          "model",
              Path.of("../udfs/src/test/resources/parity-classifiers/bert-two")
                  .toAbsolutePath()
                  .normalize()
                  .toString(),
          "label", "LABEL_1");

  private static SparkSession spark;
  private static Settings settings;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate();
    settings =
        Settings.defaults()
            .with(RewardSpec.DEFINITIONS, Map.of("my-kind", KIND, "concepts", concepts()))
            .with(RewardSpec.USE, List.of("my-kind", "concepts"));
    Foresight.register(spark, settings);
    spark
        .range(0, 300, 1, 3)
        .selectExpr(
            "id",
            "if(id % 7 = 0, null, concat('A dog runs to house ', id, if(id % 2 = 0, ' happily', ''))) as text",
            "array('dog', 'house', 'cat') as concepts")
        .createOrReplaceTempView("texts");
  }

  private static Map<String, Object> concepts() {
    return Map.of("type", "keyword-coverage", "concepts-column", "concepts");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Object one(String expression) {
    return spark.sql("select " + expression).head().get(0);
  }

  @Test
  void functionsAreInUnitsOfTheRewards() {
    assertThat(one("keyword_coverage('Dogs run.', array('dog', 'cat'))")).isEqualTo(0.5);
    assertThat(one("keyword_coverage(null, array('dog'))")).isNull();
    assertThat(one("keyword_coverage('A dog.', null)")).isNull();
    assertThat(one("keyword_coverage('A dog.', array('!'))")).isNull();
    assertThat(one("forbidden_words('A dog.', array('cat'))")).isEqualTo(1.0);
    assertThat((double) one("forbidden_words('A dog.', array('dog'))")).isLessThan(1);
    assertThat(one("json_conformity('{\"a\": 1}', '{\"required\": [\"a\"]}')")).isEqualTo(1.0);
    assertThat((double) one("json_conformity('{}', '{\"required\": [\"a\"]}')")).isLessThan(1);
    assertThatThrownBy(() -> one("keyword_coverage('A dog.')"))
        .hasMessageContaining("its concepts");
  }

  @Test
  void functionsAreTheJobsColumns() {
    Dataset<Row> texts = spark.table("texts");
    Map<Object, Map<Object, Object>> expected = new java.util.HashMap<>();
    Foresight.score(
            texts,
            new ScoringSettings(
                settings,
                "text",
                new RewardSpec(
                    io.foresight.reward.Combination.WEIGHTED_SUM,
                    List.of(
                        new RewardSpec.Named("my-kind", KIND),
                        new RewardSpec.Named("concepts", concepts())))))
        .collectAsList()
        .forEach(
            row -> {
              int at = row.fieldIndex("constraint_scores");
              expected.put(row.getAs("id"), row.isNullAt(at) ? Map.of() : row.getJavaMap(at));
            });
    List<Row> rows =
        spark
            .sql(
                "select id, my_kind_score(text) as kind, concepts_score(text, struct(concepts)) as concepts,"
                    + " keyword_coverage(text, concepts) as coverage from texts")
            .collectAsList();
    assertThat(rows).hasSize(300);
    for (Row row : rows) {
      Map<Object, Object> scores = expected.get(row.getAs("id"));
      if (scores.isEmpty()) {
        assertThat(row.<Object>getAs("kind")).isNull();
      } else {
        // What else is in a forward may change the last bits.
        assertThat(row.<Double>getAs("kind"))
            .isCloseTo((Double) scores.get("my-kind"), within(1e-6));
      }
      assertThat(row.<Object>getAs("concepts")).isEqualTo(scores.get("concepts"));
      assertThat(row.<Object>getAs("coverage")).isEqualTo(scores.get("concepts"));
    }
    assertThat(rows.stream().filter(row -> row.isNullAt(1)).count()).isEqualTo(43);
  }

  @Test
  void classifiersAreAskedForManyRowsAtATime() {
    Dataset<Row> chosen =
        spark.sql(
            "select id, upper(text) as text, my_kind_score(text) as kind from texts where my_kind_score(text) > 0.1 and id % 2 = 0");
    assertThat(chosen.queryExecution().optimizedPlan().toString())
        .contains("MapPartitions")
        .doesNotContain("my_kind_score");
    List<Row> rows = chosen.orderBy("id").collectAsList();
    assertThat(rows).isNotEmpty();
    assertThat(rows)
        .allSatisfy(
            row -> {
              assertThat(row.getDouble(2)).isGreaterThan(0.1);
              assertThat(row.getString(1)).startsWith("A DOG");
            });
    Row mean =
        spark
            .sql(
                "select avg(my_kind_score(text)), count(my_kind_score(text)), max(id) from texts group by id % 1")
            .head();
    assertThat(mean.getDouble(0)).isBetween(0.0, 1.0);
    assertThat(mean.getLong(1)).isEqualTo(257);
    assertThat(mean.getLong(2)).isEqualTo(299);
    assertThat(
            spark
                .sql(
                    "select count(*) from texts a join texts b on a.id = b.id and my_kind_score(a.text) >= 0 where a.id < 4")
                .head()
                .getLong(0))
        .isEqualTo(3);
  }
}
