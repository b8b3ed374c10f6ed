package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.settings.Secrets;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.ColumnNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Drops texts that share a run of words with test data. Texts shorter than such a run are compared
 * as wholes: the shorter one in the other, if it has {@value #FEWEST} words, or both equal.
 */
public final class References {

  /** Of fewer words, what is found in another text need not come from it. */
  static final int FEWEST = 4;

  private static final StructType GRAM =
      new StructType()
          .add("gram", DataTypes.LongType)
          .add("rank", DataTypes.LongType)
          .add("whole", DataTypes.BooleanType)
          .add("at", DataTypes.IntegerType)
          .add("length", DataTypes.IntegerType);

  private References() {}

  /**
   * The rows, decided.
   *
   * @throws io.foresight.spark.run.RunException of kind INPUT if a file or column is missing
   */
  public static Dataset<Row> of(Dataset<Row> rows, Settings settings) {
    List<String> paths = settings.get(CurationSettings.REFERENCES);
    if (paths.isEmpty()) {
      return Columns.kept(rows);
    }
    SparkSession spark = rows.sparkSession();
    int n = settings.get(CurationSettings.NGRAM);
    Dataset<Row> references = null;
    for (String path : paths) {
      Dataset<Row> some = read(spark, path, settings.get(CurationSettings.REFERENCE_COLUMNS));
      references = references == null ? some : references.union(some);
    }
    Dataset<Row> texts = rows.select(col(Columns.RANK), col(Columns.TEXT));
    List<Integer> shortRows = lengthsBelow(texts, n);
    List<Integer> shortReferences = lengthsBelow(references, n);
    Dataset<Row> of = grams(references, n, shortRows);
    Dataset<Row> in = grams(texts, n, shortReferences);
    Dataset<Row> known =
        of.groupBy("gram", "length").agg(org.apache.spark.sql.functions.max("whole").as("isWhole"));
    // A whole text of few words counts only if it is the whole of both.
    Column counts =
        col("length")
            .equalTo(n)
            .or(col("length").geq(FEWEST).and(col("whole").or(col("isWhole"))))
            .or(col("whole").and(col("isWhole")));
    Dataset<Row> found =
        in.join(
                known,
                scala.collection.JavaConverters.asScalaBuffer(List.of("gram", "length")).toSeq())
            .where(counts)
            .groupBy("rank")
            .agg(
                min(struct(col("length").multiply(-1).as("longest"), col("at"))).as("first"),
                org.apache.spark.sql.functions.count(lit(1)).as("overlaps"));
    Dataset<Row> joined =
        rows.join(
            found.withColumnRenamed("rank", "_rank"),
            rows.col(Columns.RANK).equalTo(col("_rank")),
            "left_outer");
    org.apache.spark.sql.api.java.UDF2<String, Row, String> words =
        (text, first) -> {
          if (first == null) {
            return null;
          }
          List<String> all = Texts.words(text);
          return String.join(" ", all.subList(first.getInt(1), first.getInt(1) - first.getInt(0)));
        };
    Column overlap = udf(words, DataTypes.StringType).apply(col(Columns.TEXT), col("first"));
    return Columns.decided(
            joined,
            when(col("_rank").isNotNull(), "in references"),
            when(col("_rank").isNotNull(), concat(lit("shares: "), overlap)))
        .drop("_rank", "first", "overlaps");
  }

  /** Numbers of words, below {@code n}, that some texts have. */
  private static List<Integer> lengthsBelow(Dataset<Row> texts, int n) {
    UDF1<String, Integer> length = text -> Texts.words(text).size();
    return new ArrayList<>(
        new TreeSet<>(
            texts
                .select(udf(length, DataTypes.IntegerType).apply(col(Columns.TEXT)).as("length"))
                .where(col("length").between(1, n - 1))
                .distinct()
                .as(Encoders.INT())
                .collectAsList()));
  }

  /** The runs of words of each text: those of {@code n} and of other lengths, and short wholes. */
  private static Dataset<Row> grams(Dataset<Row> texts, int n, List<Integer> lengths) {
    FlatMapFunction<Row, Row> grams =
        row -> {
          long[] words = Texts.hashes(Texts.words(row.getString(1)));
          List<Row> made = new ArrayList<>();
          TreeSet<Integer> all = new TreeSet<>(lengths);
          all.add(n);
          if (words.length > 0 && words.length < n) {
            all.add(words.length);
          }
          for (int length : all) {
            for (int at = 0; at + length <= words.length; at++) {
              long gram = 0;
              for (int i = at; i < at + length; i++) {
                gram = Texts.then(gram, words[i]);
              }
              made.add(RowFactory.create(gram, row.get(0), length == words.length, at, length));
            }
          }
          return made.iterator();
        };
    return texts.flatMap(grams, Encoders.row(GRAM));
  }

  private static Dataset<Row> read(SparkSession spark, String path, List<String> columns) {
    Dataset<Row> rows;
    String name = path.replaceFirst("/$", "").replaceFirst("\\.(gz|bz2|zst|snappy)$", "");
    try {
      if (name.endsWith(".parquet")) {
        rows = spark.read().parquet(path);
      } else if (name.matches(".*\\.(jsonl?|ndjson)")) {
        rows = spark.read().json(path);
      } else if (name.endsWith(".csv")) {
        rows = spark.read().option("header", "true").option("escape", "\"").csv(path);
      } else {
        return spark
            .read()
            .text(path)
            .select(lit(-1L).as(Columns.RANK), col("value").as(Columns.TEXT));
      }
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      throw unreadable(
          path, Secrets.reason(e).lines().findFirst().orElse("").replaceFirst("\\.$", ""));
    }
    Dataset<Row> texts = null;
    for (String column : columns) {
      if (!Arrays.asList(rows.columns()).contains(column)) {
        throw unreadable(
            path, "it has no column %s, but %s".formatted(column, Arrays.asList(rows.columns())));
      }
      DataType type = rows.schema().apply(column).dataType();
      Column values = ColumnNames.column(column);
      Column text =
          type instanceof ArrayType array && array.elementType().equals(DataTypes.StringType)
              ? explode(values)
              : type instanceof ArrayType
                  ? concat_ws(" ", values.cast("array<string>"))
                  : values.cast("string");
      Dataset<Row> some =
          rows.select(lit(-1L).as(Columns.RANK), text.as(Columns.TEXT))
              .where(col(Columns.TEXT).isNotNull());
      texts = texts == null ? some : texts.union(some);
    }
    return texts;
  }

  private static RuntimeException unreadable(String path, String reason) {
    return InputProblem.told(
        "Cannot read references %s: %s. Correct curate.references.path and curate.references.column."
            .formatted(path, reason));
  }
}
