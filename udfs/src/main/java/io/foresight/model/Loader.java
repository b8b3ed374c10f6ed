package io.foresight.model;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.partitioningBy;

import ai.djl.Device;
import ai.djl.pytorch.jni.IValue;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.ModelConfig;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.checkpoint.Rope;
import io.foresight.model.checkpoint.Safetensors;
import io.foresight.model.checkpoint.TensorNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads a checkpoint into {@code causal_lm.py}, matrix by matrix: while one is arranged, the
 * tensors of the next are read, by several threads and from whatever shards they are in. So the
 * memory taken beside the model's own is that of a few matrices.
 */
public final class Loader {

  private static final Logger LOG = LoggerFactory.getLogger(Loader.class);

  /** Threads that read; more do not read a local disk faster. */
  private static final int READERS = 4;

  private static final long SECONDS_BETWEEN_REPORTS = 5;

  private final Checkpoint checkpoint;
  private final ModelConfig config;
  private final Script script;
  private final Precision precision;
  private final String device;
  private final long layout;
  private final long[] headIds;

  /**
   * @param headIds rows of the LM head that are kept, ascending; none if all are
   */
  Loader(Checkpoint checkpoint, Script script, Device device, Precision precision, long[] headIds) {
    this.checkpoint = checkpoint;
    this.headIds = headIds;
    this.config = checkpoint.config();
    this.script = script;
    this.precision = precision;
    this.device = device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
    // Plain on a GPU, packed for oneDNN or in int8 on the CPU.
    this.layout = precision == Precision.INT8 ? 2 : device.isGpu() ? 0 : 1;
  }

  /** Tensors that are read together, and what makes a part of the network of them. */
  private record Step(List<TensorNames.Wanted> tensors, Runnable add) {}

  /** One tensor, being read. */
  private record Reading(TensorNames.Wanted wanted, CompletableFuture<IValue> tensor) {}

  public void load() {
    configure();
    List<Step> steps = steps(checkpoint.plan());
    ExecutorService readers = Executors.newFixedThreadPool(READERS);
    List<Reading> next = read(steps.get(0).tensors(), readers);
    try {
      long reported = System.nanoTime();
      for (int i = 0; i < steps.size(); i++) {
        List<Reading> current = next;
        next = i + 1 < steps.size() ? read(steps.get(i + 1).tensors(), readers) : List.of();
        put(current);
        steps.get(i).add().run();
        if (System.nanoTime() - reported > TimeUnit.SECONDS.toNanos(SECONDS_BETWEEN_REPORTS)) {
          reported = System.nanoTime();
          LOG.info("Loading {}: {} %.", checkpoint.folder(), 100 * (i + 1) / steps.size());
        }
      }
    } finally {
      readers.shutdown();
      // After a failure, what was read ahead has no other owner.
      next.forEach(Loader::discard);
    }
  }

  private List<Step> steps(TensorNames.Plan plan) {
    boolean before = config.norms().placement().hasInputs();
    String attentionNorm = before ? "attention_norm" : "";
    String mlpNorm = before ? "mlp_norm" : "";
    double residualScale = config.residualScale();
    long queries = (long) config.attention().heads() * config.attention().headDim();
    List<Step> steps = new ArrayList<>();
    steps.add(new Step(plan.embedding(), this::addEmbedding));
    for (int i = 0; i < config.layers(); i++) {
      int layer = i;
      Map<Boolean, List<TensorNames.Wanted>> norms =
          plan.layers().get(i).stream().collect(partitioningBy(wanted -> !wanted.isProjection()));
      steps.add(new Step(norms.get(true), () -> addNorms(layer)));
      Map<String, List<TensorNames.Wanted>> projections =
          norms.get(false).stream().collect(groupingBy(TensorNames.Wanted::role));
      // A norm would undo what multiplies the matrix.
      double scale = isQueryNormed() ? 1 : config.attention().queryScales().get(i);
      steps.add(projection(projections, "qkv", attentionNorm, queries, scale));
      steps.add(projection(projections, "out", "", config.hidden(), residualScale));
      if (!config.mlp().isSparse(i)) {
        steps.add(projection(projections, "in", mlpNorm, 0, 1));
        steps.add(projection(projections, "down", "", config.hidden(), residualScale));
        continue;
      }
      steps.add(new Step(projections.get("router"), () -> addRouter(layer, mlpNorm)));
      for (int e = 0; e < config.mlp().experts().count(); e++) {
        steps.add(projection(projections, "expert_in_" + e, mlpNorm, 0, 1));
        steps.add(projection(projections, "expert_down_" + e, "", config.hidden(), residualScale));
      }
    }
    steps.add(new Step(plan.head(), this::finish));
    return steps;
  }

  /** A projection; its first {@code scaled} outputs are multiplied by {@code factor}. */
  private Step projection(
      Map<String, List<TensorNames.Wanted>> tensors,
      String role,
      String norm,
      long scaled,
      double factor) {
    return new Step(
        tensors.get(role),
        () ->
            script
                .call(
                    "add_projection",
                    IValue.from(role),
                    IValue.from(norm),
                    IValue.from(layout),
                    IValue.from(scaled),
                    IValue.from(factor))
                .close());
  }

  private List<Reading> read(List<TensorNames.Wanted> wanted, ExecutorService readers) {
    return wanted.stream()
        .map(w -> new Reading(w, CompletableFuture.supplyAsync(() -> read(w), readers)))
        .toList();
  }

  private IValue read(TensorNames.Wanted wanted) {
    Safetensors.Tensor tensor = checkpoint.tensor(wanted);
    IValue read =
        script.call(
            "read",
            IValue.from(tensor.file().toAbsolutePath().toString()),
            IValue.from((long) tensor.stored().dtype),
            IValue.from(tensor.first()),
            IValue.listFrom(tensor.shape()),
            IValue.from((long) precision.dtype()),
            IValue.from(device));
    try (IValue finite = script.callOn(read, "is_finite")) {
      if (finite.toLong() == 1) {
        return read;
      }
    } catch (RuntimeException e) {
      read.close();
      throw e;
    }
    read.close();
    throw NonFinite.refusal(tensor, precision);
  }

  /** Hands over the tensors of a part. */
  private void put(List<Reading> readings) {
    int handedOver = 0;
    try {
      for (Reading reading : readings) {
        IValue tensor = read(reading);
        handedOver++;
        script
            .call(
                "put",
                IValue.from(reading.wanted().name()),
                tensor,
                IValue.from(reading.wanted().arrangement().code))
            .close();
      }
    } finally {
      readings.subList(handedOver, readings.size()).forEach(Loader::discard);
    }
  }

  private static IValue read(Reading reading) {
    try {
      return reading.tensor().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException reason ? reason : e;
    }
  }

  private static void discard(Reading reading) {
    IValue tensor = reading.tensor().exceptionally(e -> null).join();
    if (tensor != null) {
      tensor.close();
    }
  }

  private void configure() {
    ModelConfig.Norms norms = config.norms();
    ModelConfig.Attention attention = config.attention();
    script
        .call(
            "configure",
            IValue.from((long) config.layers()),
            IValue.from((long) attention.heads()),
            IValue.from((long) attention.keyValueHeads()),
            IValue.from((long) attention.headDim()),
            IValue.from(config.mlp().parallel()),
            IValue.from(config.mlp().activation()),
            IValue.from(config.mlp().gated()))
        .close();
    script
        .call(
            "configure_norms",
            IValue.from(norms.layerNorm()),
            IValue.from(norms.epsilon()),
            IValue.from(norms.placement().hasInputs()),
            IValue.from(norms.placement() == ModelConfig.Placement.SUMS),
            IValue.from(norms.offset()),
            IValue.from(norms.last()))
        .close();
    script
        .call(
            "configure_attention",
            IValue.listFrom(
                attention.windowed().stream().mapToLong(windowed -> windowed ? 1 : 0).toArray()),
            IValue.from(attention.softcap()),
            IValue.from(attention.headNorms() == ModelConfig.HeadNorms.TOGETHER),
            IValue.from(config.rope() == null ? 0L : config.rope().dimensions()),
            IValue.from(attention.interleaved()),
            IValue.listFrom(attention.alibi() ? slopes(attention.heads()) : new double[0]),
            IValue.from(device))
        .close();
  }

  /** Slopes of ALiBi (Press et al., 2022), also for numbers of heads that are no power of two. */
  private static double[] slopes(int heads) {
    int power = Integer.highestOneBit(heads);
    double[] slopes = new double[heads];
    for (int i = 0; i < heads; i++) {
      slopes[i] =
          i < power
              ? Math.pow(2, -8.0 * (i + 1) / power)
              : Math.pow(2, -4.0 * (2 * (i - power) + 1) / power);
    }
    return slopes;
  }

  private void addEmbedding() {
    script
        .call(
            "add_embedding",
            IValue.from(config.embedding().scale()),
            IValue.from((long) config.embedding().firstPosition()),
            IValue.from(checkpoint.plan().tied()))
        .close();
  }

  private boolean isQueryNormed() {
    return config.attention().headNorms() != ModelConfig.HeadNorms.NONE;
  }

  private void addNorms(int layer) {
    double scale = isQueryNormed() ? config.attention().queryScales().get(layer) : 1;
    script.call("add_norms", IValue.from((long) layer), IValue.from(scale)).close();
  }

  private void addRouter(int layer, String norm) {
    script
        .call(
            "add_router",
            IValue.from((long) layer),
            IValue.from(norm),
            IValue.from((long) config.mlp().experts().chosen()),
            IValue.from(config.mlp().experts().rescaled()))
        .close();
  }

  private void addRope(Rope rope) {
    script
        .call(
            "add_rope",
            IValue.from((long) config.context()),
            IValue.from(rope.kind()),
            IValue.listFrom(numbers(rope.settings())),
            IValue.listFrom(numbers(rope.factors())))
        .close();
  }

  private void finish() {
    if (config.rope() != null) {
      addRope(config.rope());
    }
    if (config.windowRope() != null) {
      addRope(config.windowRope());
    }
    script
        .call(
            "finish",
            IValue.from(checkpoint.plan().tied()),
            IValue.from((long) config.head().outputs()),
            IValue.from(config.head().scale()),
            IValue.from(config.head().softcap()),
            IValue.from(layout),
            IValue.listFrom(headIds))
        .close();
  }

  private static double[] numbers(List<Double> list) {
    return list.stream().mapToDouble(Double::doubleValue).toArray();
  }
}
