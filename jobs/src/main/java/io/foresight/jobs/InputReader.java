package io.foresight.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.split;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** Reads the prompts. */
final class InputReader {

  private InputReader() {}

  /**
   * Reads JSONL, Parquet or CSV (with a header; concepts separated by spaces).
   *
   * @throws IllegalArgumentException if the input is missing or the concepts are no list of texts
   */
  static Dataset<Row> read(SparkSession spark, JobSettings settings) throws IOException {
    Path path = new Path(settings.input());
    if (!path.getFileSystem(spark.sparkContext().hadoopConfiguration()).exists(path)) {
      throw new IllegalArgumentException(
          "Cannot read input %s: there is no such file or folder. Give --input."
              .formatted(settings.input()));
    }
    Dataset<Row> rows =
        switch (settings.inputFormat()) {
          case "jsonl" -> spark.read().json(settings.input());
          case "csv" -> spark.read().option("header", "true").csv(settings.input());
          default -> spark.read().parquet(settings.input());
        };
    String concepts = settings.generation().conceptsColumn();
    if (settings.inputFormat().equals("csv") && rows.schema().getFieldIndex(concepts).isDefined()) {
      rows = rows.withColumn(concepts, split(col("`" + concepts + "`"), " +"));
    }
    if (rows.schema().getFieldIndex(concepts).isDefined()) {
      DataType type = rows.schema().apply(concepts).dataType();
      if (!(type instanceof ArrayType array && array.elementType().equals(DataTypes.StringType))) {
        throw new IllegalArgumentException(
            "Cannot use column %s: its type is %s. Give a list of texts."
                .formatted(concepts, type.simpleString()));
      }
    }
    return settings.limit() > 0 ? rows.limit(settings.limit()) : rows;
  }
}
