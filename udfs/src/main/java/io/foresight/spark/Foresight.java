package io.foresight.spark;

import static java.util.stream.Collectors.joining;
import static org.apache.spark.sql.functions.col;

import io.foresight.decoding.RowFault;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.JudgingSettings;
import io.foresight.engine.RowSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.engine.prompt.Prompts;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.TextScorer;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import io.foresight.spark.run.Identified;
import io.foresight.spark.run.RowsFunction;
import io.foresight.store.StoreSettings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
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

  private Foresight() {}

  /**
   * Decodes every row. Lazy, as all of Spark's transformations are; remote models are listed now,
   * as files to read are.
   *
   * @param input rows with the columns that {@code settings} name; one that has {@link
   *     HiddenColumns#INPUT_ERROR} becomes an error row
   * @return the input's columns, then {@code output}, {@code reward}, {@code constraint_scores},
   *     {@code satisfied}, {@code status} (ok, unsatisfied, truncated, error), {@code error},
   *     {@code error_kind}, {@code tokens}, {@code log_prob} and {@code counters}, and {@code
   *     outputs} if all of a row's texts are asked for, each after the settings' prefix. {@code
   *     reward} is null in a row that no reward judged, {@code satisfied} in one that no hard
   *     reward did. One row per input row; the same rows and seed give the same output for any
   *     number of partitions
   * @throws IllegalArgumentException if a column is missing, or the input already has an output
   *     column, or one of a name of {@link HiddenColumns}
   * @throws io.foresight.model.text.ModelException if a remote model cannot be listed
   */
  public static Dataset<Row> generate(Dataset<Row> input, GenerationSettings settings) {
    return generate(input, settings, RowListener.NONE);
  }

  /**
   * As {@link #generate(Dataset, GenerationSettings)}, by settings as files have them.
   *
   * @throws io.foresight.settings.SettingsException with everything that is wrong with them
   */
  public static Dataset<Row> generate(Dataset<Row> input, Settings settings) {
    return generate(input, GenerationSettings.of(settings));
  }

  /** As {@link #generate(Dataset, GenerationSettings)}; {@code progress} follows the rows. */
  public static Dataset<Row> generate(
      Dataset<Row> input, GenerationSettings settings, Progress progress) {
    return generate(input, settings, progress.rowListener());
  }

  private static Dataset<Row> generate(
      Dataset<Row> input, GenerationSettings settings, RowListener listener) {
    return generation(input, settings, listener).placed();
  }

  /**
   * Work on rows that is ready to be given out.
   *
   * @param rows the input's, with the hidden columns that the function needs
   * @param function what is done with them
   * @param schema of its output
   */
  public record Work(Dataset<Row> rows, RowsFunction function, StructType schema) {

    /** As one lazy dataset, whose rows are placed by their ids. */
    private Dataset<Row> placed() {
      int slots = rows.sparkSession().sparkContext().defaultParallelism();
      return rows.repartition(PARTITIONS_PER_SLOT * slots, col(HiddenColumns.ID))
          .mapPartitions(function, Encoders.row(schema));
    }
  }

  /** {@link #generate(Dataset, GenerationSettings, Progress)} for a run. */
  public static Work generation(
      Dataset<Row> input, GenerationSettings settings, Progress progress) {
    return generation(input, settings, progress.rowListener());
  }

  private static Work generation(
      Dataset<Row> input, GenerationSettings settings, RowListener listener) {
    StructType own = HiddenColumns.own(input);
    StructType schema = schema(input, settings);
    RunModels models =
        RunModels.locate(
            input.sparkSession().sparkContext(), StoredModels.of(settings), settings.models());
    return new Work(
        Identified.rows(HiddenColumns.last(input), ColumnSettings.idColumn(settings.settings())),
        new CdslUdf(settings, models, own.size(), listener),
        schema);
  }

  /**
   * The schema that {@link #generate(Dataset, GenerationSettings)} gives; no model is looked at.
   *
   * @throws IllegalArgumentException if a column is missing, or the input already has an output
   *     column, or one of a name of {@link HiddenColumns}
   */
  public static StructType schema(Dataset<Row> input, GenerationSettings settings) {
    StructType own = HiddenColumns.own(input);
    StructType schema =
        OutputSchema.generated(
            own, settings.settings().get(ColumnSettings.PREFIX), CdslUdf.writesAll(settings));
    require(own, columns(settings));
    return schema;
  }

  /** What each column of the input holds that the settings name, by its name. */
  public static Map<String, String> columns(GenerationSettings settings) {
    Map<String, String> needed = new LinkedHashMap<>();
    settings.prompt().columns().forEach(column -> needed.put(column, "the prompt"));
    addColumns(settings.rewards(), needed);
    RowSettings.columns(settings.settings()).forEach(needed::putIfAbsent);
    if (ColumnSettings.idColumn(settings.settings()) != null) {
      needed.putIfAbsent(ColumnSettings.idColumn(settings.settings()), "the id");
    }
    return needed;
  }

  /**
   * Adds functions to SQL, for this session: {@code keyword_coverage(text, concepts)}, {@code
   * forbidden_words(text, words)}, {@code json_conformity(text, schema)}, each in [0, 1] and equal
   * to what the jobs write of such a reward; and {@code harmless_score(text)} by the embedded
   * classifier, where its folder is below {@code FORESIGHT_HOME} or the working folder. Each is
   * null where the text is, or where the reward cannot judge by what it is given. Texts of a
   * projection, a filter or an aggregation go to a classifier many at a time.
   */
  public static void register(SparkSession spark) {
    SqlFunctions.register(spark);
  }

  /**
   * Adds those, and {@code NAME_score(text)} of each reward that the settings use, hyphens of whose
   * name become underscores. One that reads columns is called {@code NAME_score(text,
   * struct(column, ...))}.
   *
   * @throws io.foresight.settings.SettingsException with everything that is wrong with them
   * @throws io.foresight.model.text.ModelException if a remote model cannot be listed
   */
  public static void register(SparkSession spark, Settings settings) {
    SqlFunctions.register(spark, settings);
  }

  /**
   * Scores texts that exist already, by the rewards that generation follows. Lazy, as {@link
   * #generate(Dataset, GenerationSettings)}.
   *
   * @param input rows with the columns that {@code settings} name
   * @return the input's columns, then {@code reward}, {@code constraint_scores}, {@code satisfied},
   *     {@code error} and {@code error_kind}, each after the settings' prefix; null as in {@link
   *     #generate(Dataset, GenerationSettings)}. One row per input row; of one that cannot be
   *     scored {@code error} says why, and the rest is null
   * @throws IllegalArgumentException if a column is missing, the input already has an output
   *     column, or one of a name of {@link HiddenColumns}, or the rewards cannot be used
   * @throws io.foresight.model.text.ModelException if a remote model cannot be listed
   */
  public static Dataset<Row> score(Dataset<Row> input, ScoringSettings settings) {
    return scoring(input, settings, RowListener.NONE).placed();
  }

  /** As {@link #score(Dataset, ScoringSettings)}; {@code progress} follows the rows. */
  public static Dataset<Row> score(
      Dataset<Row> input, ScoringSettings settings, Progress progress) {
    return scoring(input, settings, progress.rowListener()).placed();
  }

  /**
   * {@link #score(Dataset, ScoringSettings, Progress)} for a run; rows are known by their content.
   */
  public static Work scoring(Dataset<Row> input, ScoringSettings settings, Progress progress) {
    return scoring(input, settings, progress.rowListener());
  }

  private static Work scoring(Dataset<Row> input, ScoringSettings settings, RowListener listener) {
    StructType own = HiddenColumns.own(input);
    StructType schema = OutputSchema.scored(own, settings.settings().get(ColumnSettings.PREFIX));
    Map<String, String> needed = new LinkedHashMap<>();
    needed.put(settings.textColumn(), "the texts");
    addColumns(settings.rewards(), needed);
    require(own, needed);
    DataType type = own.apply(settings.textColumn()).dataType();
    if (!type.equals(DataTypes.StringType)) {
      throw new IllegalArgumentException(
          "Cannot score column %s: its type is %s. Give a column of texts."
              .formatted(settings.textColumn(), type.simpleString()));
    }
    SparkContext spark = input.sparkSession().sparkContext();
    RunModels models =
        RunModels.locate(spark, StoredModels.of(settings), settings.rewards().models());
    return new Work(
        Identified.rows(HiddenColumns.last(input), null),
        new ScoreUdf(settings, models, own.size(), listener),
        schema);
  }

  /**
   * How probable texts are to a model that need not have made them, for a run; rows are known by
   * their content.
   *
   * @param input rows with the columns that {@code settings} name
   * @return work that gives the input's columns, then {@code tokens} of the judge's own tokenizer,
   *     {@code log_prob} of these given the prompt, {@code error} and {@code error_kind}, each
   *     after the settings' prefix
   * @throws IllegalArgumentException if a column is missing, or the input already has one of these
   * @throws io.foresight.model.text.ModelException if a remote model cannot be listed
   */
  public static Work judging(Dataset<Row> input, JudgingSettings settings, Progress progress) {
    StructType own = HiddenColumns.own(input);
    StructType schema = OutputSchema.judged(own, settings.settings().get(ColumnSettings.PREFIX));
    Map<String, String> needed = new LinkedHashMap<>();
    needed.put(settings.textColumn(), "the texts");
    settings.prompt().columns().forEach(column -> needed.putIfAbsent(column, "the prompt"));
    require(own, needed);
    StoreSettings store =
        new StoreSettings(
            settings.settings().get(StoreSettings.LOCAL_CACHE).strip(),
            settings.settings().get(StoreSettings.LOCAL_CACHE_SIZE));
    RunModels models =
        RunModels.locate(input.sparkSession().sparkContext(), store, List.of(settings.model()));
    return new Work(
        Identified.rows(HiddenColumns.last(input), null),
        new JudgeUdf(settings, models, own.size(), progress.rowListener()),
        schema);
  }

  /**
   * The prompts of a few rows, as the executors would build them; for a look before a run. A row of
   * which none can be made has the reason in its place.
   *
   * @param settings with models in folders of this host
   */
  public static List<String> prompts(Dataset<Row> rows, GenerationSettings settings) {
    Prompts prompts = Prompts.of(settings.prompt(), Path.of(settings.targetModel()));
    return rows.collectAsList().stream().map(row -> promptOrReason(prompts, row)).toList();
  }

  private static String promptOrReason(Prompts prompts, Row row) {
    String unreadable = HiddenColumns.inputError(row);
    if (unreadable != null) {
      return unreadable;
    }
    try {
      return prompts.text(Rows.values(row));
    } catch (IllegalArgumentException | RowFault e) {
      return e.getMessage();
    }
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
  private static void require(StructType input, Map<String, String> needed) {
    List<String> columns = Arrays.asList(input.fieldNames());
    String missing =
        needed.entrySet().stream()
            .filter(column -> !columns.contains(column.getKey()))
            .map(
                column ->
                    "Cannot find column %s, which holds %s: the input has %s. %s"
                        .formatted(
                            column.getKey(),
                            column.getValue(),
                            columns,
                            suggestion(column.getKey(), columns)))
            .collect(joining("\n"));
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(missing);
    }
  }

  private static String suggestion(String wanted, List<String> columns) {
    return columns.stream()
        .filter(wanted::equalsIgnoreCase)
        .findFirst()
        .map("Did you mean %s?"::formatted)
        .orElse("Name the column in the settings.");
  }
}
