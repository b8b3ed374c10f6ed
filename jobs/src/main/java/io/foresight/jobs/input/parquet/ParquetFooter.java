package io.foresight.jobs.input.parquet;

import io.foresight.jobs.input.files.InputFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.format.converter.ParquetMetadataConverter;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.ParquetMetadata;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntervalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.UUIDLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.execution.datasources.parquet.ParquetToSparkSchemaConverter;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DayTimeIntervalType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.YearMonthIntervalType;

/**
 * What a Parquet file says of itself.
 *
 * @param schema how Spark is to read it; null if it cannot be read
 * @param rows how many it has
 * @param damage why nothing can be read of it; null if it is whole
 * @param unsupported what it holds that cannot be read, though it is whole; null for nothing
 */
public record ParquetFooter(
    InputFile file, Schema schema, long rows, String damage, String unsupported)
    implements Serializable {

  private static final long serialVersionUID = 1;

  private static final String SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata";

  /**
   * Bytes are no texts, times of 96 bits are times, case matters, times of no zone are such, and
   * nanoseconds are numbers.
   */
  private static final ParquetToSparkSchemaConverter CONVERTER =
      new ParquetToSparkSchemaConverter(false, true, true, true, true);

  private static final String MAGIC = "PAR1";
  private static final String ENCRYPTED = "PARE";

  /** Bytes behind the footer: its length and the magic number, which is before all data, too. */
  private static final int TAIL = Integer.BYTES + MAGIC.length();

  /** Bytes that are read at once; most footers are shorter. */
  private static final int LIKELY = 1 << 16;

  /** Bytes of a footer from which on its length is taken for damage. */
  private static final int LONGEST = 256 << 20;

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

  /** That bytes of a file are not what they should be; the message is a reason. */
  public static final class DamagedException extends Exception {

    private static final long serialVersionUID = 1;

    DamagedException(String reason) {
      super(reason);
    }
  }

  /**
   * Reads a file's footer, and checks that what it names lies in the file.
   *
   * @throws IOException if the file cannot be reached
   */
  public static ParquetFooter of(InputFile file, Configuration hadoop) throws IOException {
    try {
      // What is thrown from here on is not the storage's.
      ParquetMetadata footer = parsed(bytes(file, hadoop));
      long rows = 0;
      for (BlockMetaData block : footer.getBlocks()) {
        requireInside(block, file.length());
        rows += block.getRowCount();
      }
      MessageType message = footer.getFileMetaData().getSchema();
      String unsupported = unsupported(file, message);
      String written = footer.getFileMetaData().getKeyValueMetaData().get(SPARK_SCHEMA);
      return unsupported == null
          ? new ParquetFooter(file, schema(message, written), rows, null, null)
          : new ParquetFooter(file, null, rows, null, unsupported);
    } catch (DamagedException e) {
      return new ParquetFooter(
          file,
          null,
          0,
          "Cannot read %s: it is no whole Parquet file (%s). None of its rows can be read."
              .formatted(file.shown(), e.getMessage()),
          null);
    } catch (UnsupportedException e) {
      return new ParquetFooter(
          file,
          null,
          0,
          null,
          "Cannot read input %s: Spark cannot read its schema: %s."
              .formatted(file.shown(), e.getMessage()));
    }
  }

  /** The footer as it lies in the file. */
  private static byte[] bytes(InputFile file, Configuration hadoop)
      throws IOException, DamagedException {
    long length = file.length();
    if (length < MAGIC.length() + TAIL) {
      throw new DamagedException("it has %d bytes".formatted(length));
    }
    Path path = file.hadoop();
    try (FSDataInputStream in = path.getFileSystem(hadoop).open(path)) {
      byte[] end = new byte[(int) Math.min(LIKELY, length)];
      in.readFully(length - end.length, end);
      String magic =
          new String(end, end.length - MAGIC.length(), MAGIC.length(), StandardCharsets.ISO_8859_1);
      if (magic.equals(ENCRYPTED)) {
        throw new DamagedException("its footer is encrypted");
      }
      if (!magic.equals(MAGIC)) {
        throw new DamagedException("it does not end in " + MAGIC);
      }
      int size = ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN).getInt(end.length - TAIL);
      if (size <= 0 || size > LONGEST || size > length - MAGIC.length() - TAIL) {
        throw new DamagedException("its footer would have %d bytes".formatted(size));
      }
      if (size + TAIL <= end.length) {
        return Arrays.copyOfRange(end, end.length - TAIL - size, end.length - TAIL);
      }
      byte[] footer = new byte[size];
      in.readFully(length - TAIL - size, footer);
      return footer;
    }
  }

  private static ParquetMetadata parsed(byte[] bytes) throws DamagedException {
    ThriftBytes.requireWhole(bytes);
    try {
      return new ParquetMetadataConverter()
          .readParquetMetadata(new ByteArrayInputStream(bytes), ParquetMetadataConverter.NO_FILTER);
    } catch (IOException | RuntimeException e) {
      // The library's own, of any kind, since it takes what the bytes say for true.
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new DamagedException(reason.length() > 300 ? reason.substring(0, 300) : reason);
    }
  }

  private static void requireInside(BlockMetaData block, long length) throws DamagedException {
    if (block.getRowCount() < 0) {
      throw new DamagedException("a row group has " + block.getRowCount() + " rows");
    }
    for (ColumnChunkMetaData column : block.getColumns()) {
      long start = column.getStartingPos();
      if (start < 4 || column.getTotalSize() < 0 || start > length - column.getTotalSize()) {
        throw new DamagedException("column " + column.getPath() + " lies outside of it");
      }
    }
  }

  /** That Spark has no type for what a whole file holds. */
  private static final class UnsupportedException extends Exception {

    private static final long serialVersionUID = 1;

    UnsupportedException(String reason) {
      super(reason);
    }
  }

  /** What Spark would refuse without a name, or change in silence; null for nothing. */
  private static String unsupported(InputFile file, MessageType message) {
    for (Type field : message.getFields()) {
      String found = unsupported(field, field.getName(), true);
      if (found != null) {
        return "Cannot read input %s: its column %s. Write it as a text or a number, or leave it out."
            .formatted(file.shown(), found);
      }
    }
    return null;
  }

  private static String unsupported(Type type, String path, boolean top) {
    if (!type.isPrimitive()) {
      for (Type field : type.asGroupType().getFields()) {
        String found = unsupported(field, path + "." + field.getName(), false);
        if (found != null) {
          return found;
        }
      }
      return null;
    }
    LogicalTypeAnnotation annotation = type.getLogicalTypeAnnotation();
    if (annotation instanceof IntervalLogicalTypeAnnotation) {
      return path + " holds intervals, which Spark does not read";
    }
    if (annotation instanceof TimeLogicalTypeAnnotation) {
      return path + " holds times of day, which Spark does not read";
    }
    if (top && !type.isRepetition(Type.Repetition.REPEATED)) {
      return null;
    }
    if (annotation instanceof UUIDLogicalTypeAnnotation) {
      return path + " holds UUIDs within a structure, which would be read as bytes";
    }
    return isNanos(annotation)
        ? path + " holds nanoseconds within a structure, which would be read as numbers"
        : null;
  }

  private static boolean isNanos(LogicalTypeAnnotation annotation) {
    return annotation instanceof TimestampLogicalTypeAnnotation time
        && time.getUnit() == TimeUnit.NANOS;
  }

  private static Schema schema(MessageType message, String written)
      throws DamagedException, UnsupportedException {
    Set<String> uuids = new HashSet<>();
    Set<String> moments = new HashSet<>();
    Set<String> localTimes = new HashSet<>();
    List<Type> fields = new ArrayList<>();
    for (Type field : message.getFields()) {
      LogicalTypeAnnotation annotation = field.getLogicalTypeAnnotation();
      if (annotation instanceof UUIDLogicalTypeAnnotation) {
        uuids.add(field.getName());
        fields.add(asBytes(field));
        continue;
      }
      if (isNanos(annotation)) {
        boolean utc = ((TimestampLogicalTypeAnnotation) annotation).isAdjustedToUTC();
        (utc ? moments : localTimes).add(field.getName());
      }
      fields.add(field);
    }
    StructType held = held(new MessageType(message.getName(), fields));
    StructType noted = noted(written);
    // A note that says otherwise than the columns themselves is damaged, or they are.
    String json = noted != null && agree(noted, held) ? noted.json() : held.json();
    return new Schema(json, Set.copyOf(uuids), Set.copyOf(moments), Set.copyOf(localTimes));
  }

  private static StructType held(MessageType message)
      throws DamagedException, UnsupportedException {
    try {
      return CONVERTER.convert(message);
    } catch (RuntimeException e) {
      throw new DamagedException(String.valueOf(e.getMessage()));
    } catch (Exception e) {
      // Scala code does not declare checked ones.
      if (e instanceof AnalysisException) {
        throw new UnsupportedException(
            e.getMessage().lines().findFirst().orElse("").replaceFirst("\\.$", ""));
      }
      throw new IllegalStateException("Cannot convert a schema.", e);
    }
  }

  /** What Spark noted of its own types; null if that is none. */
  private static StructType noted(String json) {
    try {
      return json != null && DataType.fromJson(json) instanceof StructType type ? type : null;
    } catch (Exception e) {
      // A damaged note is none; the file's own types are read instead. Of any type: Scala code does
      // not declare checked ones.
      return null;
    }
  }

  /** Whether a type that Spark noted is that of a column; of intervals only the note tells. */
  private static boolean agree(DataType noted, DataType held) {
    if (noted instanceof StructType n && held instanceof StructType h) {
      boolean all = n.length() == h.length();
      for (int i = 0; all && i < n.length(); i++) {
        StructField field = n.fields()[i];
        all =
            field.name().equals(h.fields()[i].name())
                && agree(field.dataType(), h.fields()[i].dataType());
      }
      return all;
    }
    if (noted instanceof ArrayType n && held instanceof ArrayType h) {
      return agree(n.elementType(), h.elementType());
    }
    if (noted instanceof MapType n && held instanceof MapType h) {
      return agree(n.keyType(), h.keyType()) && agree(n.valueType(), h.valueType());
    }
    return noted.equals(held)
        || (noted instanceof DayTimeIntervalType && held.equals(DataTypes.LongType))
        || (noted instanceof YearMonthIntervalType && held.equals(DataTypes.IntegerType));
  }

  /** A UUID as the bytes that it is, since Spark refuses it. */
  private static Type asBytes(Type type) {
    return Types.primitive(type.asPrimitiveType().getPrimitiveTypeName(), type.getRepetition())
        .length(type.asPrimitiveType().getTypeLength())
        .named(type.getName());
  }
}
