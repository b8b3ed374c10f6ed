package io.foresight.jobs.input;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.hex;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.input.files.InputFile;
import io.foresight.jobs.input.files.InputFiles;
import io.foresight.jobs.input.files.InputFormat;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.input.files.InputSettings;
import io.foresight.jobs.input.parquet.ParquetTable;
import io.foresight.jobs.input.schema.Expectations;
import io.foresight.jobs.input.text.TextTable;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.run.RunException;
import io.foresight.spark.run.RunRequest;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;

/**
 * Reads the rows of a run, and checks what can be known before any of them is worked on. Columns
 * that the settings name have the types that are expected of them; ids and texts are spelled as in
 * the file. A row that cannot be read so is there all the same, and says why in the column {@link
 * HiddenColumns#INPUT_ERROR}, which is the last and null for all others.
 */
public final class InputReader {

  private InputReader() {}

  /**
   * Reads prompts.
   *
   * @throws RunException of kind input, if the input is missing or unreadable as a whole, or a
   *     column that the settings name is of another type
   */
  public static Dataset<Row> read(
      SparkSession spark, InputSettings input, GenerationSettings settings) {
    return read(spark, input, Expectations.of(settings));
  }

  /**
   * Reads texts to score.
   *
   * @param id column whose numbers are kept as they are spelled; null for none
   * @throws RunException as {@link #read}
   */
  public static Dataset<Row> readTexts(
      SparkSession spark, InputSettings input, ScoringSettings settings, String id) {
    return read(spark, input, Expectations.of(settings, id));
  }

  /**
   * What an input's files look like from outside, without reading them.
   *
   * @throws RunException as {@link #read}
   */
  public static RunRequest.InputFiles files(SparkSession spark, InputSettings settings) {
    List<InputFile> files =
        InputFiles.find(spark.sparkContext().hadoopConfiguration(), settings).files();
    return RunRequest.InputFiles.of(
        files.stream()
            .map(file -> "%s %d %d".formatted(file.path(), file.length(), file.modified()))
            .toList(),
        // How much the first rows take, nobody knows who has not read them.
        settings.limit() > 0 ? 0 : files.stream().mapToLong(InputFile::length).sum(),
        "limit " + settings.limit());
  }

  private static Dataset<Row> read(
      SparkSession spark, InputSettings settings, Expectations expected) {
    keepTimesAsTheyAre(spark);
    InputFiles files = InputFiles.find(spark.sparkContext().hadoopConfiguration(), settings);
    files.tellBeside();
    try {
      Dataset<Row> rows =
          files.format() == InputFormat.PARQUET
              ? new ParquetTable(spark, settings).read(files.files())
              : new TextTable(spark, settings, expected, files.format()).read(files.files());
      requireNames(rows);
      requireTypes(rows, expected);
      return rows;
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      throw told(e, settings, files.format());
    }
  }

  /** Dates before 1900, and times to the microsecond, read and written without a change. */
  private static void keepTimesAsTheyAre(SparkSession spark) {
    spark.conf().set("spark.sql.legacy.parquet.nanosAsLong", "true");
    spark.conf().set("spark.sql.datetime.java8API.enabled", "true");
    spark.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
    spark.conf().set("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED");
  }

  private static RuntimeException told(Exception e, InputSettings settings, InputFormat format) {
    if (RunException.isOfInterruption(e)) {
      return RunException.interrupted(e);
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RunException told) {
        return told;
      }
      if (cause instanceof InputProblem.ReasonException || cause instanceof AnalysisException) {
        String reason = cause.getMessage().lines().findFirst().orElse("").replaceFirst("\\.$", "");
        return new RunException(
            RunException.Kind.INPUT,
            "Cannot read input %s as %s: %s."
                .formatted(settings.shown(), format.spelling(), reason),
            e);
      }
    }
    return e instanceof RuntimeException unchecked
        ? unchecked
        : new IllegalStateException("Cannot read input " + settings.shown() + ".", e);
  }

  private static void requireNames(Dataset<Row> rows) {
    String[] names = rows.columns();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < names.length - 1; i++) {
      String name = names[i];
      if (HiddenColumns.isReserved(name)) {
        throw InputProblem.because(
            "it has a column %s, a name of Foresight's own. Rename it".formatted(name));
      }
      if (name.isEmpty()) {
        throw InputProblem.because("it has a column without a name. Name it");
      }
      if (!seen.add(name.toLowerCase(Locale.ROOT))) {
        throw InputProblem.because(
            "it has two columns %s, which differ in case only. Rename one of them".formatted(name));
      }
    }
  }

  private static void requireTypes(Dataset<Row> rows, Expectations expected) {
    for (StructField field : rows.schema().fields()) {
      String wanted = expected.wanted(field.name(), field.dataType());
      if (wanted != null) {
        throw InputProblem.told(
            "Cannot use column %s: its type is %s. Give %s, or name another column in input.columns."
                .formatted(field.name(), field.dataType().simpleString(), wanted));
      }
    }
  }

  /**
   * Makes something of an input.
   *
   * @param made refuses it by an IllegalArgumentException
   * @throws RunException of kind input, with that one's message
   */
  public static <T> T usable(Supplier<T> made) {
    try {
      return made.get();
    } catch (IllegalArgumentException e) {
      throw new RunException(RunException.Kind.INPUT, e.getMessage(), e);
    }
  }

  /**
   * Counts the rows, and the ids in the same aggregation. Rows that could not be read need no id.
   *
   * @param id column of ids; {@code null} if they are derived
   * @throws RunException of kind input, if ids are null or stand in several rows
   */
  public static long countWithUniqueIds(Dataset<Row> prompts, String id) {
    if (id == null) {
      return prompts.count();
    }
    Column value = ColumnNames.column(id);
    boolean binary = prompts.schema().apply(id).dataType().equals(DataTypes.BinaryType);
    Column one = col("id");
    Column rows = col("rows");
    Column read = col("read");
    Row found =
        prompts
            .groupBy(
                (binary ? hex(value) : value).as("id"),
                ColumnNames.column(HiddenColumns.INPUT_ERROR).isNull().as("read"))
            .agg(count(lit(1)).as("rows"))
            .agg(
                sum(rows),
                sum(when(read.and(one.isNull()), rows)),
                sum(when(read.and(one.isNotNull()).and(rows.gt(1)), lit(1))),
                min(when(read.and(rows.gt(1)), one.cast("string"))))
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

  private static RunException badIds(String id, String reason) {
    return InputProblem.told(
        "Cannot use column %s as id: %s. Make ids unique, or set input.columns.id = \"\" to derive them."
            .formatted(id, reason));
  }

  /**
   * What a failed job says of its input, if that made it fail: a file whose rows turned out to be
   * damaged, or could not be reached, when they were needed. Null if it says nothing.
   */
  public static RunException problem(Throwable failure) {
    return InputProblem.whileReading(failure);
  }
}
