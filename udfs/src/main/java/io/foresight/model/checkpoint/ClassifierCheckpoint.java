package io.foresight.model.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.foresight.model.checkpoint.Safetensors.Tensor;
import io.foresight.model.checkpoint.TensorNames.Wanted;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.TokenPieces;
import io.foresight.model.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A folder with a sequence classifier as transformers saves it: {@code config.json}, weights in
 * safetensors and {@code tokenizer.json}, checked against each other without any weight being
 * loaded. Immutable.
 */
public final class ClassifierCheckpoint {

  private static final String KIND = "ForSequenceClassification";

  private final Path folder;
  private final String family;
  private final List<String> labels;
  private final ClassifierProblem problem;
  private final int vocabulary;
  private final int maxTokens;
  private final List<Path> files;
  private final Encoder encoder;
  private final Scorer scorer;

  /** An encoder and its tensors. */
  public record Encoder(EncoderConfig config, List<Wanted> wanted, List<Tensor> tensors) {}

  /**
   * A causal language model with a head for labels.
   *
   * @param padding the id that no text ends with; -1 if there is none
   */
  public record Scorer(Checkpoint checkpoint, int padding) {}

  private ClassifierCheckpoint(Path folder, ConfigJson json) throws IOException {
    this.folder = folder;
    family = json.textOr("(none)", "model_type");
    labels = labels(json);
    problem = problem(json, labels.size());
    boolean isEncoder = EncoderFamilies.names().contains(family);
    if (!isEncoder && !Families.names().contains(family)) {
      Set<String> all = new TreeSet<>(EncoderFamilies.names());
      all.addAll(Families.names());
      throw new IllegalArgumentException(
          "its family, model_type \"%s\", is not supported. Supported: %s."
              .formatted(family, String.join(", ", all)));
    }
    checkArchitecture(json);
    int positions;
    if (isEncoder) {
      EncoderConfig config = EncoderFamilies.read(json);
      vocabulary = config.vocabulary();
      positions = config.embedding().context();
      Safetensors weights = Safetensors.read(folder);
      List<Wanted> wanted = EncoderTensors.of(config, labels.size(), weights.tensors().keySet());
      List<Tensor> tensors =
          wanted.stream().map(w -> weights.expect(w.source(), w.shape())).toList();
      files = weights.files();
      encoder = new Encoder(config, wanted, tensors);
      scorer = null;
    } else {
      ModelConfig config =
          Families.read(json.json(), Checkpoint.json(folder, "generation_config.json", false))
              .scoring(labels.size());
      vocabulary = config.vocabulary();
      positions = config.context();
      Safetensors weights = Safetensors.read(folder);
      files = weights.files();
      encoder = null;
      scorer = new Scorer(Checkpoint.of(folder, config, weights), json.indexOr(-1, "pad_token_id"));
    }
    maxTokens = maxTokens(positions);
    checkTokenizer();
  }

  /**
   * Reads a folder's configuration, the weights' header and the tokenizer, and checks that every
   * tensor of the architecture is there with the right shape.
   *
   * @throws ModelException if the folder is no classifier that can be loaded
   */
  public static ClassifierCheckpoint inspect(Path folder) {
    return Checkpoint.reading(
        folder,
        () -> {
          Checkpoint.refuseOtherFormats(folder, "Only checkpoints are read.");
          return new ClassifierCheckpoint(
              folder, new ConfigJson(Checkpoint.json(folder, "config.json", true)));
        });
  }

  /**
   * Whether a folder's configuration names a classifier or an encoder, rather than a causal
   * language model.
   *
   * @throws ModelException if the folder has no configuration that can be read
   */
  public static boolean isMeantBy(Path folder) {
    return Checkpoint.reading(
        folder,
        () -> {
          ConfigJson json = new ConfigJson(Checkpoint.json(folder, "config.json", true));
          return EncoderFamilies.names().contains(json.textOr("", "model_type"))
              || architecture(json).endsWith(KIND);
        });
  }

  private static void checkArchitecture(ConfigJson json) {
    String architecture = architecture(json);
    if (!architecture.isEmpty() && !architecture.endsWith(KIND)) {
      throw new IllegalArgumentException(
          "its architecture, %s, is no sequence classifier. Give a checkpoint of one whose name ends in %s."
              .formatted(architecture, KIND));
    }
  }

  /** Empty if none is given. */
  private static String architecture(ConfigJson json) {
    return json.json().path("architectures").path(0).asText();
  }

  /**
   * Names of the labels in the order of the logits; as transformers names them if none are given.
   */
  private static List<String> labels(ConfigJson json) {
    JsonNode names = json.json().path("id2label");
    int count = names.isObject() ? names.size() : json.sizeOr(2, "num_labels");
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (names.isObject() && !names.path(String.valueOf(i)).isTextual()) {
        throw new IllegalArgumentException(
            "config.json has id2label with %d entries, but no name for \"%d\". Number the labels from 0 on."
                .formatted(count, i));
      }
      labels.add(names.isObject() ? names.get(String.valueOf(i)).textValue() : "LABEL_" + i);
    }
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("config.json has an empty id2label. Name its labels.");
    }
    return List.copyOf(labels);
  }

  private static ClassifierProblem problem(ConfigJson json, int labels) {
    String one = "single_label_classification";
    String several = "multi_label_classification";
    String given = json.oneOf("problem_type", "", "", one, several, "regression");
    if (given.equals(several)) {
      return ClassifierProblem.MULTI_LABEL;
    }
    return labels == 1 || given.equals("regression")
        ? ClassifierProblem.REGRESSION
        : ClassifierProblem.SINGLE_LABEL;
  }

  /** What the model's positions and the tokenizer's own limit both allow. */
  private int maxTokens(int positions) throws IOException {
    ConfigJson tokenizer = new ConfigJson(Checkpoint.json(folder, "tokenizer_config.json", false));
    if (!tokenizer.textOr("right", "truncation_side").equals("right")) {
      throw new IllegalArgumentException(
          "tokenizer_config.json cuts texts on the left, which is not supported. Set truncation_side to right if the model may see the beginning of a long text.");
    }
    // Without a limit of its own a tokenizer has a huge number here.
    double limit = tokenizer.numberOr(positions, "model_max_length");
    return limit >= 1 ? (int) Math.min(positions, limit) : positions;
  }

  private void checkTokenizer() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Tokenizer.load(folder, maxTokens).close();
    int last =
        TokenPieces.vocabulary(StrictJson.tree(file)).keySet().stream()
            .mapToInt(Integer::intValue)
            .max()
            .orElse(-1);
    if (last >= vocabulary) {
      throw new IllegalArgumentException(
          "tokenizer.json has ids up to %d, but the model's are below %d. Copy both from the same model."
              .formatted(last, vocabulary));
    }
  }

  /** The folder. */
  public Path folder() {
    return folder;
  }

  /** The family: {@code model_type} of its configuration. */
  public String family() {
    return family;
  }

  /** Names of the labels, in the order of the logits. */
  public List<String> labels() {
    return labels;
  }

  /** What its logits mean. */
  public ClassifierProblem problem() {
    return problem;
  }

  /** Most tokens of a text, special ones included. */
  public int maxTokens() {
    return maxTokens;
  }

  /** Number of token ids. */
  public int vocabularySize() {
    return vocabulary;
  }

  /** Weights of the model. */
  public long parameters() {
    return encoder == null
        ? scorer.checkpoint().parameters()
        : encoder.wanted().stream().mapToLong(Wanted::elements).sum();
  }

  /** SHA-256 of configuration and weights, in hexadecimal. Reads all their files. */
  public String digest() {
    return Checkpoint.digest(folder, files);
  }

  /** {@code null} if it is a causal language model. */
  public Encoder encoder() {
    return encoder;
  }

  /** {@code null} if it is an encoder. */
  public Scorer scorer() {
    return scorer;
  }
}
