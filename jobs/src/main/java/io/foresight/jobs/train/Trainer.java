package io.foresight.jobs.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.foresight.jobs.train.Batches.Example;
import io.foresight.model.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Trains one model on a corpus, with the loss on what its lines say is to be learned. */
final class Trainer {

  /**
   * How a model is trained; {@code bf16} computes the layers in bf16, with fp32 parameters and
   * residual stream.
   */
  record Recipe(
      double rate,
      int epochs,
      double dropout,
      double weightDecay,
      int warmup,
      int evaluateEvery,
      long seed,
      boolean bf16) {}

  /** Name of the checkpoint in the model's folder. */
  static final String CHECKPOINT = "training.state";

  private static final double GRADIENT_NORM_LIMIT = 1.0;
  private static final double FINAL_RATE_SHARE = 0.05;

  private final Batches batches;
  private final Path folder;
  private final Recipe recipe;

  Trainer(Batches batches, Path folder, Recipe recipe) {
    this.batches = batches;
    this.folder = folder;
    this.recipe = recipe;
  }

  /**
   * Trains to the end, or goes on from the folder's checkpoint; returns the best held-out loss, in
   * nats per token.
   */
  double train(ModelShape shape) throws IOException {
    return train(shape, Long.MAX_VALUE);
  }

  /** As {@link #train(ModelShape)}, but stops after {@code until} steps as if it were killed. */
  double train(ModelShape shape, long until) throws IOException {
    Path checkpoint = folder.resolve(CHECKPOINT);
    try (Script script = new Script(Device.cpu())) {
      Parameters parameters = new Parameters(shape, script, recipe.seed());
      long step = 0;
      double best = Double.POSITIVE_INFINITY;
      if (Files.exists(checkpoint)) {
        Parameters.Progress progress = parameters.restore(checkpoint);
        step = progress.step();
        best = progress.bestLoss();
        System.out.printf("resumed at step %d, best held-out loss %.4f%n", step, best);
      }
      int perEpoch = batches.perEpoch();
      long total = (long) perEpoch * recipe.epochs();
      System.out.printf("%d parameters, %d steps%n", parameters.count(), total);
      List<List<Example>> heldOut = batches.heldOut();
      List<List<Example>> epochBatches = List.of();
      long loadedEpoch = -1;
      long started = System.nanoTime();
      long firstStep = step;
      double running = Double.NaN;
      while (step < Math.min(total, until)) {
        long epoch = step / perEpoch;
        if (epoch != loadedEpoch) {
          epochBatches = batches.epoch(epoch);
          loadedEpoch = epoch;
        }
        List<Example> batch = epochBatches.get((int) (step % perEpoch));
        step++;
        double loss = step(script, batch, step, total);
        running = Double.isNaN(running) ? loss : 0.98 * running + 0.02 * loss;
        if (step % 100 == 0) {
          double seconds = (System.nanoTime() - started) / 1e9;
          System.out.printf(
              "step %d of %d, epoch %.2f, loss %.4f, rate %.2e, %.3f s per step, %.0f min left%n",
              step,
              total,
              (double) step / perEpoch,
              running,
              rate(step, total),
              seconds / (step - firstStep),
              seconds / (step - firstStep) * (total - step) / 60);
        }
        if (step % recipe.evaluateEvery() == 0 || step == total) {
          double dev = evaluate(script, heldOut);
          boolean better = dev < best;
          best = Math.min(best, dev);
          System.out.printf("step %d, held-out loss %.4f%s%n", step, dev, better ? ", best" : "");
          if (better) {
            Path part = folder.resolve("model.safetensors.part");
            parameters.export(part);
            Files.move(
                part, folder.resolve("model.safetensors"), StandardCopyOption.REPLACE_EXISTING);
          }
          parameters.save(checkpoint, step, best);
        }
      }
      return best;
    }
  }

  private double rate(long step, long total) {
    if (step < recipe.warmup()) {
      return recipe.rate() * step / recipe.warmup();
    }
    double done = (double) (step - recipe.warmup()) / Math.max(1, total - recipe.warmup());
    double cosine = 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done)));
    return recipe.rate() * (FINAL_RATE_SHARE + (1 - FINAL_RATE_SHARE) * cosine);
  }

  private double step(Script script, List<Example> batch, long step, long total) {
    double[] settings = {
      rate(step, total),
      recipe.weightDecay(),
      recipe.dropout(),
      GRADIENT_NORM_LIMIT,
      step,
      recipe.bf16() ? 15 : 6
    };
    try (NDManager manager = script.manager().newSubManager()) {
      NDArray[] tensors = Arrays.copyOf(tensors(manager, batch), 4);
      tensors[3] = manager.create(settings);
      try (NDArray loss = script.train("train_step", tensors)) {
        return loss.getFloat();
      }
    }
  }

  private static double evaluate(Script script, List<List<Example>> batches) {
    double sum = 0;
    long tokens = 0;
    for (List<Example> batch : batches) {
      try (NDManager manager = script.manager().newSubManager();
          NDArray loss = script.train("evaluate", tensors(manager, batch))) {
        sum += loss.getFloat();
        tokens += batch.stream().mapToLong(e -> e.ids().length - e.learned()).sum();
      }
    }
    return sum / tokens;
  }

  /** ids [N, T], asked [M] flat positions whose next token is to be learned, labels [M]. */
  private static NDArray[] tensors(NDManager manager, List<Example> batch) {
    int width = batch.stream().mapToInt(e -> e.ids().length - 1).max().orElseThrow();
    long[] ids = new long[batch.size() * width];
    List<Long> asked = new ArrayList<>();
    List<Long> labels = new ArrayList<>();
    for (int row = 0; row < batch.size(); row++) {
      Example example = batch.get(row);
      for (int i = 0; i + 1 < example.ids().length; i++) {
        ids[row * width + i] = example.ids()[i];
        if (i + 1 >= example.learned()) {
          asked.add((long) row * width + i);
          labels.add((long) example.ids()[i + 1]);
        }
      }
    }
    return new NDArray[] {
      manager.create(ids, new Shape(batch.size(), width)),
      manager.create(asked.stream().mapToLong(Long::longValue).toArray()),
      manager.create(labels.stream().mapToLong(Long::longValue).toArray())
    };
  }
}
