package io.foresight.jobs.train;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Trains one model: {@code TrainJob INPUT.jsonl FOLDER target|draft EPOCHS [bf16]}. */
public final class TrainJob {

  private TrainJob() {}

  /** Runs, or resumes what {@code FOLDER} holds. */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[1]);
    Files.createDirectories(folder);
    TrainingCorpus corpus = TrainingCorpus.read(Path.of(args[0]));
    boolean target = args[2].equals("target");
    int vocabulary = 4096;
    ModelShape shape =
        target
            ? new ModelShape(vocabulary, 8, 256, 8, 512)
            : new ModelShape(vocabulary, 1, 112, 4, 256);
    try (HuggingFaceTokenizer tokenizer = Trainer.vocabulary(corpus, folder, vocabulary)) {
      Files.writeString(folder.resolve("config.json"), shape.config());
      Trainer.Recipe recipe =
          new Trainer.Recipe(
              96,
              target ? 8e-4 : 2e-3,
              Integer.parseInt(args[3]),
              target ? 0.2 : 0.05,
              0.05,
              300,
              500,
              1,
              args.length > 4);
      System.out.printf(
          "best held-out loss %.4f%n", new Trainer(corpus, tokenizer, folder, recipe).train(shape));
    }
  }
}
