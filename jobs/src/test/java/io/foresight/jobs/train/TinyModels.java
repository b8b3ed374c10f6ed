package io.foresight.jobs.train;

import ai.djl.Device;
import io.foresight.model.Script;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Small random models in the Hugging Face layout, made anew by each test. */
public final class TinyModels {

  private static final int VOCABULARY = 280;

  private TinyModels() {}

  /** Writes a model of one layer; equal tokenizers for all, other weights for another seed. */
  public static Path write(Path folder, long seed) throws IOException {
    return write(folder, seed, 1);
  }

  /** Writes a model. */
  public static Path write(Path folder, long seed, int layers) throws IOException {
    return write(folder, seed, layers, 16);
  }

  /** Writes a model of any width that two heads can share. */
  public static Path write(Path folder, long seed, int layers, int width) throws IOException {
    Files.createDirectories(folder);
    List<String> texts =
        List.of("A dog runs in the park.", "The dog runs to the park with a ball.");
    Files.writeString(folder.resolve("tokenizer.json"), BpeTrainer.train(texts, VOCABULARY));
    ModelShape shape = new ModelShape(VOCABULARY, layers, width, 2, 2 * width);
    Files.writeString(folder.resolve("config.json"), shape.config());
    try (Script script = new Script(Device.cpu())) {
      new Parameters(shape, script, seed).export(folder.resolve("model.safetensors"));
    }
    return folder;
  }
}
