package io.foresight.jobs.input.text;

import io.foresight.jobs.input.files.Compression;
import io.foresight.jobs.input.files.InputFile;
import io.foresight.jobs.input.files.InputFormat;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.input.files.InputSettings;
import io.foresight.jobs.input.files.Malformed;
import io.foresight.jobs.input.schema.Expectation;
import io.foresight.jobs.input.schema.Expectations;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Files of text as a dataset. One pass finds out which columns there are and what they hold, of CSV
 * from the headers alone; the rows are read when they are needed, in the files' order.
 */
public final class TextTable {

  /** Parts that a task reads, with their numbers in the files' order. */
  private record Numbered(int number, Part part) implements java.io.Serializable {

    private static final long serialVersionUID = 1;
  }

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final InputSettings settings;
  private final Expectations expected;
  private final TextLayout layout;
  private final Broadcast<SerializableConfiguration> hadoop;

  public TextTable(
      SparkSession spark, InputSettings settings, Expectations expected, InputFormat format) {
    this.spark = spark;
    this.settings = settings;
    this.expected = expected;
    context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Set<String> words = new LinkedHashSet<>(expected.concepts());
    words.add(settings.conceptsColumn());
    Set<String> forms = new LinkedHashSet<>(expected.forms());
    forms.add(settings.formsColumn());
    layout =
        new TextLayout(
            format,
            settings.encoding(),
            settings.delimiter(),
            Set.copyOf(words),
            Set.copyOf(forms));
    hadoop =
        context.broadcast(
            new SerializableConfiguration(spark.sparkContext().hadoopConfiguration()));
  }

  public Dataset<Row> read(List<InputFile> files) {
    long size = partSize(files);
    List<Part> parts = new ArrayList<>();
    files.forEach(file -> parts.addAll(parts(file, size)));
    List<Part> read = parts;
    Survey survey;
    if (settings.limit() > 0) {
      read = new ArrayList<>();
      survey = surveyFirst(parts, settings.limit(), read);
    } else if (headersTellAll()) {
      survey = survey(parts.stream().map(part -> part.first(1)).toList(), 0, size);
    } else {
      survey = survey(parts, 0, size);
    }
    RowMaker maker = maker(survey, files);
    return rows(read, maker, size);
  }

  /** Whether no type, and no problem, depends on what the rows hold. */
  private boolean headersTellAll() {
    return layout.format() == InputFormat.CSV
        && settings.malformed() == Malformed.ROW
        && !expected.all().containsValue(Expectation.COUNT);
  }

  private RowMaker maker(Survey survey, List<InputFile> files) {
    boolean csv = layout.format() == InputFormat.CSV;
    Map<String, DataType> types = new LinkedHashMap<>();
    Map<String, Expectation> meant = new HashMap<>();
    Map<String, String> strays = survey.strays();
    if (!strays.isEmpty() && (csv || settings.malformed() == Malformed.FAIL)) {
      throw InputProblem.because(
          "its columns %s differ from columns %s in case only. Rename them"
              .formatted(strays.keySet(), strays.values()));
    }
    Set<String> partition = new LinkedHashSet<>();
    files.forEach(file -> partition.addAll(file.partition().keySet()));
    survey
        .columns()
        .forEach(
            (name, column) -> {
              if (!strays.containsKey(name) && !partition.contains(name)) {
                types.put(name, type(name, column, meant));
              }
            });
    Survey.Problem problem = survey.first(meant.keySet());
    if (problem != null && settings.malformed() == Malformed.FAIL) {
      throw InputProblem.told(
          problem.message() + " Correct it, or set input.malformed = row to go on without it.");
    }
    if (survey.unreadable() != null && (csv ? types.isEmpty() : survey.readable() == 0)) {
      throw InputProblem.because(
          "none of its rows is one. %s Correct it, or set input.format"
              .formatted(survey.unreadable().message()));
    }
    return new RowMaker(types, meant, strays, List.copyOf(partition), layout);
  }

  private DataType type(String name, Survey.Column column, Map<String, Expectation> meant) {
    Expectation expectation = expected.of(name);
    if (layout.format() == InputFormat.CSV) {
      if (layout.wordLists().contains(name)) {
        return Expectation.TEXTS.type(column.shape());
      }
      if (layout.formLists().contains(name)) {
        return Expectation.TEXT_LISTS.type(column.shape());
      }
      if (expectation != Expectation.COUNT) {
        return DataTypes.StringType;
      }
    }
    if (expectation == null
        || !expectation.isMeant(column.shape(), column.fitting(), column.given())) {
      return column.shape().type();
    }
    meant.put(name, expectation);
    return expectation.type(column.shape());
  }

  /** As Spark cuts files: so that all slots have work, and no task more than it should. */
  private long partSize(List<InputFile> files) {
    long open = openCost();
    long all = files.stream().mapToLong(file -> file.length() + open).sum();
    long most = bytes("spark.sql.files.maxPartitionBytes");
    return Math.max(1, Math.min(most, Math.max(open, all / context.defaultParallelism())));
  }

  private long openCost() {
    return bytes("spark.sql.files.openCostInBytes");
  }

  private long bytes(String key) {
    return org.apache.spark.network.util.JavaUtils.byteStringAsBytes(spark.conf().get(key));
  }

  private List<Part> parts(InputFile file, long size) {
    if (!layout.isSplittable() || Compression.of(file.name()) != Compression.NONE) {
      return List.of(Part.whole(file));
    }
    List<Part> parts = new ArrayList<>();
    for (long start = 0; start == 0 || start < file.length(); start += size) {
      boolean last = start + size >= file.length();
      parts.add(new Part(file, start, last ? Long.MAX_VALUE : start + size, Long.MAX_VALUE));
    }
    return parts;
  }

  /** Neighbours together, so that tasks are neither too many nor too long. */
  private List<List<Numbered>> tasks(List<Part> parts, int from, long size) {
    List<List<Numbered>> tasks = new ArrayList<>();
    long filled = size;
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      long cost = Math.min(part.end(), part.file().length()) - part.start() + openCost();
      if (filled + cost > size || tasks.isEmpty()) {
        tasks.add(new ArrayList<>());
        filled = 0;
      }
      filled += cost;
      tasks.get(tasks.size() - 1).add(new Numbered(from + i, part));
    }
    return tasks;
  }

  private Survey survey(List<Part> parts, int from, long size) {
    List<List<Numbered>> tasks = tasks(parts, from, size);
    Map<String, Expectation> wanted = new HashMap<>(expected.all());
    TextLayout of = layout;
    Broadcast<SerializableConfiguration> configuration = hadoop;
    return context
        .parallelize(tasks, tasks.size())
        .map(task -> surveyed(task, wanted, of, configuration.value().value()))
        .treeReduce(Survey::merge, 2);
  }

  private static Survey surveyed(
      List<Numbered> task,
      Map<String, Expectation> expected,
      TextLayout layout,
      Configuration hadoop) {
    Survey survey = new Survey();
    for (Numbered numbered : task) {
      try (Records records = Records.open(numbered.part(), layout, hadoop)) {
        survey.addColumns(numbered.number(), records.header());
        for (InputRecord record = records.next(); record != null; record = records.next()) {
          survey.add(numbered.part(), numbered.number(), record, expected, layout);
        }
      } catch (IOException e) {
        throw InputProblem.unreachable(numbered.part().file(), e);
      }
    }
    return survey;
  }

  /** Surveys as few parts as have the rows; notes which, and how many rows of each. */
  private Survey surveyFirst(List<Part> parts, long limit, List<Part> chosen) {
    Survey found = new Survey();
    long left = limit;
    for (int from = 0, count = 1; from < parts.size() && left > 0; from += count, count *= 4) {
      List<Part> some = new ArrayList<>();
      for (Part part : parts.subList(from, Math.min(parts.size(), from + count))) {
        some.add(part.first(left));
      }
      Survey survey = survey(some, from, 1);
      List<Part> taken = new ArrayList<>();
      boolean all = true;
      for (int i = 0; i < some.size(); i++) {
        long rows = Math.min(left, survey.rows(from + i));
        all &= rows == survey.rows(from + i);
        if (left > 0) {
          taken.add(some.get(i).first(rows));
        }
        left -= rows;
      }
      // What is wrong with rows that are not taken, and what they hold, does not matter.
      found.merge(all ? survey : survey(taken, from, 1));
      chosen.addAll(taken);
    }
    return found;
  }

  private Dataset<Row> rows(List<Part> parts, RowMaker maker, long size) {
    List<List<Numbered>> tasks = tasks(parts, 0, size);
    TextLayout of = layout;
    Broadcast<SerializableConfiguration> configuration = hadoop;
    return spark.createDataFrame(
        context
            .parallelize(tasks, Math.max(1, tasks.size()))
            .mapPartitions(some -> new PartRows(some, maker, of, configuration.value().value())),
        maker.schema());
  }

  /** The rows of parts, one after the other; a task closes what is open. */
  private static final class PartRows implements Iterator<Row> {

    private final Iterator<List<Numbered>> tasks;
    private final RowMaker maker;
    private final TextLayout layout;
    private final Configuration hadoop;
    private Iterator<Numbered> parts = List.<Numbered>of().iterator();
    private Part part;
    private Records records;
    private InputRecord next;

    PartRows(
        Iterator<List<Numbered>> tasks, RowMaker maker, TextLayout layout, Configuration hadoop) {
      this.tasks = tasks;
      this.maker = maker;
      this.layout = layout;
      this.hadoop = hadoop;
      TaskContext task = TaskContext.get();
      if (task != null) {
        task.addTaskCompletionListener((TaskCompletionListener) done -> close());
      }
    }

    @Override
    public boolean hasNext() {
      try {
        while (next == null) {
          if (records == null && !open()) {
            return false;
          }
          next = records.next();
          if (next == null) {
            close();
          }
        }
        return true;
      } catch (IOException e) {
        throw InputProblem.unreachable(part.file(), e);
      }
    }

    private boolean open() throws IOException {
      while (!parts.hasNext()) {
        if (!tasks.hasNext()) {
          return false;
        }
        parts = tasks.next().iterator();
      }
      part = parts.next().part();
      records = Records.open(part, layout, hadoop);
      return true;
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new java.util.NoSuchElementException();
      }
      Row row = maker.row(part, next);
      next = null;
      return row;
    }

    private void close() {
      if (records != null) {
        try {
          records.close();
        } catch (IOException e) {
          throw InputProblem.unreachable(part.file(), e);
        } finally {
          records = null;
        }
      }
    }
  }
}
