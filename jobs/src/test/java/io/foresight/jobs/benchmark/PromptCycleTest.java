package io.foresight.jobs.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.engine.GenerationSettings;
import io.foresight.engine.InputRow;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Foresight;
import io.foresight.spark.Progress;
import io.foresight.spark.rows.HiddenColumns;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class PromptCycleTest {

  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Dataset<Row> input() {
    StructType schema =
        new StructType()
            .add("text", DataTypes.StringType)
            .add("bytes", DataTypes.BinaryType)
            .add("time", DataTypes.TimestampType)
            .add("number", DataTypes.DoubleType)
            .add("concepts", new ArrayType(DataTypes.StringType, true));
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      rows.add(
          RowFactory.create(
              "r" + i,
              new byte[] {(byte) (250 + i)},
              new Timestamp(1000L * i),
              1e10 * i,
              new String[] {"dog", "run" + i}));
    }
    return spark.createDataFrame(rows, schema);
  }

  private static GenerationSettings withIdColumn(String idColumn) {
    GenerationSettings other = GenerationSettings.of("/no/such/target", "/no/such/draft");
    return other.with(ColumnSettings.ID, idColumn == null ? "" : idColumn);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"text", "bytes", "time", "number", "concepts"})
  void theIdsOfItsPromptsAreThoseThatGenerateSeedsThemBy(String idColumn) {
    GenerationSettings settings = withIdColumn(idColumn);
    List<String> generated;
    try (Progress progress = Progress.listen(spark.sparkContext())) {
      generated =
          Foresight.generation(input(), settings, progress)
              .rows()
              .select(HiddenColumns.ID)
              .collectAsList()
              .stream()
              .map(row -> row.getString(0))
              .toList();
    }
    List<String> compared = new ArrayList<>();
    PromptCycle.of(input(), idColumn, null).iterator().forEachRemaining(r -> compared.add(r.id()));
    assertThat(compared).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(generated);
  }

  @Test
  void laterCyclesHaveIdsOfTheirOwn() {
    PromptCycle cycle = PromptCycle.of(input(), "text", 7);
    List<InputRow> rows = new ArrayList<>();
    cycle.iterator().forEachRemaining(rows::add);
    assertThat(rows).hasSize(7).extracting(InputRow::id).doesNotHaveDuplicates();
    assertThat(rows.get(3).values()).isEqualTo(rows.get(0).values());
    Dataset<Row> dataset = cycle.dataset(spark, 5);
    assertThat(dataset.columns()).isEqualTo(input().columns());
    assertThat(dataset.select("text").collectAsList().stream().map(row -> row.getString(0)))
        .containsExactlyElementsOf(rows.subList(0, 5).stream().map(InputRow::id).toList());
  }
}
