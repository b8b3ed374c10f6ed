package io.foresight.jobs.input;

import java.io.EOFException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.UUIDLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/**
 * What a Parquet file says of itself.
 *
 * @param schema how Spark is to read it
 * @param rows how many it has
 * @param problem why it cannot be read; null if it can
 */
record ParquetFooter(InputFile file, Schema schema, long rows, String problem)
    implements Serializable {

  private static final long serialVersionUID = 1;

  private static final String SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata";

  /**
   * Columns and their types.
   *
   * @param json of Spark's type
   * @param uuids columns of bytes that are UUIDs
   * @param moments columns of nanoseconds since 1970 in UTC
   * @param localTimes the same in no time zone
   */
  record Schema(String json, Set<String> uuids, Set<String> moments, Set<String> localTimes)
      implements Serializable {

    private static final long serialVersionUID = 1;

    StructType type() {
      return (StructType) DataType.fromJson(json);
    }
  }

  /**
   * Reads a file's footer, and checks that what it names lies in the file.
   *
   * @throws IOException if the file cannot be reached
   */
  static ParquetFooter of(InputFile file, Configuration hadoop) throws IOException {
    HadoopInputFile opened = HadoopInputFile.fromPath(file.hadoop(), hadoop);
    try (ParquetFileReader reader = ParquetFileReader.open(opened)) {
      ParquetMetadata footer = reader.getFooter();
      for (BlockMetaData block : footer.getBlocks()) {
        requireInside(block, opened.getLength());
      }
      Schema schema = schema(footer, hadoop);
      return new ParquetFooter(file, schema, reader.getRecordCount(), null);
    } catch (IOException e) {
      // The library wraps in these what it finds damaged, too.
      if (!(e instanceof EOFException)
          && !String.valueOf(e.getMessage()).startsWith("can not read class")) {
        throw e;
      }
      return damaged(file, e);
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
      // A damaged length asks for all there is.
      return damaged(file, e);
    }
  }

  private static ParquetFooter damaged(InputFile file, Throwable e) {
    String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return new ParquetFooter(
        file,
        null,
        0,
        "Cannot read %s: it is no whole Parquet file (%s). None of its rows can be read."
            .formatted(file.shown(), reason.length() > 300 ? reason.substring(0, 300) : reason));
  }

  private static void requireInside(BlockMetaData block, long length) {
    if (block.getRowCount() < 0) {
      throw new IllegalArgumentException("a row group has " + block.getRowCount() + " rows");
    }
    for (ColumnChunkMetaData column : block.getColumns()) {
      long start = column.getStartingPos();
      if (start < 4 || column.getTotalSize() < 0 || start > length - column.getTotalSize()) {
        throw new IllegalArgumentException("column " + column.getPath() + " lies outside of it");
      }
    }
  }

  private static Schema schema(ParquetMetadata footer, Configuration hadoop) {
    MessageType message = footer.getFileMetaData().getSchema();
    Set<String> uuids = new HashSet<>();
    Set<String> moments = new HashSet<>();
    Set<String> localTimes = new HashSet<>();
    List<Type> fields = new ArrayList<>();
    for (Type field : message.getFields()) {
      LogicalTypeAnnotation annotation = field.getLogicalTypeAnnotation();
      if (annotation instanceof UUIDLogicalTypeAnnotation) {
        uuids.add(field.getName());
      } else if (annotation instanceof TimestampLogicalTypeAnnotation time
          && time.getUnit() == TimeUnit.NANOS) {
        (time.isAdjustedToUTC() ? moments : localTimes).add(field.getName());
      }
      fields.add(withoutUuids(field));
    }
    String written = footer.getFileMetaData().getKeyValueMetaData().get(SPARK_SCHEMA);
    Configuration types = new Configuration(hadoop);
    types.set("spark.sql.parquet.binaryAsString", "false");
    types.set("spark.sql.parquet.int96AsTimestamp", "true");
    types.set("spark.sql.caseSensitive", "true");
    types.set("spark.sql.parquet.inferTimestampNTZ.enabled", "true");
    types.set("spark.sql.legacy.parquet.nanosAsLong", "true");
    StructType held =
        new ParquetToSparkSchemaConverter(types)
            .convert(new MessageType(message.getName(), fields));
    String noted = written == null ? null : validated(written, message);
    // A note that says otherwise than the columns themselves is damaged, or they are.
    boolean agrees =
        noted != null && DataType.fromJson(noted).asNullable().equals(held.asNullable());
    String json = agrees ? noted : held.json();
    return new Schema(json, Set.copyOf(uuids), Set.copyOf(moments), Set.copyOf(localTimes));
  }

  /** What Spark noted of its own types; null if that is not of this file's columns. */
  private static String validated(String json, MessageType message) {
    try {
      StructType type = (StructType) DataType.fromJson(json);
      List<String> names = message.getFields().stream().map(Type::getName).toList();
      return names.equals(List.of(type.fieldNames())) ? type.json() : null;
    } catch (Exception e) {
      // A damaged note is none; the file's own types are read instead. Of any type: Scala code does
      // not declare checked ones.
      return null;
    }
  }

  /** UUIDs as the bytes that they are, since Spark refuses them. */
  private static Type withoutUuids(Type type) {
    if (type instanceof GroupType group) {
      return group.withNewFields(group.getFields().stream().map(f -> withoutUuids(f)).toList());
    }
    return type.getLogicalTypeAnnotation() instanceof UUIDLogicalTypeAnnotation
        ? Types.primitive(type.asPrimitiveType().getPrimitiveTypeName(), type.getRepetition())
            .length(type.asPrimitiveType().getTypeLength())
            .named(type.getName())
        : type;
  }
}
