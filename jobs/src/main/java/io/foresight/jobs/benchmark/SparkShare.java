package io.foresight.jobs.benchmark;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowDecoder;
import io.foresight.spark.Foresight;
import io.foresight.spark.SparkTask;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.SparkSession;

/**
 * What Spark adds: the same rows by the bare decoding loop, by a job of one task slot and by one of
 * two, in turns.
 *
 * @param name of the variant
 * @param batch of the variant
 * @param rows decoded each time
 * @param bare seconds of the loop
 * @param oneSlot seconds of the job on local[1], from its first task's start to its last one's end
 * @param twoSlots seconds of the job on local[2]
 * @param share how much longer the job on local[1] took than the loop of the same round
 * @param scaling how much faster the job on local[2] was than that on local[1] of the same round
 */
record SparkShare(
    String name,
    int batch,
    int rows,
    Spread bare,
    Spread oneSlot,
    Spread twoSlots,
    Spread share,
    Spread scaling) {

  private static final int WARM_UP_ROWS = 16;

  static SparkShare measure(Variant variant, PromptCycle rows, int rounds) {
    GenerationSettings settings = variant.settings();
    List<Double> bare = new ArrayList<>();
    List<Double> one = new ArrayList<>();
    List<Double> two = new ArrayList<>();
    List<Double> share = new ArrayList<>();
    List<Double> scaling = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      bare.add(bare(settings, rows));
      one.add(job(settings, rows, 1));
      two.add(job(settings, rows, 2));
      share.add(one.get(round) / bare.get(round) - 1);
      scaling.add(one.get(round) / two.get(round));
    }
    return new SparkShare(
        variant.name(),
        variant.batch(),
        rows.size(),
        Spread.of(bare),
        Spread.of(one),
        Spread.of(two),
        Spread.of(share),
        Spread.of(scaling));
  }

  private static double bare(GenerationSettings settings, PromptCycle rows) {
    try (RowDecoder decoder = new RowDecoder(settings, SparkTask.current(settings.device()))) {
      decoder.decode(rows.first(WARM_UP_ROWS)).forEachRemaining(row -> {});
      long started = System.nanoTime();
      decoder.decode(rows.iterator()).forEachRemaining(row -> {});
      return (System.nanoTime() - started) / 1e9;
    }
  }

  private static double job(GenerationSettings settings, PromptCycle rows, int slots) {
    TaskTimes times;
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[" + slots + "]")
            .appName("foresight benchmark")
            .getOrCreate()) {
      write(settings, rows, spark, WARM_UP_ROWS);
      times = new TaskTimes(System.currentTimeMillis());
      spark.sparkContext().addSparkListener(times);
      write(settings, rows, spark, rows.size());
    }
    // The end of the context has delivered all events.
    return times.seconds();
  }

  private static void write(
      GenerationSettings settings, PromptCycle rows, SparkSession spark, int count) {
    Foresight.generate(rows.dataset(spark, count), settings)
        .write()
        .format("noop")
        .mode("overwrite")
        .save();
  }

  /** From the first start of a task to the last end, of tasks that start from a moment on. */
  private static final class TaskTimes extends SparkListener {

    private final long from;
    private long start = Long.MAX_VALUE;
    private long end;

    TaskTimes(long from) {
      this.from = from;
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd task) {
      if (task.taskInfo().launchTime() >= from) {
        start = Math.min(start, task.taskInfo().launchTime());
        end = Math.max(end, task.taskInfo().finishTime());
      }
    }

    synchronized double seconds() {
      return (end - start) / 1e3;
    }
  }

  String text() {
    return """
        Spark, %s at batch %d over %d rows: %.1f s from the first task's start to the last one's end on one slot, %.1f s by the
        bare loop: %+.1f %% (%+.1f to %+.1f). Two slots are %.2f (%.2f to %.2f) times as fast as one.
        """
        .formatted(
            name,
            batch,
            rows,
            oneSlot.median(),
            bare.median(),
            100 * share.median(),
            100 * share.low(),
            100 * share.high(),
            scaling.median(),
            scaling.low(),
            scaling.high());
  }

  ObjectNode json() {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("strategy", name).put("batch", batch).put("rows", rows);
    put(json, "bare_seconds", bare);
    put(json, "one_slot_seconds", oneSlot);
    put(json, "two_slots_seconds", twoSlots);
    put(json, "share", share);
    put(json, "two_slots_over_one", scaling);
    return json;
  }

  private static void put(ObjectNode json, String name, Spread spread) {
    json.put(name, spread.median());
    json.put(name + "_low", spread.low()).put(name + "_high", spread.high());
  }
}
