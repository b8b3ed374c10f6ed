package io.foresight.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.engine.ScoringSettings;
import io.foresight.reward.RewardSpec;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** Texts without models, scored on Spark's local mode. */
class ScoringTest {

  private static final int ROWS = 60;
  private static final ScoringSettings SETTINGS =
      ScoringSettings.of("value", RewardSpec.of("short", Map.of("type", "length", "at-most", 3)));

  private static SparkSession session() {
    return SparkSession.builder()
        .master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate();
  }

  @Test
  void progressCountsRowsThatAreScored() {
    Progress progress;
    try (SparkSession spark = session()) {
      progress = Progress.listen(spark.sparkContext());
      Dataset<Row> texts =
          spark.range(ROWS).selectExpr("if(id % 5 = 0, null, concat('text ', id)) as value");
      assertThat(Foresight.score(texts, SETTINGS, progress).collectAsList()).hasSize(ROWS);
      spark.stop();
    }
    // Stopping drains the listeners' queue, so that nothing is still under way.
    assertThat(progress.snapshot()).isEqualTo(new Progress.Snapshot(ROWS, 0, 0, 0, 0));
  }

  @Test
  void equalTextsAreNotOneTasks() {
    try (SparkSession spark = session()) {
      List<String> texts = Collections.nCopies(ROWS, "the same");
      Dataset<Row> scored =
          Foresight.score(spark.createDataset(texts, Encoders.STRING()).toDF(), SETTINGS);
      assertThat(scored.selectExpr("spark_partition_id()").distinct().count()).isGreaterThan(4);
    }
  }
}
