package io.foresight.spark.run;

import io.foresight.engine.Iterators;
import io.foresight.spark.rows.HiddenColumns;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Function;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.encoders.ExpressionEncoder;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a task does with a shard: its rows are read, done and written to a file of the attempt's
 * own, which one rename makes the shard's. Where that name is taken, another attempt has said the
 * same, so retries, speculative copies and tasks of drivers that are gone do no harm. While it
 * works there is a mark with its name and its executor's; one that outlives its task says that the
 * executor may have ended, which the driver knows, and for which reason. Immutable; serialized to
 * the executors.
 *
 * <p>Long, since each way in which a shard can fail is answered here.
 */
final class ShardWork implements Serializable {

  private static final long serialVersionUID = 1;
  private static final Logger LOG = LoggerFactory.getLogger(ShardWork.class);
  private static final String MARK = ".mark";

  private final RowFiles input;
  private final RowFiles index;
  private final RowFiles parts;
  private final RowFiles output;
  private final ExpressionEncoder<Row> inputEncoder;
  private final ExpressionEncoder<Row> outputEncoder;
  private final RowsFunction function;
  private final int error;
  private final Path scratch;
  private final Path alive;
  private final int maxFailures;

  /**
   * Plans.
   *
   * @param input files of rows as they were laid out
   * @param index files of their ids
   * @param parts files of some of a shard's output
   * @param output files of a shard's output
   * @param error index of the output's column that is not null in an error row
   * @param scratch folder of this driver's tasks
   * @param alive a file that is there as long as the driver wants its tasks' files
   * @param maxFailures attempts that a task has
   */
  ShardWork(
      RowFiles input,
      RowFiles index,
      RowFiles parts,
      RowFiles output,
      RowsFunction function,
      int error,
      Path scratch,
      Path alive,
      int maxFailures) {
    this.input = input;
    this.index = index;
    this.parts = parts;
    this.output = output;
    this.inputEncoder = bound(input.schema());
    this.outputEncoder = bound(output.schema());
    this.function = function;
    this.error = error;
    this.scratch = scratch;
    this.alive = alive;
    this.maxFailures = maxFailures;
  }

  private static ExpressionEncoder<Row> bound(StructType schema) {
    ExpressionEncoder<Row> encoder = ExpressionEncoder.apply(schema);
    return encoder.resolveAndBind(
        encoder.resolveAndBind$default$1(), encoder.resolveAndBind$default$2());
  }

  /** Does it, on an executor, inside a task. */
  ShardResult run(ShardTask task) {
    TaskContext context = TaskContext.get();
    boolean last = context.attemptNumber() + 1 >= maxFailures;
    Path mark = null;
    boolean executorEnds = false;
    RunFiles files = null;
    Path written = new Path(scratch, "%s-%d".formatted(task.name(), context.taskAttemptId()));
    try {
      RunFiles opened = StorageFault.guarded(() -> RunFiles.of(scratch, output.configuration()));
      files = opened;
      if (!task.replaces() && StorageFault.guarded(() -> opened.exists(task.output()))) {
        return counted(task);
      }
      List<String> marks = StorageFault.guarded(() -> marks(opened, task));
      if (executors(marks).size() >= task.lives() && task.fault() == null) {
        return ShardResult.tookExecutors(rows(task), marks);
      }
      Path own =
          new Path(
              scratch,
              "%s.%s.%d%s"
                  .formatted(
                      task.name(), SparkEnv.get().executorId(), context.taskAttemptId(), MARK));
      mark = own;
      StorageFault.guarded(
          () -> {
            opened.writeMark(own, new byte[0]);
            return own;
          });
      return write(opened, task, written);
    } catch (TaskKilledException e) {
      throw e;
    } catch (VirtualMachineError e) {
      // Spark ends the executor for it; the mark is to say so.
      executorEnds = true;
      throw e;
    } catch (Exception | Error e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      if (!last || context.isInterrupted() || Thread.currentThread().isInterrupted()) {
        throw e;
      }
      LOG.error("Cannot do {}: it failed as often as a task may.", task.name(), e);
      return failed(task, e);
    } finally {
      clear(files, written);
      if (mark != null && !executorEnds) {
        clear(files, mark);
      }
    }
  }

  private static void clear(RunFiles files, Path path) {
    try {
      if (files != null) {
        files.delete(path);
      }
    } catch (IOException | RuntimeException e) {
      // What stays behind is cleared when the run ends.
      LOG.warn("Cannot delete {}: {}", path, e.toString());
    }
  }

  private ShardResult failed(ShardTask task, Throwable failure) {
    if (failure instanceof StorageFault) {
      return ShardResult.failed(ShardResult.Outcome.STORAGE, 0, failure);
    }
    try {
      return ShardResult.failed(ShardResult.Outcome.FAILED, rows(task), failure);
    } catch (StorageFault e) {
      return ShardResult.failed(ShardResult.Outcome.STORAGE, 0, e);
    } catch (RunException e) {
      return ShardResult.failed(ShardResult.Outcome.FAILED, 0, e);
    }
  }

  /** How many rows a task is about. */
  private long rows(ShardTask task) {
    return task.work() == ShardTask.Work.RETRY ? ids(task).size() : task.rows();
  }

  /** What other executors left behind that began this task; that this one lives is plain. */
  private List<String> marks(RunFiles files, ShardTask task) throws IOException {
    String own = SparkEnv.get().executorId();
    String prefix = task.name() + ".";
    List<String> marks = new ArrayList<>();
    for (FileStatus status : files.list(scratch)) {
      String name = status.getPath().getName();
      if (name.startsWith(prefix) && name.endsWith(MARK)) {
        String mark = name.substring(prefix.length(), name.length() - MARK.length());
        if (!executor(mark).equals(own) && !task.forgiven().contains(mark)) {
          marks.add(mark);
        }
      }
    }
    return marks;
  }

  /** The executor that a mark is of. */
  static String executor(String mark) {
    return mark.substring(0, mark.lastIndexOf('.'));
  }

  /** The attempt that a mark is of, by Spark's number. */
  static long attempt(String mark) {
    return Long.parseLong(mark.substring(mark.lastIndexOf('.') + 1));
  }

  /** The executors that marks are of; each can have ended once. */
  static Set<String> executors(List<String> marks) {
    Set<String> executors = new HashSet<>();
    marks.forEach(mark -> executors.add(executor(mark)));
    return executors;
  }

  private ShardResult write(RunFiles files, ShardTask task, Path written) {
    return switch (task.work()) {
      case SHARD -> {
        try (Open rows = new Open(output, written)) {
          decode(task, rows);
          yield commit(files, task, rows);
        }
      }
      case PART -> {
        try (Open rows = new Open(parts, written)) {
          if (task.again() == null) {
            decode(task, rows);
          } else {
            decodeAgain(there(task)).forEach(rows::add);
          }
          yield commit(files, task, rows);
        }
      }
      case ERROR_ROW -> {
        try (Open rows = new Open(parts, written)) {
          rows.add(errorRow(task));
          yield commit(files, task, rows);
        }
      }
      case MERGE -> {
        try (Open rows = new Open(output, written)) {
          for (Path part : task.parts()) {
            rows(parts, part, outputEncoder).forEachRemaining(rows::add);
          }
          yield commit(files, task, rows);
        }
      }
      case RETRY -> retry(files, task, written);
    };
  }

  private void decode(ShardTask task, Open rows) {
    Iterator<Row> decoded = call(laidOut(task));
    while (decoded.hasNext()) {
      rows.add(decoded.next());
    }
    if (rows.count != task.rows()) {
      throw new IllegalStateException(
          "Cannot do %s: of %d rows there are %d in its output."
              .formatted(task.name(), task.rows(), rows.count));
    }
  }

  private Iterator<Row> call(Iterator<Row> rows) {
    try {
      return function.call(rows);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("Cannot do rows: " + e.getMessage(), e);
    }
  }

  /** The task's rows as they were laid out. */
  private Iterator<Row> laidOut(ShardTask task) {
    Iterator<Row> all = rows(input, task.input(), inputEncoder);
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        while (next < task.from() && all.hasNext()) {
          all.next();
          next++;
        }
        return next < task.to() && all.hasNext();
      }

      @Override
      public Row next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        next++;
        return all.next();
      }
    };
  }

  private static Iterator<Row> rows(RowFiles files, Path path, ExpressionEncoder<Row> encoder) {
    Function<InternalRow, Row> toRow = encoder.createDeserializer()::apply;
    return Iterators.mapped(killable(files.read(path)), toRow);
  }

  /** The same elements as long as the task is wanted, which no interruption need tell. */
  private static <T> Iterator<T> killable(Iterator<T> elements) {
    TaskContext context = TaskContext.get();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        context.killTaskIfInterrupted();
        return elements.hasNext();
      }

      @Override
      public T next() {
        context.killTaskIfInterrupted();
        return elements.next();
      }
    };
  }

  /** A file that is there already. */
  private ShardResult counted(ShardTask task) {
    boolean whole = task.work() == ShardTask.Work.SHARD || task.work() == ShardTask.Work.MERGE;
    Iterator<Row> rows = rows(whole ? output : parts, task.output(), outputEncoder);
    long count = 0;
    long errors = 0;
    while (rows.hasNext()) {
      count++;
      errors += rows.next().isNullAt(error) ? 0 : 1;
    }
    return ShardResult.done(count, errors);
  }

  private ShardResult commit(RunFiles files, ShardTask task, Open rows) {
    rows.finish();
    TaskContext.get().killTaskIfInterrupted();
    return StorageFault.guarded(
        () -> {
          if (!files.exists(alive)) {
            throw new IOException("the run that this task is of has ended");
          }
          if (task.replaces()) {
            files.replace(rows.path, task.output());
          } else {
            files.commit(rows.path, task.output());
          }
          return ShardResult.done(task.replaces() ? 0 : rows.count, rows.errors);
        });
  }

  /**
   * Error rows of a shard that is there are done again, the others kept as they are. No row is
   * there afterwards that was not before; the errors are those that are left.
   */
  private ShardResult retry(RunFiles files, ShardTask task, Path written) {
    There there = there(task);
    if (there.rows().stream().noneMatch(this::isToRetry)) {
      long errors = there.rows().stream().filter(row -> !row.isNullAt(error)).count();
      return ShardResult.done(0, errors);
    }
    List<Row> done = decodeAgain(there);
    try (Open rows = new Open(output, written)) {
      done.forEach(rows::add);
      return commit(files, task, rows);
    }
  }

  /** Rows of a shard that is there, and their ids. */
  private record There(List<Row> rows, List<String> ids) {}

  /** Those that a task is about. */
  private There there(ShardTask task) {
    List<Row> rows = new ArrayList<>();
    rows(output, task.again(), outputEncoder).forEachRemaining(rows::add);
    List<String> ids = ids(task);
    if (ids.size() != rows.size()) {
      throw new IllegalStateException(
          "Cannot decode errors of %s again: it has %d rows, and %d are known."
              .formatted(task.again(), rows.size(), ids.size()));
    }
    if (task.work() == ShardTask.Work.RETRY) {
      return new There(rows, ids);
    }
    int from = (int) task.from();
    int to = (int) task.to();
    return new There(rows.subList(from, to), ids.subList(from, to));
  }

  private List<String> ids(ShardTask task) {
    List<String> ids = new ArrayList<>();
    killable(InputChanges.of(index, task.index()))
        .forEachRemaining(row -> ids.add(row.getString(0)));
    return ids;
  }

  /** Whether there is something in a row to do again: what could not be read has left nothing. */
  private boolean isToRetry(Row row) {
    return !row.isNullAt(error) && !"input".equals(row.get(kindColumn()));
  }

  private List<Row> decodeAgain(There there) {
    List<Row> rows = new ArrayList<>(there.rows());
    List<Row> again = new ArrayList<>();
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      if (isToRetry(rows.get(i))) {
        again.add(asInput(rows.get(i), there.ids().get(i)));
        places.add(i);
      }
    }
    Iterator<Row> decoded = call(killable(again.iterator()));
    for (int place : places) {
      rows.set(place, decoded.next());
    }
    return rows;
  }

  /** The row that cannot be done; one that was done before stays as it is. */
  private Row errorRow(ShardTask task) {
    if (task.again() == null) {
      return function.failed(laidOut(task).next(), task.fault(), task.message());
    }
    There there = there(task);
    Row row = there.rows().get(0);
    return isToRetry(row)
        ? function.failed(asInput(row, there.ids().get(0)), task.fault(), task.message())
        : row;
  }

  private int kindColumn() {
    return error + 1;
  }

  /** The input that an output row holds, as it was laid out. */
  private Row asInput(Row row, String id) {
    String[] names = input.schema().fieldNames();
    Object[] values = new Object[names.length];
    for (int i = 0; i < names.length; i++) {
      values[i] =
          switch (names[i]) {
            case HiddenColumns.ID -> id;
            case HiddenColumns.INPUT_ERROR -> null;
            default -> row.getAs(names[i]);
          };
    }
    return new GenericRowWithSchema(values, input.schema());
  }

  /** A file that is being written. */
  private final class Open implements AutoCloseable {

    private final Path path;
    private final OutputWriter writer;
    private final Function<Row, InternalRow> toInternal;
    private long count;
    private long errors;
    private boolean finished;

    Open(RowFiles files, Path path) {
      this.path = path;
      this.writer = StorageFault.guarded(() -> files.write(path));
      this.toInternal = outputEncoder.createSerializer()::apply;
    }

    void add(Row row) {
      InternalRow internal = toInternal.apply(row);
      StorageFault.guarded(
          () -> {
            writer.write(internal);
            return row;
          });
      count++;
      errors += row.isNullAt(error) ? 0 : 1;
    }

    void finish() {
      finished = true;
      StorageFault.guarded(
          () -> {
            writer.close();
            return path;
          });
    }

    @Override
    public void close() {
      if (!finished) {
        try {
          // It stays under the attempt's own name, and is deleted.
          writer.close();
        } catch (Exception e) {
          // What made it end is under way, and says more.
          LOG.warn("Cannot close {}: {}", path, e.toString());
        }
      }
    }
  }
}
