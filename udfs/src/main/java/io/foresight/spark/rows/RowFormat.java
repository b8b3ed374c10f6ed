package io.foresight.spark.rows;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.spark.sql.execution.datasources.FileFormat;
import org.apache.spark.sql.execution.datasources.json.JsonFileFormat;
import org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat;
import org.apache.spark.sql.sources.DataSourceRegister;

/** How rows lie in the files of an output: all that differs between one format and another. */
public enum RowFormat {
  /** Apache Parquet. */
  PARQUET {
    @Override
    public FileFormat files() {
      return new ParquetFileFormat();
    }

    @Override
    public Map<String, String> options() {
      return Map.of();
    }

    @Override
    public Map<String, String> rowByRow() {
      // Whole batches of columns would have to be taken apart again.
      return Map.of(FileFormat.OPTION_RETURNING_BATCH(), "false");
    }

    @Override
    public String compression(Configuration configuration, String extension) {
      for (CompressionCodecName codec : CompressionCodecName.values()) {
        if (extension.equals(codec.getExtension() + ".parquet")) {
          return codec.name().toLowerCase(Locale.ROOT);
        }
      }
      return super.compression(configuration, extension);
    }
  },
  /** A JSON object per line. */
  JSONL {
    @Override
    public FileFormat files() {
      return new JsonFileFormat();
    }

    @Override
    public Map<String, String> options() {
      return asJson(
          Map.of(
              // Every row has every column, for those who infer a schema from some of them.
              "ignoreNullFields",
              "false",
              // What is no row any more is told, and not taken for a row of nulls.
              "mode",
              "FAILFAST",
              // By default a column of the user's own that has the default's name is not read.
              "columnNameOfCorruptRecord",
              HiddenColumns.INPUT_ERROR));
    }
  };

  /**
   * How JSON holds what Spark's own defaults would lose: digits of times below the millisecond, and
   * seconds of the offsets that zones had long ago.
   */
  private static final Map<String, String> AS_JSON =
      Map.of(
          "timestampFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXXXX",
          "timestampNTZFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS");

  /** Spark's readers and writers of such files. */
  public abstract FileFormat files();

  /** Their options by which what is written is read back as it was. */
  public abstract Map<String, String> options();

  /** Further options, of readers that give a row at a time. */
  public Map<String, String> rowByRow() {
    return Map.of();
  }

  /** Spark's name of what files are compressed with whose names end so. */
  public String compression(Configuration configuration, String extension) {
    CompressionCodec codec =
        new CompressionCodecFactory(configuration).getCodec(new Path("file" + extension));
    return codec == null ? "none" : codec.getClass().getName();
  }

  /** Spark's name of the format. */
  public String sparkName() {
    return ((DataSourceRegister) files()).shortName();
  }

  /** Options of JSON that loses nothing, and others. */
  public static Map<String, String> asJson(Map<String, String> others) {
    Map<String, String> options = new HashMap<>(AS_JSON);
    options.putAll(others);
    return Map.copyOf(options);
  }
}
