package io.foresight.jobs.input.parquet;

import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;

import io.foresight.jobs.input.files.InputFile;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.input.files.InputSettings;
import io.foresight.jobs.input.files.ListedFiles;
import io.foresight.jobs.input.files.Malformed;
import io.foresight.jobs.input.parquet.ParquetFooter.Schema;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.HiddenColumns;
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
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.execution.datasources.HadoopFsRelation;
import org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import scala.Option;
import scala.Tuple2;
import scala.collection.immutable.Map$;

/**
 * Parquet files as a dataset. Their footers tell their types, which may differ: files of one schema
 * are read together, and what they hold becomes the type that all have in common.
 */
public final class ParquetTable {

  private static final long ALL = Long.MAX_VALUE;

  private static final long NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final scala.collection.immutable.Map<String, String> OPTIONS =
      Map$.MODULE$
          .<String, String>empty()
          // Files of others have the calendar that is in use, and those of older Sparks say so.
          .$plus(new Tuple2<>("datetimeRebaseMode", "CORRECTED"))
          .$plus(new Tuple2<>("int96RebaseMode", "CORRECTED"))
          .$plus(new Tuple2<>("parquet.page.verify-checksum.enabled", "true"))
          .$plus(new Tuple2<>("ignoreCorruptFiles", "false"))
          .$plus(new Tuple2<>("ignoreMissingFiles", "false"));

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

  public ParquetTable(SparkSession spark, InputSettings settings) {
    this.spark = spark;
    this.settings = settings;
    context = JavaSparkContext.fromSparkContext(spark.sparkContext());
  }

  private static Instant moment(long nanos) {
    return Instant.ofEpochSecond(Math.floorDiv(nanos, NANOS), Math.floorMod(nanos, NANOS));
  }

  public Dataset<Row> read(List<InputFile> files) {
    List<ParquetFooter> footers = settings.limit() > 0 ? first(files) : footers(files);
    for (ParquetFooter footer : footers) {
      if (footer.unsupported() != null) {
        throw InputProblem.told(footer.unsupported());
      }
      if (footer.damage() != null && settings.malformed() == Malformed.FAIL) {
        throw InputProblem.told(
            footer.damage() + " Replace it, or set input.malformed = row to go on without it.");
      }
    }
    List<ParquetFooter> whole = footers.stream().filter(f -> f.damage() == null).toList();
    if (whole.isEmpty()) {
      throw InputProblem.because(
          "%s Replace it, or set input.format".formatted(footers.get(0).damage()));
    }
    Set<String> partition = new LinkedHashSet<>();
    files.forEach(file -> partition.addAll(file.partition().keySet()));
    Map<String, DataType> common = common(whole);
    common.keySet().removeAll(partition);
    Map<String, UserDefinedFunction> ofFolders = partition(whole, partition);
    long beyond = beyondLimit(footers);
    List<ParquetFooter> all = beyond > 0 ? footers.subList(0, footers.size() - 1) : footers;
    List<Dataset<Row>> groups = new ArrayList<>();
    for (List<ParquetFooter> group : groups(all)) {
      groups.add(
          group.get(0).damage() == null
              ? rows(group, common, ofFolders, ALL)
              : unreadable(group, common, partition));
    }
    if (beyond > 0) {
      ParquetFooter last = footers.get(footers.size() - 1);
      groups.add(rows(List.of(last), common, ofFolders, last.rows() - beyond));
    }
    return union(groups);
  }

  /** Rows of the last file that the limit leaves out. */
  private long beyondLimit(List<ParquetFooter> footers) {
    long rows = footers.stream().mapToLong(ParquetTable::rows).sum();
    return settings.limit() > 0 ? Math.max(0, rows - settings.limit()) : 0;
  }

  /** Rows that a file gives: one that says that it is damaged, if it is. */
  private static long rows(ParquetFooter footer) {
    return footer.damage() == null ? footer.rows() : 1;
  }

  /** All rows; in pairs, since Spark looks at a whole plan again for each that is added to it. */
  private static Dataset<Row> union(List<Dataset<Row>> groups) {
    if (groups.size() == 1) {
      return groups.get(0);
    }
    int half = groups.size() / 2;
    return union(groups.subList(0, half)).union(union(groups.subList(half, groups.size())));
  }

  /** Files that are read together: those of one schema, and those of which nothing can be read. */
  private static List<List<ParquetFooter>> groups(List<ParquetFooter> footers) {
    Map<Object, List<ParquetFooter>> groups = new LinkedHashMap<>();
    for (ParquetFooter footer : footers) {
      Object key = footer.damage() == null ? footer.schema() : "";
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
          rows += rows(footer);
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
                    new ParquetFooter(
                        footer.file(),
                        schema,
                        footer.rows(),
                        footer.damage(),
                        footer.unsupported()));
              }
              return found.iterator();
            })
        .collect();
  }

  private static ParquetFooter footer(InputFile file, SerializableConfiguration hadoop) {
    try {
      return ParquetFooter.of(file, hadoop.value());
    } catch (IOException e) {
      throw InputProblem.unreachable(file, e);
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

  /**
   * The rows of files of one schema.
   *
   * @param most of each file, from its beginning
   */
  private Dataset<Row> rows(
      List<ParquetFooter> group,
      Map<String, DataType> common,
      Map<String, UserDefinedFunction> ofFolders,
      long most) {
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
    Dataset<Row> rows =
        spark.baseRelationToDataFrame(
            new HadoopFsRelation(
                new ListedFiles(group.stream().map(ParquetFooter::file).toList()),
                new StructType(),
                read.asNullable(),
                Option.empty(),
                new ParquetFileFormat(),
                OPTIONS,
                spark));
    // Not by its name, which a column of the file may have.
    Column place = rows.metadataColumn("_metadata");
    ofFolders.forEach(
        (name, value) -> columns.add(value.apply(place.getField("file_path")).as(name)));
    columns.add(lit(null).cast(DataTypes.StringType).as(HiddenColumns.INPUT_ERROR));
    Dataset<Row> taken = most == ALL ? rows : rows.where(place.getField("row_index").lt(lit(most)));
    return taken.select(columns.toArray(Column[]::new));
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
      values[next] = footer.damage();
      rows.add(RowFactory.create(values));
    }
    return spark.createDataFrame(rows, schema);
  }

  /** What folders' names give, by the path of the file that a row is of. */
  private Map<String, UserDefinedFunction> partition(
      List<ParquetFooter> footers, Set<String> names) {
    Map<String, UserDefinedFunction> columns = new LinkedHashMap<>();
    if (names.isEmpty()) {
      return columns;
    }
    Map<String, Map<String, String>> byPath = new HashMap<>();
    footers.forEach(footer -> byPath.put(footer.file().path(), footer.file().partition()));
    Broadcast<Map<String, Map<String, String>>> values = context.broadcast(byPath);
    for (String name : names) {
      UDF1<String, String> value =
          path -> values.value().get(new Path(URI.create(path)).toString()).get(name);
      columns.put(name, udf(value, DataTypes.StringType));
    }
    return columns;
  }
}
