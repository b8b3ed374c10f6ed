package io.foresight.spark;

import static java.util.stream.Collectors.joining;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.sha2;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.TextScorer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Constrained generation over a dataset. From spark-shell: {@code Foresight.generate(prompts,
 * settings).show()}.
 */
public final class Foresight {

  /** Partitions per task slot: enough that a slow row at the end leaves few slots idle. */
  private static final int PARTITIONS_PER_SLOT = 4;

  private static final String DERIVED_ID = "_foresight_id";

  private Foresight() {}

  /**
   * Decodes every row. Lazy, as all of Spark's transformations are; remote models are listed now,
   * as files to read are.
   *
   * @param input rows with the columns that {@code settings} name
   * @return the input's columns, then {@code output}, {@code reward}, {@code constraint_scores},
   *     {@code satisfied}, {@code status} (ok, unsatisfied, truncated, error), {@code error},
   *     {@code tokens}, {@code log_prob} and {@code counters}, each after the settings' prefix. One
   *     row per input row; the same rows and seed give the same output for any number of partitions
   * @throws IllegalArgumentException if a column is missing, or the input already has an output
   *     column
   * @throws io.foresight.model.ModelException if a remote model cannot be listed
   */
  public static Dataset<Row> generate(Dataset<Row> input, GenerationSettings settings) {
    return generate(input, settings, RowListener.NONE);
  }

  /** As {@link #generate(Dataset, GenerationSettings)}; {@code progress} follows the rows. */
  public static Dataset<Row> generate(
      Dataset<Row> input, GenerationSettings settings, Progress progress) {
    return generate(input, settings, progress.rowListener());
  }

  private static Dataset<Row> generate(
      Dataset<Row> input, GenerationSettings settings, RowListener listener) {
    StructType schema = OutputSchema.generated(input.schema(), settings.columnPrefix());
    Map<String, String> needed = new LinkedHashMap<>();
    settings.prompt().columns().forEach(column -> needed.put(column, "the prompt"));
    addColumns(settings.rewards(), needed);
    boolean derived = settings.idColumn() == null;
    if (!derived) {
      needed.putIfAbsent(settings.idColumn(), "the id");
    }
    require(input, needed);
    Dataset<Row> identified = derived ? withDerivedId(input) : input;
    String id = derived ? DERIVED_ID : settings.idColumn();
    RunModels models =
        RunModels.locate(
            input.sparkSession().sparkContext(),
            settings.store().withDigests(settings.rewards().digests()),
            settings.models());
    int partitions = PARTITIONS_PER_SLOT * input.sparkSession().sparkContext().defaultParallelism();
    return identified
        .repartition(partitions, ColumnNames.column(id))
        .mapPartitions(new CdslUdf(settings, models, id, derived, listener), Encoders.row(schema));
  }

  /**
   * Scores texts that exist already, by the rewards that generation follows. Lazy, as {@link
   * #generate(Dataset, GenerationSettings)}.
   *
   * @param input rows with the columns that {@code settings} name
   * @return the input's columns, then {@code reward}, {@code constraint_scores}, {@code satisfied}
   *     and {@code error}, each after the settings' prefix. One row per input row; of one that
   *     cannot be scored {@code error} says why, and the rest is null
   * @throws IllegalArgumentException if a column is missing, the input already has an output
   *     column, or the rewards cannot be used
   * @throws io.foresight.model.ModelException if a remote model cannot be listed
   */
  public static Dataset<Row> score(Dataset<Row> input, ScoringSettings settings) {
    StructType schema = OutputSchema.scored(input.schema(), settings.columnPrefix());
    Map<String, String> needed = new LinkedHashMap<>();
    needed.put(settings.textColumn(), "the texts");
    addColumns(settings.rewards(), needed);
    require(input, needed);
    DataType type = input.schema().apply(settings.textColumn()).dataType();
    if (!type.equals(DataTypes.StringType)) {
      throw new IllegalArgumentException(
          "Cannot score column %s: its type is %s. Give a column of texts."
              .formatted(settings.textColumn(), type.simpleString()));
    }
    SparkContext spark = input.sparkSession().sparkContext();
    RunModels models =
        RunModels.locate(
            spark,
            settings.store().withDigests(settings.rewards().digests()),
            settings.rewards().models());
    return input
        .repartition(
            PARTITIONS_PER_SLOT * spark.defaultParallelism(),
            ColumnNames.column(settings.textColumn()))
        .mapPartitions(new ScoreUdf(settings, models), Encoders.row(schema));
  }

  /**
   * The prompts of a few rows, as the executors would build them; for a look before a run.
   *
   * @param settings with models in folders of this host
   */
  public static List<String> prompts(Dataset<Row> rows, GenerationSettings settings) {
    Prompts prompts = Prompts.of(settings.prompt(), Path.of(settings.targetModel()));
    return rows.collectAsList().stream().map(row -> prompts.text(RowDecoder.values(row))).toList();
  }

  private static void addColumns(RewardSpec spec, Map<String, String> needed) {
    try (Rewards rewards = Rewards.open(spec, TextScorer.Source.ELSEWHERE)) {
      // Sorted, since a set's order is another one in every process.
      rewards.columns().stream()
          .sorted()
          .forEach(column -> needed.putIfAbsent(column, "what a reward judges by"));
    }
  }

  /**
   * Checks that the input has every column.
   *
   * @param needed what each holds, by name
   */
  private static void require(Dataset<Row> input, Map<String, String> needed) {
    List<String> columns = Arrays.asList(input.columns());
    String missing =
        needed.entrySet().stream()
            .filter(column -> !columns.contains(column.getKey()))
            .map(
                column ->
                    "Cannot find column %s, which holds %s: the input has %s. Name the column in the settings."
                        .formatted(column.getKey(), column.getValue(), columns))
            .collect(joining("\n"));
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(missing);
    }
  }

  /** Digest of the row's content, and an ordinal among rows of the same content. */
  private static Dataset<Row> withDerivedId(Dataset<Row> input) {
    Column[] all = Arrays.stream(input.columns()).map(ColumnNames::column).toArray(Column[]::new);
    Dataset<Row> digested = input.withColumn(DERIVED_ID, sha2(to_json(struct(all)), 256));
    Column ordinal = row_number().over(Window.partitionBy(DERIVED_ID).orderBy(lit(0)));
    return digested.withColumn(DERIVED_ID, concat_ws("-", col(DERIVED_ID), ordinal));
  }
}
