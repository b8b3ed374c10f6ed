package io.foresight.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A Hugging Face model folder ({@code config.json}, {@code model.safetensors}), checked against its
 * configuration without any native call. Immutable.
 */
public final class Checkpoint {

  /** One tensor of the file: where its bytes lie, from the file's start. */
  record Tensor(String name, Path file, Stored stored, long[] shape, long offset) {}

  /** Dtypes of stored tensors, with PyTorch's number and the bytes of an element. */
  enum Stored {
    F32(6, 4),
    F16(5, 2),
    BF16(15, 2);

    final int dtype;
    final int bytes;

    Stored(int dtype, int bytes) {
      this.dtype = dtype;
      this.bytes = bytes;
    }
  }

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String WEIGHTS = "model.safetensors";

  private final Path folder;
  private final ModelConfig config;
  private final TensorNames.Plan plan;
  private final Map<String, Tensor> tensors;

  private Checkpoint(
      Path folder, ModelConfig config, TensorNames.Plan plan, Map<String, Tensor> tensors) {
    this.folder = folder;
    this.config = config;
    this.plan = plan;
    this.tensors = tensors;
  }

  /**
   * Reads a folder's configuration and the weights' header, and checks that every tensor of the
   * architecture is there with the right shape.
   *
   * @throws ModelException if the folder is no model that can be loaded
   */
  public static Checkpoint inspect(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        throw new IllegalArgumentException(
            "there is no such folder. Give the folder that holds config.json.");
      }
      ModelConfig config =
          Families.read(
              json(folder, "config.json", true), json(folder, "generation_config.json", false));
      Map<String, Tensor> tensors = header(folder.resolve(WEIGHTS));
      TensorNames.Plan plan = config.names().plan(config, tensors.keySet());
      verify(plan, tensors);
      return new Checkpoint(folder, config, plan, tensors);
    } catch (IllegalArgumentException e) {
      throw new ModelException("Cannot load model " + folder + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ModelException(
          "Cannot load model " + folder + ": " + e + ". Check that its files are readable.", e);
    }
  }

  private static JsonNode json(Path folder, String name, boolean required) throws IOException {
    Path file = folder.resolve(name);
    if (Files.notExists(file)) {
      if (required) {
        throw new IllegalArgumentException(
            "it has no " + name + ". Save it with transformers' save_pretrained.");
      }
      return MissingNode.getInstance();
    }
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          name + " is no valid JSON: " + e.getOriginalMessage() + ".", e);
    }
  }

  private static Map<String, Tensor> header(Path file) throws IOException {
    if (Files.notExists(file)) {
      throw new IllegalArgumentException(
          "it has no " + WEIGHTS + ". Save it in one file with save_pretrained.");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      while (prefix.hasRemaining() && channel.read(prefix) >= 0) {}
      long length = prefix.hasRemaining() ? -1 : prefix.getLong(0);
      if (length < 2 || length > size - 8 || length > Integer.MAX_VALUE - 16) {
        throw new IllegalArgumentException(
            WEIGHTS
                + " ("
                + size
                + " bytes) has no whole header: the file is truncated or no safetensors file. Copy it again.");
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) length);
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
      JsonNode header;
      try {
        header = JSON.readTree(bytes.array());
      } catch (JsonProcessingException e) {
        throw new IllegalArgumentException(
            WEIGHTS + " has a header that is no valid JSON. Copy it again.", e);
      }
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      header
          .fields()
          .forEachRemaining(
              field -> {
                if (!field.getKey().equals("__metadata__")) {
                  tensors.put(
                      field.getKey(),
                      tensor(file, field.getKey(), field.getValue(), 8 + length, size));
                }
              });
      return tensors;
    }
  }

  private static Tensor tensor(
      Path file, String name, JsonNode entry, long dataStart, long fileSize) {
    Stored stored;
    try {
      stored = Stored.valueOf(entry.path("dtype").asText());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "tensor " + name + " has dtype " + entry.path("dtype") + ". Supported: F32, F16, BF16.",
          e);
    }
    long[] shape = new long[entry.path("shape").size()];
    long bytes = stored.bytes;
    for (int i = 0; i < shape.length; i++) {
      shape[i] = entry.get("shape").get(i).asLong(-1);
      if (shape[i] <= 0 || bytes > fileSize / shape[i]) {
        throw new IllegalArgumentException(
            "tensor "
                + name
                + " has shape "
                + entry.get("shape")
                + ", more than the file holds: "
                + WEIGHTS
                + " is truncated or corrupt.");
      }
      bytes *= shape[i];
    }
    long begin = entry.path("data_offsets").path(0).asLong(-1);
    long end = entry.path("data_offsets").path(1).asLong(-1);
    if (begin < 0 || end - begin != bytes || dataStart + end > fileSize) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " lies at "
              + begin
              + " to "
              + end
              + " of "
              + (fileSize - dataStart)
              + " bytes and needs "
              + bytes
              + ": "
              + WEIGHTS
              + " is truncated or corrupt. Copy it again.");
    }
    if ((dataStart + begin) % stored.bytes != 0) {
      throw new IllegalArgumentException(
          "tensor "
              + name
              + " is not aligned to its element size. Save the model again with safetensors 0.4 or later.");
    }
    return new Tensor(name, file, stored, shape, dataStart + begin);
  }

  private static void verify(TensorNames.Plan plan, Map<String, Tensor> tensors) {
    plan.all()
        .forEach(
            wanted -> {
              Tensor tensor = tensors.get(wanted.source());
              if (tensor == null) {
                throw new IllegalArgumentException(
                    "it has no tensor " + wanted.source() + ", which its config.json calls for.");
              }
              if (!Arrays.equals(tensor.shape(), wanted.shape())) {
                throw new IllegalArgumentException(
                    "tensor "
                        + wanted.source()
                        + " has shape "
                        + Arrays.toString(tensor.shape())
                        + ", but its config.json calls for "
                        + Arrays.toString(wanted.shape())
                        + ".");
              }
            });
  }

  /** The folder. */
  public Path folder() {
    return folder;
  }

  /** Number of token ids. */
  public int vocabularySize() {
    return config.vocabulary();
  }

  /** Most positions of a sequence, prompt included. */
  public int contextLength() {
    return config.context();
  }

  /** The family: {@code model_type} of its configuration. */
  public String family() {
    return config.family();
  }

  /** Layers. */
  public int layers() {
    return config.layers();
  }

  /** Ids that end a text. */
  public Set<Integer> eos() {
    return config.eos();
  }

  /** Weights of the model, each counted once. */
  public long parameters() {
    return plan.all().mapToLong(TensorNames.Wanted::elements).sum();
  }

  /** How its weights are stored: F32, F16 and BF16, those that occur. */
  public Set<String> storedAs() {
    return plan.all()
        .map(wanted -> tensor(wanted).stored().name())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Memory that the loaded weights take, in bytes. */
  public long weightBytes(Precision precision) {
    long matrices =
        plan.all()
            .filter(wanted -> wanted.isMultiplied() || (config.tied() && wanted.isEmbedding()))
            .mapToLong(TensorNames.Wanted::elements)
            .sum();
    // The embedding is looked up as it is, whether or not a copy of it is the head.
    long others =
        plan.all()
            .filter(wanted -> !wanted.isMultiplied())
            .mapToLong(TensorNames.Wanted::elements)
            .sum();
    return matrices * precision.matrixBytes() + others * precision.cacheBytes();
  }

  /** Memory that a cache of {@code slots} sequences of {@code positions} tokens takes, in bytes. */
  public long cacheBytes(Precision precision, long slots, long positions) {
    return slots
        * positions
        * config.layers()
        * 2
        * config.attention().keyValueHeads()
        * config.attention().headDim()
        * precision.cacheBytes();
  }

  /** Weights that a forward multiplies by: all, but an embedding that is not the head as well. */
  public long multipliedWeights() {
    return plan.all()
        .filter(wanted -> config.tied() || !wanted.isEmbedding())
        .mapToLong(TensorNames.Wanted::elements)
        .sum();
  }

  ModelConfig config() {
    return config;
  }

  /** What is to be loaded. */
  TensorNames.Plan plan() {
    return plan;
  }

  /** A tensor of the plan. */
  Tensor tensor(TensorNames.Wanted wanted) {
    return tensors.get(wanted.source());
  }

  Path weights() {
    return folder.resolve(WEIGHTS);
  }

  /** SHA-256 of configuration and weights, in hexadecimal. Reads both files. */
  public String digest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : new Path[] {folder.resolve("config.json"), weights()}) {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
          in.transferTo(java.io.OutputStream.nullOutputStream());
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new ModelException(
          "Cannot read model " + folder + ": " + e + ". Check that its files are readable.", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }
}
