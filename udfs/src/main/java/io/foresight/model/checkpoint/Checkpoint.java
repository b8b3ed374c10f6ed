package io.foresight.model.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.foresight.model.checkpoint.Safetensors.Tensor;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.TokenizerFit;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Hugging Face model folder ({@code config.json} and weights in safetensors, one file or shards),
 * its weights checked against its configuration without any native call. Immutable.
 */
public final class Checkpoint {

  private final Path folder;
  private final ModelConfig config;
  private final TensorNames.Plan plan;
  private final List<Path> files;
  private final Map<String, Tensor> tensors;

  private Checkpoint(
      Path folder,
      ModelConfig config,
      TensorNames.Plan plan,
      List<Path> files,
      Map<String, Tensor> tensors) {
    this.folder = folder;
    this.config = config;
    this.plan = plan;
    this.files = files;
    this.tensors = tensors;
  }

  /**
   * Reads a folder's configuration, the weights' header and how many ids the tokenizer has, if
   * there is one, and checks that every tensor of the architecture is there with the right shape.
   *
   * @throws ModelException if the folder is no model that can be loaded
   */
  public static Checkpoint inspect(Path folder) {
    return reading(
        folder,
        () -> {
          refuseOtherFormats(
              folder,
              "Nothing outside such a model can roll its cache back or share it between sequences, which speculation and lookaheads need.");
          ModelConfig config =
              Families.read(
                  json(folder, "config.json", true), json(folder, "generation_config.json", false));
          int ids = TokenizerFit.ids(folder);
          return of(folder, ids == 0 ? config : config.withTokens(ids), Safetensors.read(folder));
        });
  }

  /**
   * Checks weights against a configuration, or throws an IllegalArgumentException whose message is
   * what is wrong with them.
   */
  static Checkpoint of(Path folder, ModelConfig config, Safetensors weights) {
    TensorNames.Plan plan = config.names().plan(config, weights.tensors().keySet());
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    plan.all()
        .forEach(
            wanted ->
                tensors.put(wanted.source(), weights.expect(wanted.source(), wanted.shape())));
    return new Checkpoint(folder, config, plan, weights.files(), tensors);
  }

  /** Reads from a folder. */
  interface Reading<T> {
    T read() throws IOException;
  }

  /** Reads from a folder that must exist, and says of what fails which folder it is. */
  static <T> T reading(Path folder, Reading<T> reading) {
    try {
      if (Files.notExists(folder)) {
        throw new IllegalArgumentException(
            "there is no such folder. Give the folder that holds config.json.");
      }
      return reading.read();
    } catch (IllegalArgumentException e) {
      throw new ModelException("Cannot load model " + folder + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ModelException(
          "Cannot load model " + folder + ": " + e + ". Check that its files are readable.", e);
    }
  }

  /**
   * Says of what other programs save why it is not read.
   *
   * @param noProgram why no model with a program of its own is
   */
  static void refuseOtherFormats(Path path, String noProgram) throws IOException {
    if (Files.isRegularFile(path.resolve("config.json")) && !Safetensors.isMissing(path)) {
      return;
    }
    List<String> names;
    try (Stream<Path> files = Files.isDirectory(path) ? Files.list(path) : Stream.of(path)) {
      names = files.map(file -> file.getFileName().toString()).sorted().toList();
    }
    for (String name : names) {
      if (name.endsWith(".pt") || name.endsWith(".pth")) {
        throw new IllegalArgumentException(
            name
                + " is a TorchScript model or a pickle. "
                + noProgram
                + " Give the checkpoint that it was made of, as save_pretrained writes it.");
      }
      if (name.endsWith(".bin") || name.endsWith(".ckpt")) {
        throw new IllegalArgumentException(
            name
                + " is a pickle, which may run code when it is read. Load the model with transformers and save it with save_pretrained, which writes safetensors.");
      }
      if (name.endsWith(".gguf")) {
        throw new IllegalArgumentException(
            name
                + " is a GGUF file, of llama.cpp's formats. Give the checkpoint that it was made of, as save_pretrained writes it.");
      }
    }
    if (!Files.isDirectory(path)) {
      throw new IllegalArgumentException("it is a file. Give the folder that holds config.json.");
    }
  }

  /** A file of a folder; nothing if it is not required and not there. */
  static JsonNode json(Path folder, String name, boolean required) throws IOException {
    Path file = folder.resolve(name);
    if (Files.notExists(file)) {
      if (required) {
        throw new IllegalArgumentException(
            "it has no " + name + ". Save it with transformers' save_pretrained.");
      }
      return MissingNode.getInstance();
    }
    return StrictJson.tree(file);
  }

  /** The folder. */
  public Path folder() {
    return folder;
  }

  /** Number of token ids: the tokenizer's, or the embedding's rows if there is no tokenizer. */
  public int vocabularySize() {
    return config.vocabulary();
  }

  /** Rows of the embedding: at least as many as there are ids, or more, which are padding. */
  public int embeddingRows() {
    return config.embedding().rows();
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
    return tensors().stream().mapToLong(Tensor::elements).sum();
  }

  /** How its weights are stored: F32, F16 and BF16, those that occur. */
  public Set<String> storedAs() {
    return tensors().stream()
        .map(tensor -> tensor.stored().name())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Memory that the loaded weights take, in bytes. */
  public long weightBytes(Precision precision) {
    long matrices =
        plan.all()
            .filter(wanted -> wanted.isMultiplied() || (plan.tied() && wanted.isEmbedding()))
            .mapToLong(TensorNames.Wanted::elements)
            .sum();
    // The embedding is looked up as it is, whether or not a copy of it is the head.
    long others =
        plan.all()
            .filter(wanted -> !wanted.isMultiplied())
            .mapToLong(TensorNames.Wanted::elements)
            .sum();
    Rope rope = config.rope();
    long pairs = rope == null ? 0 : config.windowRope() == null ? 1 : 2;
    long tables = pairs == 0 ? 0 : pairs * 2 * 4 * config.context() * rope.dimensions();
    return matrices * precision.matrixBytes() + others * precision.cacheBytes() + tables;
  }

  /** Memory of the logits of one position, in bytes. */
  public long logitsBytes() {
    return (long) config.head().outputs() * Float.BYTES;
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

  /**
   * Weights that a forward multiplies each position by: all, but an embedding that is not the head
   * as well, and experts that are not chosen.
   */
  public long multipliedWeights() {
    long experts =
        plan.all()
            .filter(TensorNames.Wanted::isExpert)
            .mapToLong(TensorNames.Wanted::elements)
            .sum();
    long others =
        plan.all()
            .filter(wanted -> !wanted.isExpert() && (plan.tied() || !wanted.isEmbedding()))
            .mapToLong(TensorNames.Wanted::elements)
            .sum();
    ModelConfig.Experts e = config.mlp().experts();
    return others + (e == null ? 0 : experts * e.chosen() / e.count());
  }

  public ModelConfig config() {
    return config;
  }

  /** What is to be loaded. */
  public TensorNames.Plan plan() {
    return plan;
  }

  /** The tensors that are to be loaded. */
  public Collection<Tensor> tensors() {
    return tensors.values();
  }

  /** A tensor of the plan. */
  public Tensor tensor(TensorNames.Wanted wanted) {
    return tensors.get(wanted.source());
  }

  /** SHA-256 of configuration and weights, in hexadecimal. Reads all their files. */
  public String digest() {
    return digest(folder, files);
  }

  /** As {@link #digest()}, of a folder whose weights are in {@code files}. */
  static String digest(Path folder, List<Path> files) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      update(digest, folder.resolve("config.json"));
      for (Path file : files) {
        update(digest, file);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new ModelException(
          "Cannot read model " + folder + ": " + e + ". Check that its files are readable.", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }

  static void update(MessageDigest digest, Path file) throws IOException {
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
  }
}
