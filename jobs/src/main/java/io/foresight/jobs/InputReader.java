package io.foresight.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.transform;
import static org.apache.spark.sql.functions.trim;
import static org.apache.spark.sql.functions.when;

import io.foresight.reward.RewardSpec;
import io.foresight.spark.ColumnNames;
import io.foresight.spark.GenerationSettings;
import java.util.Arrays;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.AtomicType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import scala.Tuple2;

/** Reads the prompts, and checks what can be known before any of them is decoded. */
final class InputReader {

  private static final DataType TEXTS = DataTypes.createArrayType(DataTypes.StringType);

  private InputReader() {}

  /**
   * Reads JSONL, Parquet or CSV. A CSV file has a header; its concepts are separated by spaces, its
   * forms by "|" within a concept and ";" between concepts.
   *
   * @throws IllegalArgumentException if the input is missing or unreadable, or a column that the
   *     settings name has the wrong type
   */
  static Dataset<Row> read(SparkSession spark, JobSettings settings) {
    if (!Storage.reach(spark, "read input", settings.input(), FileSystem::exists)) {
      throw new IllegalArgumentException(
          "Cannot read input %s: there is no such file or folder. Give --input."
              .formatted(settings.input()));
    }
    GenerationSettings generation = settings.generation();
    Dataset<Row> rows = load(spark, settings, format(spark, settings));
    for (RewardSpec.Named reward : generation.rewards().rewards()) {
      if ("keyword-coverage".equals(reward.settings().get("type"))) {
        requireList(rows, column(reward, "concepts"), TEXTS, "a list of texts");
        requireList(
            rows,
            column(reward, "forms"),
            DataTypes.createArrayType(TEXTS),
            "a list of texts per concept");
      }
    }
    if (generation.idColumn() != null && has(rows, generation.idColumn())) {
      DataType type = rows.schema().apply(generation.idColumn()).dataType();
      if (!(type instanceof AtomicType)) {
        throw wrongType(generation.idColumn(), type, "a text or a number");
      }
    }
    return settings.limit() > 0 ? first(spark, rows, settings.limit()) : rows;
  }

  private static String column(RewardSpec.Named reward, String name) {
    Object column = reward.settings().get(name + "-column");
    return column == null ? name : column.toString();
  }

  private static InputFormat format(SparkSession spark, JobSettings settings) {
    return settings.inputFormat() == InputFormat.AUTO
        ? Storage.reach(spark, "read input", settings.input(), InputFormat::of)
        : settings.inputFormat();
  }

  private static Dataset<Row> load(SparkSession spark, JobSettings settings, InputFormat format) {
    try {
      return switch (format) {
        case JSONL -> spark.read().option("mode", "FAILFAST").json(settings.input());
        case CSV -> csv(spark, settings);
        case PARQUET, AUTO -> spark.read().parquet(settings.input());
      };
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      throw unreadable(settings, format, e);
    }
  }

  private static IllegalArgumentException unreadable(
      JobSettings settings, InputFormat format, Exception e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return new IllegalArgumentException(
        "Cannot read input %s as %s: %s. Correct the file, or set input.format."
            .formatted(
                settings.input(),
                SettingsReader.spelling(format),
                String.valueOf(cause.getMessage())
                    .lines()
                    .findFirst()
                    .orElse("")
                    .strip()
                    .replaceFirst("\\.$", "")),
        e);
  }

  private static Dataset<Row> csv(SparkSession spark, JobSettings settings) {
    // As RFC 4180 has it: quotes are doubled, and may enclose a line break. Others are refused,
    // since one that is not closed would take in the rows up to the next.
    Dataset<Row> rows =
        spark
            .read()
            .option("header", "true")
            .option("mode", "FAILFAST")
            .option("multiLine", "true")
            .option("escape", "\"")
            .option("unescapedQuoteHandling", "RAISE_ERROR")
            .csv(settings.input());
    String concepts = settings.conceptsColumn();
    String forms = settings.formsColumn();
    if (has(rows, concepts)) {
      Column words = trim(ColumnNames.column(concepts));
      rows = rows.withColumn(concepts, when(words.notEqual(""), split(words, " +")));
    }
    if (has(rows, forms)) {
      rows =
          rows.withColumn(
              forms,
              transform(split(ColumnNames.column(forms), ";"), concept -> split(concept, "\\|")));
    }
    return rows;
  }

  /** The first rows in the file's order, whatever order partitions finish in. */
  private static Dataset<Row> first(SparkSession spark, Dataset<Row> rows, int limit) {
    return spark.createDataFrame(
        rows.javaRDD().zipWithIndex().filter(row -> row._2() < limit).map(Tuple2::_1),
        rows.schema());
  }

  private static void requireList(Dataset<Row> rows, String column, DataType wanted, String words) {
    if (has(rows, column)) {
      DataType type = rows.schema().apply(column).dataType();
      // Elements may be null by the schema; a null that is there makes an error row.
      if (!(type instanceof ArrayType) || !type.asNullable().equals(wanted)) {
        throw wrongType(column, type, words);
      }
    }
  }

  private static IllegalArgumentException wrongType(String column, DataType type, String wanted) {
    return new IllegalArgumentException(
        "Cannot use column %s: its type is %s. Give %s, or name another column in input.columns."
            .formatted(column, type.simpleString(), wanted));
  }

  private static boolean has(Dataset<Row> rows, String column) {
    return Arrays.asList(rows.columns()).contains(column);
  }

  /**
   * Counts the rows, and the ids in the same aggregation.
   *
   * @param id column of ids; {@code null} if they are derived
   * @throws IllegalArgumentException if ids are null or stand in several rows
   */
  static long countWithUniqueIds(Dataset<Row> prompts, String id) {
    if (id == null) {
      return prompts.count();
    }
    Column one = col("id");
    Column rows = col("rows");
    Row found =
        prompts
            .groupBy(ColumnNames.column(id).as("id"))
            .agg(count(lit(1)).as("rows"))
            .agg(
                sum(rows),
                sum(when(one.isNull(), rows)),
                sum(when(one.isNotNull().and(rows.gt(1)), lit(1))),
                min(when(rows.gt(1), one.cast("string"))))
            .head();
    if (!found.isNullAt(1)) {
      throw badIds(id, found.getLong(1) + " rows have none");
    }
    if (!found.isNullAt(2)) {
      throw badIds(
          id, found.getLong(2) + " ids stand in several rows, for example " + found.getString(3));
    }
    return found.isNullAt(0) ? 0 : found.getLong(0);
  }

  private static IllegalArgumentException badIds(String id, String reason) {
    return new IllegalArgumentException(
        "Cannot use column %s as id: %s. Make ids unique, or set input.columns.id = \"\" to derive them."
            .formatted(id, reason));
  }
}
