package io.foresight.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.foresight.model.Safetensors.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A Hugging Face model folder ({@code config.json} and weights in safetensors, one file or shards),
 * its weights checked against its configuration without any native call. Immutable.
 */
public final class Checkpoint {

  private final Path folder;
  private final LlamaConfig config;
  private final List<Path> files;
  private final Map<String, Tensor> tensors;

  private Checkpoint(
      Path folder, LlamaConfig config, List<Path> files, Map<String, Tensor> tensors) {
    this.folder = folder;
    this.config = config;
    this.files = files;
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
      LlamaConfig config =
          LlamaConfig.of(
              json(folder, "config.json", true), json(folder, "generation_config.json", false));
      Safetensors weights = Safetensors.read(folder);
      Needed needed = new Needed(weights, new LinkedHashMap<>());
      verify(config, needed);
      return new Checkpoint(folder, config, weights.files(), needed.tensors());
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
    return StrictJson.tree(file);
  }

  /** The tensors that the architecture calls for, taken out of all that there are. */
  private record Needed(Safetensors weights, Map<String, Tensor> tensors) {}

  private static void verify(LlamaConfig c, Needed tensors) {
    expect(tensors, "model.embed_tokens.weight", c.vocabulary(), c.hidden());
    expect(tensors, "model.norm.weight", c.hidden());
    if (!c.tied()) {
      expect(tensors, "lm_head.weight", c.vocabulary(), c.hidden());
    }
    int queries = c.heads() * c.headDim();
    int keys = c.keyValueHeads() * c.headDim();
    for (int i = 0; i < c.layers(); i++) {
      String layer = "model.layers." + i + ".";
      expect(tensors, layer + "input_layernorm.weight", c.hidden());
      expect(tensors, layer + "post_attention_layernorm.weight", c.hidden());
      linear(tensors, layer + "self_attn.q_proj", c.attentionBias(), queries, c.hidden());
      linear(tensors, layer + "self_attn.k_proj", c.attentionBias(), keys, c.hidden());
      linear(tensors, layer + "self_attn.v_proj", c.attentionBias(), keys, c.hidden());
      linear(tensors, layer + "self_attn.o_proj", c.attentionBias(), c.hidden(), queries);
      linear(tensors, layer + "mlp.gate_proj", c.mlpBias(), c.intermediate(), c.hidden());
      linear(tensors, layer + "mlp.up_proj", c.mlpBias(), c.intermediate(), c.hidden());
      linear(tensors, layer + "mlp.down_proj", c.mlpBias(), c.hidden(), c.intermediate());
    }
  }

  private static void linear(Needed tensors, String name, boolean bias, long rows, long columns) {
    expect(tensors, name + ".weight", rows, columns);
    if (bias) {
      expect(tensors, name + ".bias", rows);
    }
  }

  private static void expect(Needed tensors, String name, long... shape) {
    tensors.tensors().put(name, tensors.weights().expect(name, shape));
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

  /** Weights that a forward multiplies by: all, but an embedding that is not the head as well. */
  public long multipliedWeights() {
    long weights = 0;
    for (Tensor tensor : tensors.values()) {
      if (config.tied() || !tensor.name().contains("embed_tokens")) {
        weights += Arrays.stream(tensor.shape()).reduce(1, (a, b) -> a * b);
      }
    }
    return weights;
  }

  LlamaConfig config() {
    return config;
  }

  /** What is to be loaded, by the file that it lies in, each in the order of the places. */
  Map<Path, List<Tensor>> tensorsByFile() {
    return tensors.values().stream()
        .sorted(Comparator.comparingLong(Tensor::offset))
        .collect(Collectors.groupingBy(Tensor::file, TreeMap::new, Collectors.toList()));
  }

  /** SHA-256 of configuration and weights, in hexadecimal. Reads all their files. */
  public String digest() {
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

  private static void update(MessageDigest digest, Path file) throws IOException {
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
  }
}
