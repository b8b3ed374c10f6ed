package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The columns that rows have while they are curated, and what steps add to them. */
public final class Columns {

  /** A text's own name: id, number of its source, number of its sample. */
  public static final String UID = "uid";

  /** What rows of one prompt have in common. */
  public static final String KEY = "key";

  public static final String TEXT = "text";
  public static final String REWARD = "reward";

  /** The input's own columns that are kept along, a structure. */
  public static final String ALONG = "along";

  /** Place among all rows by reward, the highest first, then by uid; from 0. */
  public static final String RANK = "rank";

  /** Words of the text. */
  public static final String WORDS = "words";

  /** Why a row was dropped, in a word; null if it was kept. */
  public static final String REASON = "reason";

  /** The same, in numbers. */
  public static final String DETAIL = "detail";

  /** The uid of the row that was kept instead. */
  public static final String SIMILAR = "similar_to";

  /** Jaccard similarity of the two texts' words. */
  public static final String JACCARD = "jaccard";

  /** Those that may be written along without being the input's. */
  public static final List<String> OWN =
      List.of("id", "source", "sample", "reward", "status", "tokens");

  private Columns() {}

  /**
   * The shape of rows as they are read.
   *
   * @param along type of {@link #ALONG}; {@code null} if nothing is kept along
   */
  public static StructType row(DataType along) {
    StructType turn =
        new StructType().add("role", DataTypes.StringType).add("content", DataTypes.StringType);
    StructType row =
        new StructType()
            .add(UID, DataTypes.StringType)
            .add("id", DataTypes.StringType)
            .add("source", DataTypes.StringType)
            .add("sample", DataTypes.IntegerType)
            .add(KEY, DataTypes.StringType)
            .add("prompt", DataTypes.StringType)
            .add("messages", DataTypes.createArrayType(turn))
            .add(TEXT, DataTypes.StringType)
            .add(REWARD, DataTypes.DoubleType)
            .add("satisfied", DataTypes.BooleanType)
            .add("status", DataTypes.StringType)
            .add("error", DataTypes.StringType)
            .add("tokens", DataTypes.IntegerType)
            .add("log_prob", DataTypes.DoubleType)
            .add("stratum", DataTypes.StringType);
    return along == null ? row : row.add(ALONG, along);
  }

  /** Rows with what a step decided of them. */
  static Dataset<Row> decided(
      Dataset<Row> rows, Column reason, Column detail, Column similar, Column jaccard) {
    return rows.withColumn(REASON, reason.cast("string"))
        .withColumn(DETAIL, detail.cast("string"))
        .withColumn(SIMILAR, similar.cast("string"))
        .withColumn(JACCARD, jaccard.cast("double"));
  }

  /** The same for steps that find nothing similar. */
  static Dataset<Row> decided(Dataset<Row> rows, Column reason, Column detail) {
    return decided(rows, reason, detail, lit(null), lit(null));
  }

  /** Rows all of which are kept. */
  static Dataset<Row> kept(Dataset<Row> rows) {
    return decided(rows, lit(null), lit(null));
  }

  /** Those that a step kept, without what it added. */
  public static Dataset<Row> survivors(Dataset<Row> decided) {
    return decided.where(col(REASON).isNull()).drop(REASON, DETAIL, SIMILAR, JACCARD);
  }
}
