package io.foresight.spark.run;

import io.foresight.decoding.RowFault;
import io.foresight.model.text.ModelException;
import io.foresight.spark.run.ShardResult.Outcome;
import io.foresight.spark.run.ShardTask.Work;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskSchedulerImpl;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction2;
import scala.runtime.BoxedUnit;

/**
 * Gives a run's shards out as tasks of one Spark job, and what could not be done again, in smaller
 * pieces, until what is left is single rows, which become error rows. Lives on the driver; of one
 * thread.
 */
final class ShardScheduler {

  private static final Logger LOG = LoggerFactory.getLogger(ShardScheduler.class);

  /** Jobs that Spark may give up in turn before a shard is done. */
  private static final int LOST_JOBS = 3;

  /** Marks of a task's attempts that may be there although nothing ended their executors. */
  private static final int MOST_FORGIVEN = 16;

  private final SparkSession spark;
  private final ShardWork work;
  private final Path parts;
  private final String description;
  private final Consumer<ShardResult> done;
  private final String group;

  /** Shards that are cut, by the shard's own task. */
  private final Map<String, Cut> cuts = new HashMap<>();

  private int size;
  private boolean anyDone;
  private int failedInTurn;
  private RuntimeException end;

  /**
   * Attempts whose executors were lost and, by what Spark says, not for what they did: preempted,
   * decommissioned, lost with their node. Filled on the thread of Spark's listeners.
   */
  private final Set<Long> blameless = ConcurrentHashMap.newKeySet();

  private final SparkListener losses =
      new SparkListener() {
        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
          if (end.reason() instanceof ExecutorLostFailure lost && !lost.exitCausedByApp()) {
            blameless.add(end.taskInfo().taskId());
          }
        }
      };

  /** A shard in pieces. */
  private static final class Cut {

    private final ShardTask whole;
    private final TreeMap<Long, Path> pieces = new TreeMap<>();
    private int open;

    Cut(ShardTask whole) {
      this.whole = whole;
    }
  }

  /**
   * Schedules nothing yet.
   *
   * @param parts folder for pieces of shards
   * @param description what Spark's UI calls the job
   * @param done hears of each shard that is done, on Spark's thread
   */
  ShardScheduler(
      SparkSession spark,
      ShardWork work,
      Path parts,
      String group,
      String description,
      Consumer<ShardResult> done) {
    this.spark = spark;
    this.work = work;
    this.parts = parts;
    this.group = group;
    this.description = description;
    this.done = done;
  }

  /** Ends the run with a reason as soon as its job can be cancelled; for the listener. */
  void end(RuntimeException reason) {
    synchronized (this) {
      if (end != null) {
        return;
      }
      end = reason;
    }
    spark.sparkContext().cancelJobGroup(group);
  }

  /**
   * Does all of the tasks.
   *
   * @throws RunException if that cannot be, or {@link #end} was called; what is done stays
   */
  void run(List<ShardTask> tasks) {
    spark.sparkContext().addSparkListener(losses);
    try {
      doAll(tasks);
    } finally {
      spark.sparkContext().removeSparkListener(losses);
    }
  }

  private void doAll(List<ShardTask> tasks) {
    List<ShardTask> round = tasks;
    size = tasks.size();
    int lost = 0;
    while (!round.isEmpty()) {
      ShardResult[] results = new ShardResult[round.size()];
      Exception gaveUp = submit(round, results);
      // It may have been asked for when there was nothing left to cancel.
      throwIfEnded();
      List<ShardTask> next = new ArrayList<>();
      boolean some = false;
      for (int i = 0; i < results.length; i++) {
        some |= results[i] != null;
        // Listeners may have heard of a loss since.
        after(round.get(i), results[i] == null ? null : judged(results[i]), next);
      }
      lost = gaveUp == null || some ? 0 : lost + 1;
      if (lost >= LOST_JOBS) {
        throw new RunException(
            RunException.Kind.CLUSTER,
            "Cannot go on: Spark gave the job up %d times before a shard was done: %s. See to the executors; what is written is kept, and the same command goes on."
                .formatted(lost, firstLine(gaveUp)),
            gaveUp);
      }
      round = next;
    }
  }

  private synchronized void throwIfEnded() {
    if (end != null) {
      throw end;
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString()).strip();
  }

  /** What is to be done about a task's result; {@code null} if its job was given up before. */
  private void after(ShardTask task, ShardResult result, List<ShardTask> next) {
    if (result == null) {
      next.add(task);
      return;
    }
    Cut cut = cuts.get(shardOf(task));
    switch (result.outcome()) {
      case DONE -> {
        if (task.work() == Work.PART || task.work() == Work.ERROR_ROW) {
          cut.pieces.put(task.from(), task.output());
          cut.open--;
          if (cut.open == 0) {
            next.add(merge(cut));
          }
        }
      }
      case STORAGE -> throw storage(task, result);
      case MISTAKEN -> next.add(forgiving(task, result));
      case FAILED, TOOK_EXECUTORS -> again(task, result, next);
    }
  }

  private static RunException storage(ShardTask task, ShardResult result) {
    return new RunException(
        RunException.Kind.STORAGE,
        "Cannot write %s: %s. See to the storage; what is written is kept, and the same command goes on."
            .formatted(task.output(), result.message()));
  }

  private ShardTask forgiving(ShardTask task, ShardResult result) {
    ShardTask forgiving = task.forgiving(result.marks());
    if (forgiving.forgiven().stream().filter(mark -> !isBlameless(mark)).count() > MOST_FORGIVEN) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot do %s: its attempts cannot delete their marks in %s. Allow deletions there; what is written is kept, and the same command goes on."
              .formatted(task.name(), parts.getParent()));
    }
    return forgiving;
  }

  private void again(ShardTask failed, ShardResult result, List<ShardTask> next) {
    ShardTask task = failed.work() == Work.RETRY ? failed.withRows(result.rows()) : failed;
    if (task.work() == Work.MERGE || task.work() == Work.ERROR_ROW) {
      throw new RunException(
          RunException.Kind.FAILED,
          "Cannot put %s together: %s.".formatted(task.output(), result.message()));
    }
    LOG.warn(
        "{} rows of {} failed: {}. They are done again in smaller pieces.",
        task.rows(),
        task.name(),
        result.message());
    Cut cut = cuts.computeIfAbsent(shardOf(task), name -> new Cut(task));
    if (task.isWhole()) {
      cut.open = 1;
    }
    if (task.rows() > 1) {
      long middle = (task.from() + task.to()) / 2;
      cut.open++;
      next.add(piece(cut, Work.PART, task.from(), middle, null, 0));
      next.add(piece(cut, Work.PART, middle, task.to(), null, 0));
    } else if (result.outcome() == Outcome.FAILED && task.tries() == 0) {
      // Once more on its own: in local mode a task has no second attempt.
      next.add(piece(cut, Work.PART, task.from(), task.to(), null, 1));
    } else {
      next.add(piece(cut, Work.ERROR_ROW, task.from(), task.to(), result, 0));
    }
  }

  private static String shardOf(ShardTask task) {
    int piece = task.name().indexOf('_');
    return piece < 0 ? task.name() : task.name().substring(0, piece);
  }

  private ShardTask piece(Cut cut, Work kind, long from, long to, ShardResult failure, int tries) {
    ShardTask whole = cut.whole;
    String name = "%s_%d_%d".formatted(whole.name(), from, to);
    RowFault.Kind fault = null;
    String message = null;
    if (failure != null) {
      boolean took = failure.outcome() == Outcome.TOOK_EXECUTORS;
      fault = took ? RowFault.Kind.EXECUTOR : RowFault.Kind.INTERNAL;
      message =
          took
              ? "Cannot do the row: the executors that did it ended. See their logs."
              : "Cannot do the row: it fails wherever it is done: %s. See the executors' logs."
                  .formatted(failure.message());
    }
    return new ShardTask(
        kind,
        name,
        whole.input(),
        whole.index(),
        whole.again(),
        from,
        to,
        new Path(parts, name + ".parquet"),
        List.of(),
        fault,
        message,
        tries,
        List.of());
  }

  private ShardTask merge(Cut cut) {
    ShardTask whole = cut.whole;
    return new ShardTask(
        Work.MERGE,
        whole.name() + "_merge",
        whole.input(),
        whole.index(),
        whole.again(),
        whole.from(),
        whole.to(),
        whole.output(),
        new ArrayList<>(cut.pieces.values()),
        null,
        null,
        0,
        List.of());
  }

  private static final class OnExecutor
      extends AbstractFunction2<TaskContext, Iterator<ShardTask>, ShardResult>
      implements Serializable {

    private static final long serialVersionUID = 1;
    private final ShardWork work;

    OnExecutor(ShardWork work) {
      this.work = work;
    }

    @Override
    public ShardResult apply(TaskContext context, Iterator<ShardTask> tasks) {
      return work.run(tasks.next());
    }
  }

  /** Runs a job of all the tasks; returns why Spark gave it up, or {@code null}. */
  private Exception submit(List<ShardTask> tasks, ShardResult[] results) {
    SparkContext context = spark.sparkContext();
    RDD<ShardTask> rdd =
        JavaSparkContext.fromSparkContext(context).parallelize(tasks, tasks.size()).rdd();
    List<Object> partitions = new ArrayList<>();
    for (int i = 0; i < tasks.size(); i++) {
      partitions.add(i);
    }
    context.setJobGroup(group, description, true);
    try {
      return RowFiles.propagated(
          spark,
          () -> {
            context.runJob(
                rdd,
                new OnExecutor(work),
                JavaConverters.asScalaBuffer(partitions).toSeq(),
                new AbstractFunction2<Object, ShardResult, BoxedUnit>() {
                  @Override
                  public BoxedUnit apply(Object index, ShardResult given) {
                    ShardResult result = judged(given);
                    results[(Integer) index] = result;
                    heard(tasks.get((Integer) index), result);
                    return BoxedUnit.UNIT;
                  }
                },
                scala.reflect.ClassTag$.MODULE$.apply(ShardResult.class));
            return null;
          });
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      RunException interrupted =
          RunException.isOfInterruption(e) ? RunException.interrupted(e) : null;
      if (interrupted != null) {
        context.cancelJobGroup(group);
      }
      throwIfEnded();
      if (interrupted != null) {
        throw interrupted;
      }
      if (context.isStopped()) {
        throw new RunException(
            RunException.Kind.CLUSTER,
            "Cannot go on: Spark was stopped. What is written is kept, and the same command goes on.",
            e);
      }
      return e;
    } finally {
      context.clearJobGroup();
    }
  }

  /**
   * The result of a task that was given up for marks: attempts under way have marks as well, and
   * those that were ended may have left theirs. Only executors that Spark knows no more have ended,
   * and some of those for another reason.
   */
  private ShardResult judged(ShardResult result) {
    if (result.outcome() != Outcome.TOOK_EXECUTORS) {
      return result;
    }
    List<String> nothing =
        result.marks().stream()
            .filter(mark -> lives(ShardWork.executor(mark)) || isBlameless(mark))
            .toList();
    return nothing.isEmpty() ? result : result.mistaken(nothing);
  }

  private boolean isBlameless(String mark) {
    return blameless.contains(ShardWork.attempt(mark));
  }

  private boolean lives(String executor) {
    return spark.sparkContext().taskScheduler() instanceof TaskSchedulerImpl scheduling
        && scheduling.isExecutorAlive(executor);
  }

  /** On Spark's thread. */
  private void heard(ShardTask task, ShardResult result) {
    switch (result.outcome()) {
      case DONE -> {
        anyDone = true;
        failedInTurn = 0;
        if (task.isWhole() || task.work() == Work.MERGE) {
          done.accept(result);
        }
      }
      case STORAGE -> end(storage(task, result));
      case MISTAKEN ->
          LOG.info(
              "{} is done again: {}, but they live, or ended for another reason.",
              task.name(),
              result.message());
      case FAILED, TOOK_EXECUTORS -> {
        if (result.ends() != null) {
          end(new RunException(result.ends(), result.message()));
        } else if (task.isWhole()) {
          // Pieces are of shards that failed, and say nothing of others.
          failedInTurn++;
          if (failedInTurn >= mostInTurn(result)) {
            end(everyShard(result));
          }
        }
      }
    }
  }

  /** Shards that may fail in turn before it is no row's fault. */
  private int mostInTurn(ShardResult result) {
    if (anyDone) {
      return 8 + 2 * spark.sparkContext().defaultParallelism();
    }
    // A model that cannot be used is no row's fault even where there are few shards.
    return ofModel(result) ? Math.min(3, size) : 3;
  }

  private static boolean ofModel(ShardResult result) {
    return result.failure().equals(ModelException.class.getName());
  }

  /** What hits every shard is no row's fault. */
  private RuntimeException everyShard(ShardResult result) {
    if (ofModel(result)) {
      return new ModelException(result.message());
    }
    boolean took = result.outcome() == Outcome.TOOK_EXECUTORS;
    return new RunException(
        took ? RunException.Kind.CLUSTER : RunException.Kind.FAILED,
        "Cannot go on: %d shards failed in turn, the last with: %s. See the executors' logs; what is written is kept, and the same command goes on."
            .formatted(failedInTurn, result.message()));
  }
}
