package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.train.ClassifierTrainer.Evaluation;
import io.foresight.jobs.train.LabelledTexts.Line;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains a small classifier of texts, for a reward. */
@Command(
    name = "train-classifier",
    description =
        "Trains a small DistilBERT that tells two kinds of text apart, from scratch, on the CPU.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
public final class TrainClassifierJob implements Callable<Integer> {

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description = "JSONL of {\"text\": \"...\"} with a label.")
  private Path input;

  @Option(
      names = "--further",
      paramLabel = "FILE",
      description = "More such texts, of which none is held out.")
  private Path further;

  @Option(
      names = "--label-column",
      required = true,
      paramLabel = "NAME",
      description = "What holds the label, 0 or 1.")
  private String labelColumn;

  @Option(
      names = "--labels",
      required = true,
      split = ",",
      paramLabel = "NAME",
      description = "What 0 and 1 are called, with a comma between.")
  private List<String> labels;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FOLDER",
      description = "A new folder, which gets config.json, model.safetensors and tokenizer.json.")
  private Path output;

  @Option(names = "--vocabulary", paramLabel = "N", description = "Ids.")
  private int vocabulary = 4096;

  @Option(names = "--layers", paramLabel = "N", description = "Layers.")
  private int layers = 1;

  @Option(names = "--hidden", paramLabel = "N", description = "Hidden width.")
  private int hidden = 96;

  @Option(names = "--heads", paramLabel = "N", description = "Attention heads.")
  private int heads = 4;

  @Option(names = "--intermediate", paramLabel = "N", description = "Width of the MLP.")
  private int intermediate = 192;

  @Option(names = "--epochs", paramLabel = "N", description = "Epochs.")
  private int epochs = 8;

  @Option(names = "--rate", paramLabel = "R", description = "Highest learning rate of AdamW.")
  private double rate = 1e-3;

  @Option(names = "--dropout", paramLabel = "P", description = "Dropout.")
  private double dropout = 0.2;

  @Option(names = "--weight-decay", paramLabel = "W", description = "Weight decay of matrices.")
  private double weightDecay = 0.05;

  @Option(names = "--warmup", paramLabel = "N", description = "Steps until the highest rate.")
  private int warmup = 100;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of everything random.")
  private long seed = 1;

  @Option(names = "--threads", paramLabel = "N", description = "Threads of the engine.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() throws IOException {
    check();
    // Read once, when the engine first loads, which nothing in this process has done yet.
    System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
    LabelledTexts texts = LabelledTexts.read(input, further, labelColumn);
    Files.createDirectories(output);
    Path tokenizer = output.resolve("tokenizer.json");
    Files.writeString(
        tokenizer,
        BpeTrainer.train(
            texts.training().stream().map(Line::text).toList(),
            vocabulary,
            BpeTrainer.Purpose.CLASSIFICATION));
    // A small corpus has fewer pairs to merge than were asked for.
    int ids = new ObjectMapper().readTree(tokenizer.toFile()).at("/model/vocab").size();
    ClassifierShape shape =
        new ClassifierShape(ids, layers, hidden, heads, intermediate, List.copyOf(labels));
    Files.writeString(output.resolve("config.json"), shape.config());
    System.out.printf(
        "%d texts to train on, %d to choose the epoch by, %d held out%n",
        texts.training().size(), texts.validation().size(), texts.heldOut().size());
    new ClassifierTrainer(
            shape,
            new ClassifierTrainer.Recipe(rate, epochs, dropout, weightDecay, warmup, seed),
            output)
        .train(texts);
    Evaluation heldOut = Evaluation.of(output, texts.heldOut());
    System.out.printf(
        "held out: AUC %.4f, accuracy %.1f %%%n", heldOut.auc(), 100 * heldOut.accuracy());
    return 0;
  }

  private void check() {
    OptionProblems problems = new OptionProblems();
    problems.requireFile("--input", input);
    problems.requireFile("--further", further);
    problems.require(
        labels.size() == 2 && !labels.get(0).equals(labels.get(1)),
        "--labels",
        String.join(",", labels),
        "two names with a comma between");
    problems.require(
        Files.notExists(output.resolve("model.safetensors")),
        "--output",
        output,
        "a folder without a model");
    problems.requireAtLeast(BpeTrainer.MIN_SIZE, "--vocabulary", vocabulary);
    problems.requireAtLeast(1, "--layers", layers);
    problems.requireAtLeast(1, "--heads", heads);
    problems.require(
        heads >= 1 && hidden >= heads && hidden % heads == 0,
        "--hidden",
        hidden,
        "a multiple of --heads");
    problems.requireAtLeast(1, "--intermediate", intermediate);
    problems.requireRecipe(rate, epochs, warmup, dropout, weightDecay);
    problems.requireAtLeast(1, "--threads", threads);
    problems.finish();
  }
}
