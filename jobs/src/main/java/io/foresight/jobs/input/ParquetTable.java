package io.foresight.jobs.input;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;

import io.foresight.jobs.input.ParquetFooter.Schema;
import io.foresight.spark.ColumnNames;
import io.foresight.spark.HiddenColumns;
import io.foresight.spark.run.RunException;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Parquet files as a dataset. Their footers tell their types, which may differ: files of one schema
 * are read together, and what they hold becomes the type that all have in common.
 */
final class ParquetTable {

  private static final long NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final UserDefinedFunction UUID_TEXT =
      udf(
          (UDF1<byte[], String>)
              bytes -> {
                if (bytes == null) {
                  return null;
                }
                ByteBuffer both = ByteBuffer.wrap(bytes);
                return new UUID(both.getLong(), both.getLong()).toString();
              },
          DataTypes.StringType);

  private static final UserDefinedFunction MOMENT_TEXT =
      udf(
          (UDF1<Long, String>) nanos -> nanos == null ? null : moment(nanos).toString(),
          DataTypes.StringType);

  private static final UserDefinedFunction LOCAL_TEXT =
      udf(
          (UDF1<Long, String>)
              nanos ->
                  nanos == null
                      ? null
                      : DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(
                          LocalDateTime.ofInstant(moment(nanos), ZoneOffset.UTC)),
          DataTypes.StringType);

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final InputSettings settings;

  ParquetTable(SparkSession spark, InputSettings settings) {
    this.spark = spark;
    this.settings = settings;
    context = JavaSparkContext.fromSparkContext(spark.sparkContext());
  }

  private static Instant moment(long nanos) {
    return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS));
  }

  Dataset<Row> read(List<InputFile> files) {
    List<ParquetFooter> footers = settings.limit() > 0 ? first(files) : footers(files);
    for (ParquetFooter footer : footers) {
      if (footer.problem() != null && settings.malformed() == Malformed.FAIL) {
        throw InputProblem.told(
            footer.problem() + " Replace it, or set input.malformed = row to go on without it.");
      }
    }
    List<ParquetFooter> whole = footers.stream().filter(f -> f.problem() == null).toList();
    if (whole.isEmpty()) {
      throw InputProblem.because(
          "%s Replace it, or set input.format".formatted(footers.get(0).problem()));
    }
    Set<String> partition = new LinkedHashSet<>();
    files.forEach(file -> partition.addAll(file.partition().keySet()));
    Map<String, DataType> common = common(whole);
    common.keySet().removeAll(partition);
    Column[] ofFolders = partition(whole, partition);
    Dataset<Row> all = null;
    for (List<ParquetFooter> group : groups(footers)) {
      Dataset<Row> rows =
          group.get(0).problem() == null
              ? rows(group, common, ofFolders)
              : unreadable(group, common, partition);
      all = all == null ? rows : all.union(rows);
    }
    return settings.limit() > 0 ? FirstRows.of(all, settings.limit()) : all;
  }

  /** Files that are read together; where the order of rows matters, neighbours only. */
  private List<List<ParquetFooter>> groups(List<ParquetFooter> footers) {
    if (settings.limit() > 0) {
      // One by one: of several, Spark reads the largest first.
      return footers.stream().map(List::of).toList();
    }
    Map<Object, List<ParquetFooter>> groups = new LinkedHashMap<>();
    for (ParquetFooter footer : footers) {
      Object key = footer.problem() == null ? footer.schema() : "";
      groups.computeIfAbsent(key, k -> new ArrayList<>()).add(footer);
    }
    return List.copyOf(groups.values());
  }

  /** Footers of as few files as have the rows. */
  private List<ParquetFooter> first(List<InputFile> files) {
    List<ParquetFooter> footers = new ArrayList<>();
    long rows = 0;
    for (int from = 0, count = 1; from < files.size() && rows < settings.limit(); count *= 4) {
      int to = Math.min(files.size(), from + count);
      for (ParquetFooter footer : footers(files.subList(from, to))) {
        if (rows < settings.limit()) {
          footers.add(footer);
          rows += footer.problem() == null ? footer.rows() : 1;
        }
      }
      from = to;
    }
    return footers;
  }

  private List<ParquetFooter> footers(List<InputFile> files) {
    Broadcast<SerializableConfiguration> hadoop =
        context.broadcast(
            new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
    int tasks = Math.min(files.size(), 4 * context.defaultParallelism());
    return context
        .parallelize(new ArrayList<>(files), tasks)
        .mapPartitions(
            some -> {
              // Equal schemas travel once.
              Map<Schema, Schema> known = new HashMap<>();
              List<ParquetFooter> found = new ArrayList<>();
              while (some.hasNext()) {
                ParquetFooter footer = footer(some.next(), hadoop.value());
                Schema schema =
                    footer.schema() == null
                        ? null
                        : known.computeIfAbsent(footer.schema(), same -> same);
                found.add(
                    new ParquetFooter(footer.file(), schema, footer.rows(), footer.problem()));
              }
              return found.iterator();
            })
        .collect();
  }

  private static ParquetFooter footer(InputFile file, SerializableConfiguration hadoop) {
    try {
      return ParquetFooter.of(file, hadoop.value());
    } catch (IOException e) {
      throw new RunException(
          RunException.Kind.INPUT,
          "Cannot read input %s: %s. Check the file and the access to it."
              .formatted(file.shown(), Locations.reason(e)),
          e);
    }
  }

  /** The columns of all files, each with the type that they have in common. */
  private static Map<String, DataType> common(List<ParquetFooter> footers) {
    Map<String, DataType> common = new LinkedHashMap<>();
    Map<String, InputFile> from = new HashMap<>();
    Set<Schema> seen = new LinkedHashSet<>();
    for (ParquetFooter footer : footers) {
      if (!seen.add(footer.schema())) {
        continue;
      }
      for (StructField field : footer.schema().type().fields()) {
        DataType own = isText(footer.schema(), field) ? DataTypes.StringType : field.dataType();
        DataType before = common.get(field.name());
        DataType both =
            before == null
                ? own.asNullable()
                : CommonType.of(before, own)
                    .orElseThrow(
                        () ->
                            InputProblem.because(
                                "column %s is %s in %s and %s in %s. Make them one"
                                    .formatted(
                                        field.name(),
                                        before.simpleString(),
                                        from.get(field.name()).shown(),
                                        own.simpleString(),
                                        footer.file().shown())));
        common.put(field.name(), both);
        from.putIfAbsent(field.name(), footer.file());
      }
    }
    return common;
  }

  private static boolean isText(Schema schema, StructField field) {
    String name = field.name();
    return schema.uuids().contains(name)
        || schema.moments().contains(name)
        || schema.localTimes().contains(name);
  }

  private Dataset<Row> rows(
      List<ParquetFooter> group, Map<String, DataType> common, Column[] ofFolders) {
    Schema schema = group.get(0).schema();
    StructType own = schema.type();
    List<String> names = Arrays.asList(own.fieldNames());
    StructType read = new StructType();
    List<Column> columns = new ArrayList<>();
    for (Map.Entry<String, DataType> column : common.entrySet()) {
      String name = column.getKey();
      DataType type = column.getValue();
      Column value = lit(null);
      if (names.contains(name)) {
        DataType held = own.apply(name).dataType();
        boolean text = isText(schema, own.apply(name));
        read = read.add(name, text ? held : CommonType.readAs(type, held));
        value = ColumnNames.column(name);
        if (schema.uuids().contains(name)) {
          value = UUID_TEXT.apply(value);
        } else if (schema.moments().contains(name)) {
          value = MOMENT_TEXT.apply(value);
        } else if (schema.localTimes().contains(name)) {
          value = LOCAL_TEXT.apply(value);
        }
      }
      columns.add(value.cast(type).as(name));
    }
    columns.addAll(List.of(ofFolders));
    columns.add(lit(null).cast(DataTypes.StringType).as(HiddenColumns.INPUT_ERROR));
    String[] paths = group.stream().map(f -> f.file().path()).toArray(String[]::new);
    return reader().schema(read).parquet(paths).select(columns.toArray(Column[]::new));
  }

  private DataFrameReader reader() {
    return spark
        .read()
        // The paths are files' own.
        .option("__globPaths__", "false")
        // Files of others have the calendar that is in use, and those of older Sparks say so.
        .option("datetimeRebaseMode", "CORRECTED")
        .option("int96RebaseMode", "CORRECTED")
        .option("parquet.page.verify-checksum.enabled", "true")
        .option("ignoreCorruptFiles", "false")
        .option("ignoreMissingFiles", "false");
  }

  private Dataset<Row> unreadable(
      List<ParquetFooter> group, Map<String, DataType> common, Set<String> partition) {
    StructType schema = new StructType();
    for (Map.Entry<String, DataType> column : common.entrySet()) {
      schema = schema.add(column.getKey(), column.getValue());
    }
    for (String column : partition) {
      schema = schema.add(column, DataTypes.StringType);
    }
    schema = schema.add(HiddenColumns.INPUT_ERROR, DataTypes.StringType);
    List<Row> rows = new ArrayList<>();
    for (ParquetFooter footer : group) {
      Object[] values = new Object[schema.length()];
      int next = common.size();
      for (String column : partition) {
        values[next++] = footer.file().partition().get(column);
      }
      values[next] = footer.problem();
      rows.add(RowFactory.create(values));
    }
    return spark.createDataFrame(rows, schema);
  }

  /** Columns that folders' names give, by the file that a row is of. */
  private Column[] partition(List<ParquetFooter> footers, Set<String> names) {
    if (names.isEmpty()) {
      return new Column[0];
    }
    Map<String, Map<String, String>> byPath = new HashMap<>();
    footers.forEach(footer -> byPath.put(footer.file().path(), footer.file().partition()));
    Broadcast<Map<String, Map<String, String>>> values = context.broadcast(byPath);
    return names.stream()
        .map(
            name ->
                udf(
                        (UDF1<String, String>)
                            path ->
                                values.value().get(new Path(URI.create(path)).toString()).get(name),
                        DataTypes.StringType)
                    .apply(col("_metadata.file_path"))
                    .as(name))
        .toArray(Column[]::new);
  }
}
