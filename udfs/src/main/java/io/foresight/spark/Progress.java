package io.foresight.spark;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkContext;
import org.apache.spark.Success$;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.util.LongAccumulator;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * How far a generation or a scoring is. Executors' heartbeats carry the counts, so that they move
 * within a task; what a failed task had counted is taken back. Lives on the driver; thread-safe.
 */
public final class Progress extends SparkListener implements AutoCloseable {

  private static final List<String> NAMES = List.of("rows", "tokens", "drafted", "accepted");

  private final SparkContext context;
  private final List<LongAccumulator> accumulators = new ArrayList<>();
  private final Map<Long, Integer> indexOfAccumulator = new HashMap<>();
  private final Map<Long, long[]> running = new HashMap<>();
  private final long[] finished = new long[NAMES.size()];

  /**
   * The counts so far.
   *
   * @param rows rows done, error rows included
   * @param inFlight those of them whose task has not ended, and which may have to be done again
   * @param tokens tokens generated
   * @param drafted draft tokens submitted to verification
   * @param accepted draft tokens accepted
   */
  public record Snapshot(long rows, long inFlight, long tokens, long drafted, long accepted) {}

  private Progress(SparkContext context) {
    this.context = context;
    for (String name : NAMES) {
      LongAccumulator accumulator = context.longAccumulator("foresight " + name);
      indexOfAccumulator.put(accumulator.id(), accumulators.size());
      accumulators.add(accumulator);
    }
  }

  /** Starts listening; {@link #close} ends it. */
  public static Progress listen(SparkContext context) {
    Progress progress = new Progress(context);
    context.addSparkListener(progress);
    return progress;
  }

  RowListener rowListener() {
    LongAccumulator rows = accumulators.get(0);
    LongAccumulator tokens = accumulators.get(1);
    LongAccumulator drafted = accumulators.get(2);
    LongAccumulator accepted = accumulators.get(3);
    return counters -> {
      rows.add(1);
      tokens.add(counters.committed());
      drafted.add(counters.drafted());
      accepted.add(counters.accepted());
    };
  }

  /** The counts of finished tasks, and of running ones as of their last heartbeat. */
  public synchronized Snapshot snapshot() {
    long[] sum = finished.clone();
    long[] unfinished = new long[NAMES.size()];
    running.values().forEach(counts -> add(unfinished, counts));
    add(sum, unfinished);
    return new Snapshot(sum[0], unfinished[0], sum[1], sum[2], sum[3]);
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
    JavaConverters.seqAsJavaList(update.accumUpdates())
        .forEach(task -> running.put((Long) task._1(), counts(task._4())));
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    running.remove(end.taskInfo().taskId());
    if (end.reason() instanceof Success$) {
      add(finished, counts(end.taskInfo().accumulables()));
    }
  }

  private long[] counts(Seq<AccumulableInfo> infos) {
    long[] counts = new long[NAMES.size()];
    for (AccumulableInfo info : JavaConverters.seqAsJavaList(infos)) {
      Integer index = indexOfAccumulator.get(info.id());
      if (index != null && info.update().isDefined()) {
        counts[index] = ((Number) info.update().get()).longValue();
      }
    }
    return counts;
  }

  private static void add(long[] sum, long[] counts) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += counts[i];
    }
  }

  @Override
  public void close() {
    context.removeSparkListener(this);
  }
}
