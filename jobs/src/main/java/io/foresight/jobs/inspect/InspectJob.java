package io.foresight.jobs.inspect;

import io.foresight.jobs.process.Models;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.ModelException;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingsException;
import io.foresight.store.ModelStore;
import io.foresight.store.StoreSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Says what a model or classifier is and takes, without loading it, and whether a model can draft
 * for another.
 */
@Command(
    name = "inspect",
    description =
        "Says what a model or classifier is and takes, and whether a model can draft for another.",
    mixinStandardHelpOptions = true)
public final class InspectJob implements Callable<Integer> {

  private static final int[] BATCHES = {1, 4, 16, 64};

  @Parameters(paramLabel = "MODEL", description = "The model's folder or URI.")
  private String model;

  @Option(
      names = "--draft-for",
      paramLabel = "TARGET",
      description = "Compares the model with the one that it is to draft for.")
  private String target;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Tokens per sequence, prompt included, that caches are given for (512).")
  private int tokens = 512;

  @Option(
      names = "--digest",
      description =
          "Also reads all weights and prints the digest of them and the configuration, for models.target-digest and the like.")
  private boolean digest;

  @Override
  public Integer call() {
    if (tokens < 1) {
      throw new SettingsException(
          List.of("--tokens %d: it must be a whole number of at least 1.".formatted(tokens)));
    }
    Configuration hadoop = SparkHadoopUtil.get().newConfiguration(new SparkConf());
    try (ModelStore store = new ModelStore(StoreSettings.defaults(), hadoop)) {
      Path folder = store.folder(model);
      if (ClassifierCheckpoint.isMeantBy(folder)) {
        System.out.print(describe(ClassifierCheckpoint.inspect(folder)));
        printDigest(folder);
        if (target != null) {
          throw new ModelException(
              "Cannot draft with %s: it is a classifier. Give a causal language model."
                  .formatted(model));
        }
        return 0;
      }
      Checkpoint checkpoint = Checkpoint.inspect(folder);
      System.out.print(describe(checkpoint));
      printDigest(folder);
      if (target != null) {
        compare(checkpoint, Checkpoint.inspect(store.folder(target)));
      }
    }
    return 0;
  }

  private void printDigest(Path folder) {
    if (digest) {
      System.out.println("Digest      " + ModelDigest.ofWeights(folder));
    }
  }

  private void compare(Checkpoint checkpoint, Checkpoint other) {
    List<String> problems = new ArrayList<>();
    Models.compareVocabularies(other, checkpoint, problems);
    if (!problems.isEmpty()) {
      throw new ModelException(String.join("\n", problems));
    }
    System.out.printf(
        Locale.ROOT,
        "It can draft for %s, at %.3f of the multiplications per token.%n",
        target,
        (double) checkpoint.multipliedWeights() / other.multipliedWeights());
  }

  private static String describe(ClassifierCheckpoint checkpoint) {
    return """
        Model       %s
        Family      %s, a classifier
        Parameters  %,d, %s MiB as fp32
        Vocabulary  %,d ids
        Texts       up to %,d tokens, special ones included
        Labels      %s
        Scores      %s
        """
        .formatted(
            checkpoint.folder(),
            checkpoint.family(),
            checkpoint.parameters(),
            mebibytes(checkpoint.parameters() * Float.BYTES),
            checkpoint.vocabularySize(),
            checkpoint.maxTokens(),
            String.join(", ", checkpoint.labels()),
            switch (checkpoint.problem()) {
              case SINGLE_LABEL -> "probabilities, of which one text's sum to 1";
              case MULTI_LABEL -> "probabilities, each by itself";
              case REGRESSION -> "plain numbers, as a reward model's are";
            });
  }

  private String describe(Checkpoint checkpoint) {
    long shown = Math.min(tokens, checkpoint.contextLength());
    StringBuilder text = new StringBuilder();
    text.append(
        """
        Model       %s
        Family      %s
        Parameters  %,d in %d layers, stored as %s
        Vocabulary  %,d ids%s; a text ends with %s
        Context     %,d tokens
        Memory in MiB: weights, and caches of %d tokens by the sequences in them
        """
            .formatted(
                checkpoint.folder(),
                checkpoint.family(),
                checkpoint.parameters(),
                checkpoint.layers(),
                String.join(", ", checkpoint.storedAs()),
                checkpoint.vocabularySize(),
                checkpoint.embeddingRows() > checkpoint.vocabularySize()
                    ? ", padded to %,d rows".formatted(checkpoint.embeddingRows())
                    : "",
                checkpoint.eos().isEmpty() ? "none of them" : checkpoint.eos(),
                checkpoint.contextLength(),
                shown));
    text.append("%-11s %10s".formatted("", "weights"));
    for (int batch : BATCHES) {
      text.append("%10d".formatted(batch));
    }
    text.append('\n');
    for (Precision precision : Precision.values()) {
      text.append(
          "%-11s %10s"
              .formatted(
                  Setting.spelling(precision), mebibytes(checkpoint.weightBytes(precision))));
      for (int batch : BATCHES) {
        text.append("%10s".formatted(mebibytes(checkpoint.cacheBytes(precision, batch, shown))));
      }
      text.append('\n');
    }
    int together = checkpoint.config().head().positionsTogether();
    text.append(
        "Logits take %,.1f KiB for each scored position, of which %d at most go through the head together\n"
            .formatted(checkpoint.logitsBytes() / 1024.0, together));
    return text.toString();
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%,.1f", bytes / 1048576.0);
  }
}
