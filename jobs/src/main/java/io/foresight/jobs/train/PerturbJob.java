package io.foresight.jobs.train;

import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.Safetensors;
import io.foresight.model.checkpoint.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Makes a draft fit its target less: adds noise to its weights. For measuring what a pair costs
 * that fits badly. The same model, noise and seed give the same copy.
 */
@Command(
    name = "perturb",
    description =
        "Copies a model with noise added to its weights: a draft that fits its target less.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
public final class PerturbJob implements Callable<Integer> {

  private static final String WEIGHTS = "model.safetensors";

  @Option(
      names = "--model",
      required = true,
      paramLabel = "FOLDER",
      description = "The model; its weights in fp32 or bf16, in one file.")
  private Path model;

  @Option(
      names = "--noise",
      required = true,
      paramLabel = "X",
      description = "Standard deviation of the noise, in those of the tensor that it is added to.")
  private double noise;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FOLDER",
      description = "A new folder, for the copy; its weights are in bf16.")
  private Path output;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the noise.")
  private long seed = 1;

  @Override
  public Integer call() throws IOException {
    if (!(noise >= 0) || Double.isInfinite(noise)) {
      throw new IllegalArgumentException(
          "Cannot perturb model %s by --noise %s: it must be a number of at least 0."
              .formatted(model, noise));
    }
    if (Files.exists(output)) {
      throw new IllegalArgumentException(
          "Cannot write model %s: it exists. Name a new folder.".formatted(output));
    }
    Checkpoint checkpoint = Checkpoint.inspect(model);
    checkpoint.tensors().forEach(PerturbJob::check);
    Files.createDirectories(output);
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!file.getFileName().toString().contains(".safetensors")) {
          Files.copy(file, output.resolve(file.getFileName().toString()));
        }
      }
    }
    SafetensorsWriter writer = new SafetensorsWriter();
    Random random = new Random(seed);
    for (Safetensors.Tensor tensor : checkpoint.tensors()) {
      float[] values = values(tensor);
      add(values, random);
      writer.bf16(tensor.name(), values, 0, tensor.shape());
    }
    writer.write(output.resolve(WEIGHTS));
    System.out.println("Written to " + output);
    return 0;
  }

  /** Before anything is written, since a folder that is there is not written to again. */
  private static void check(Safetensors.Tensor tensor) {
    if (tensor.stored() != Safetensors.Stored.F32 && tensor.stored() != Safetensors.Stored.BF16) {
      throw new IllegalArgumentException(
          "Cannot perturb tensor %s: it is stored as %s. Give a model in fp32 or bf16."
              .formatted(tensor.name(), tensor.stored()));
    }
  }

  private void add(float[] values, Random random) {
    double mean = 0;
    for (float value : values) {
      mean += value / values.length;
    }
    double variance = 0;
    for (float value : values) {
      variance += (value - mean) * (value - mean) / values.length;
    }
    double scale = noise * Math.sqrt(variance);
    for (int i = 0; i < values.length; i++) {
      values[i] += (float) (scale * random.nextGaussian());
    }
  }

  private static float[] values(Safetensors.Tensor tensor) {
    int bytes = tensor.stored().bits / 8;
    float[] values = new float[Math.toIntExact(tensor.elements())];
    ByteBuffer stored =
        ByteBuffer.allocate(Math.multiplyExact(values.length, bytes))
            .order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel file = FileChannel.open(tensor.file())) {
      int read = 0;
      while (stored.hasRemaining() && read >= 0) {
        read = file.read(stored, tensor.offset() + stored.position());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    stored.flip();
    for (int i = 0; i < values.length; i++) {
      values[i] =
          tensor.stored() == Safetensors.Stored.F32
              ? stored.getFloat()
              : Float.intBitsToFloat(stored.getShort() << 16);
    }
    return values;
  }
}
