package io.foresight.jobs.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import io.foresight.jobs.train.ClassifierShape.Parameter;
import io.foresight.jobs.train.LabelledTexts.Line;
import io.foresight.model.Script;
import io.foresight.model.checkpoint.SafetensorsWriter;
import io.foresight.model.classifier.SequenceClassifier;
import io.foresight.model.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** Trains a classifier of texts from scratch, and keeps the epoch that tells labels apart best. */
final class ClassifierTrainer {

  /** How a model is trained. */
  record Recipe(
      double rate, int epochs, double dropout, double weightDecay, int warmup, long seed) {}

  private static final int BATCH = 64;

  /** Batches among which texts are sorted by length, so that little of a batch is padding. */
  private static final int POOL = 16;

  /** Share of the tokens that are hidden in training, so that no single word decides. */
  private static final double HIDDEN = 0.1;

  private static final int PADDING = 0;
  private static final int SPECIAL = 3;
  private static final double SMOOTHING = 0.04;
  private static final double GRADIENT_NORM_LIMIT = 1;
  private static final double FINAL_RATE_SHARE = 0.05;
  private static final double DEVIATION = 0.02;

  /** A tokenised text. */
  private record Example(int[] ids, int label) {}

  private final ClassifierShape shape;
  private final Recipe recipe;
  private final Path folder;
  private final List<PtNDArray> values = new ArrayList<>();

  ClassifierTrainer(ClassifierShape shape, Recipe recipe, Path folder) {
    this.shape = shape;
    this.recipe = recipe;
    this.folder = folder;
  }

  /** Trains, with the tokenizer in the folder; the folder gets the weights of the best epoch. */
  void train(LabelledTexts texts) throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(folder, ClassifierShape.CONTEXT);
        Script script = Script.ofClassifier(Device.cpu())) {
      start(script);
      List<Example> examples =
          texts.training().stream()
              .map(line -> new Example(tokenizer.encode(line.text()), line.label()))
              .toList();
      int perEpoch = (examples.size() + BATCH - 1) / BATCH;
      long total = (long) perEpoch * recipe.epochs();
      long step = 0;
      double best = -1;
      for (int epoch = 1; epoch <= recipe.epochs(); epoch++) {
        double loss = 0;
        for (List<Example> batch : batches(examples, epoch)) {
          step++;
          loss += step(script, batch, step, total) / perEpoch;
        }
        Path part = folder.resolve("model.safetensors.part");
        write(part);
        Path weights = folder.resolve("model.safetensors");
        Path before = folder.resolve("model.safetensors.before");
        if (Files.exists(weights)) {
          Files.move(weights, before);
        }
        Files.move(part, weights);
        double auc = Evaluation.of(folder, texts.validation()).auc();
        System.out.printf(
            "epoch %d of %d, loss %.4f, AUC %.4f%n", epoch, recipe.epochs(), loss, auc);
        if (auc >= best) {
          best = auc;
          Files.deleteIfExists(before);
        } else {
          Files.delete(weights);
          Files.move(before, weights);
        }
      }
    }
  }

  private void start(Script script) {
    Random random = new Random(recipe.seed());
    List<PtNDArray> first = new ArrayList<>();
    List<PtNDArray> second = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Parameter parameter : shape.parameters()) {
      Shape dims = new Shape(parameter.shape());
      float[] floats = new float[Math.toIntExact(dims.size())];
      for (int i = 0; i < floats.length; i++) {
        floats[i] =
            switch (parameter.start()) {
              case RANDOM -> (float) (random.nextGaussian() * DEVIATION);
              case ONES -> 1;
              case ZEROS -> 0;
            };
      }
      names.add(parameter.name());
      values.add((PtNDArray) script.manager().create(floats, dims));
      first.add((PtNDArray) script.manager().zeros(dims));
      second.add((PtNDArray) script.manager().zeros(dims));
    }
    script
        .call(
            "configure",
            IValue.from((long) shape.layers()),
            IValue.from((long) shape.heads()),
            IValue.from(ClassifierShape.NORM_EPSILON),
            IValue.from("gelu"),
            IValue.from("relu"),
            IValue.from(1L))
        .close();
    script
        .call(
            "start_training",
            IValue.listFrom(names.stream().map(IValue::from).toArray(IValue[]::new)),
            list(values),
            list(first),
            list(second))
        .close();
  }

  private static IValue list(List<PtNDArray> arrays) {
    return IValue.listFrom(arrays.toArray(new PtNDArray[0]));
  }

  /** The examples in another order in every epoch, like lengths together. */
  private List<List<Example>> batches(List<Example> examples, int epoch) {
    Random random = new Random(recipe.seed() * 1_000_003 + epoch);
    List<Example> shuffled = new ArrayList<>(examples);
    Collections.shuffle(shuffled, random);
    List<List<Example>> batches = new ArrayList<>();
    for (int from = 0; from < shuffled.size(); from += BATCH * POOL) {
      List<Example> near =
          new ArrayList<>(shuffled.subList(from, Math.min(shuffled.size(), from + BATCH * POOL)));
      near.sort(Comparator.comparingInt(example -> example.ids().length));
      for (int i = 0; i < near.size(); i += BATCH) {
        batches.add(near.subList(i, Math.min(near.size(), i + BATCH)));
      }
    }
    Collections.shuffle(batches, random);
    return batches;
  }

  private double step(Script script, List<Example> batch, long step, long total) {
    Random random = new Random(recipe.seed() * 1_000_033 + step);
    int width = batch.stream().mapToInt(example -> example.ids().length).max().orElseThrow();
    long[] ids = new long[batch.size() * width];
    long[] positions = new long[ids.length];
    long[] lengths = new long[batch.size()];
    long[] labels = new long[batch.size()];
    for (int row = 0; row < lengths.length; row++) {
      Example example = batch.get(row);
      lengths[row] = example.ids().length;
      labels[row] = example.label();
      for (int i = 0; i < lengths[row]; i++) {
        int id = example.ids()[i];
        boolean hidden = id >= SPECIAL && random.nextDouble() < HIDDEN;
        ids[row * width + i] = hidden ? PADDING : id;
        positions[row * width + i] = i;
      }
    }
    double[] settings = {
      rate(step, total),
      recipe.weightDecay(),
      recipe.dropout(),
      GRADIENT_NORM_LIMIT,
      step,
      SMOOTHING
    };
    Shape padded = new Shape(batch.size(), width);
    try (NDManager manager = script.manager().newSubManager();
        NDArray loss =
            script.train(
                "train_step",
                manager.create(ids, padded),
                manager.create(positions, padded),
                manager.create(lengths),
                manager.create(labels),
                manager.create(settings))) {
      return loss.getFloat();
    }
  }

  private double rate(long step, long total) {
    if (step < recipe.warmup()) {
      return recipe.rate() * step / recipe.warmup();
    }
    double done = (double) (step - recipe.warmup()) / Math.max(1, total - recipe.warmup());
    double cosine = 0.5 * (1 + Math.cos(Math.PI * done));
    return recipe.rate() * Math.max(FINAL_RATE_SHARE, cosine);
  }

  private void write(Path file) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    List<Parameter> parameters = shape.parameters();
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      writer.bf16(parameter.stored(), values.get(i).toFloatArray(), 0, parameter.shape());
    }
    writer.write(file);
  }

  /**
   * How a classifier tells texts apart.
   *
   * @param auc probability that a text of label 1 has a higher score for it than one of label 0
   * @param accuracy share of texts whose label has the higher score
   */
  record Evaluation(double auc, double accuracy) {

    /** Reads the texts with the classifier in a folder, as any job would. */
    static Evaluation of(Path folder, List<Line> lines) {
      double[] scores = new double[lines.size()];
      try (SequenceClassifier classifier = SequenceClassifier.load(folder, Device.cpu())) {
        List<int[]> ids = lines.stream().map(line -> classifier.encode(line.text())).toList();
        float[][] logits = classifier.logits(ids);
        Arrays.setAll(scores, i -> classifier.problem().scores(logits[i])[1]);
      }
      int[] labels = lines.stream().mapToInt(Line::label).toArray();
      long right = 0;
      for (int i = 0; i < scores.length; i++) {
        right += (scores[i] >= 0.5) == (labels[i] == 1) ? 1 : 0;
      }
      return new Evaluation(auc(scores, labels), (double) right / scores.length);
    }

    /** By ranks, ties sharing theirs (Mann and Whitney 1947). */
    static double auc(double[] scores, int[] labels) {
      Integer[] order = new Integer[scores.length];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, Comparator.comparingDouble(i -> scores[i]));
      double ranks = 0;
      long positive = Arrays.stream(labels).filter(label -> label == 1).count();
      for (int from = 0; from < order.length; ) {
        int to = from;
        while (to < order.length && scores[order[to]] == scores[order[from]]) {
          to++;
        }
        for (int i = from; i < to; i++) {
          ranks += labels[order[i]] == 1 ? (from + to + 1) / 2.0 : 0;
        }
        from = to;
      }
      double negative = scores.length - positive;
      return (ranks - positive * (positive + 1) / 2.0) / (positive * negative);
    }
  }
}
