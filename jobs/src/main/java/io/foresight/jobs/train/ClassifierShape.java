package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of a classifier to be trained, in DistilBERT's layout.
 *
 * @param labels names of the two labels
 */
record ClassifierShape(
    int vocabulary, int layers, int hidden, int heads, int intermediate, List<String> labels) {

  /** Longest text, special tokens included. */
  static final int CONTEXT = 128;

  static final double NORM_EPSILON = 1e-12;

  /** A norm's weight starts with ones, what adds with zeros, the rest at random. */
  enum Start {
    RANDOM,
    ONES,
    ZEROS
  }

  /**
   * A parameter.
   *
   * @param name in {@code sequence_classifier.py}
   * @param stored in the file, as transformers has it
   */
  record Parameter(String name, String stored, Start start, long... shape) {}

  /** All of them. */
  List<Parameter> parameters() {
    List<Parameter> all = new ArrayList<>();
    String embeddings = "distilbert.embeddings.";
    all.add(
        new Parameter(
            "embed.weight",
            embeddings + "word_embeddings.weight",
            Start.RANDOM,
            vocabulary,
            hidden));
    all.add(
        new Parameter(
            "positions.weight",
            embeddings + "position_embeddings.weight",
            Start.RANDOM,
            CONTEXT,
            hidden));
    norm(all, "embed_norm", embeddings + "LayerNorm");
    for (int i = 0; i < layers; i++) {
      String layer = "distilbert.transformer.layer." + i + ".";
      linear(all, i + ".query", layer + "attention.q_lin", hidden, hidden);
      linear(all, i + ".key", layer + "attention.k_lin", hidden, hidden);
      linear(all, i + ".value", layer + "attention.v_lin", hidden, hidden);
      linear(all, i + ".out", layer + "attention.out_lin", hidden, hidden);
      norm(all, i + ".attention_norm", layer + "sa_layer_norm");
      linear(all, i + ".in", layer + "ffn.lin1", hidden, intermediate);
      linear(all, i + ".down", layer + "ffn.lin2", intermediate, hidden);
      norm(all, i + ".mlp_norm", layer + "output_layer_norm");
    }
    linear(all, "dense", "pre_classifier", hidden, hidden);
    linear(all, "label", "classifier", hidden, labels.size());
    return all;
  }

  private static void linear(
      List<Parameter> all, String name, String stored, long inputs, long outputs) {
    all.add(new Parameter(name + ".weight", stored + ".weight", Start.RANDOM, outputs, inputs));
    all.add(new Parameter(name + ".bias", stored + ".bias", Start.ZEROS, outputs));
  }

  private void norm(List<Parameter> all, String name, String stored) {
    all.add(new Parameter(name + ".weight", stored + ".weight", Start.ONES, hidden));
    all.add(new Parameter(name + ".bias", stored + ".bias", Start.ZEROS, hidden));
  }

  /** The text of its {@code config.json}. */
  String config() {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.putArray("architectures").add("DistilBertForSequenceClassification");
    config.put("model_type", "distilbert").put("vocab_size", vocabulary).put("dim", hidden);
    config.put("n_layers", layers).put("n_heads", heads).put("hidden_dim", intermediate);
    config.put("max_position_embeddings", CONTEXT).put("activation", "gelu");
    config.put("pad_token_id", 0).put("torch_dtype", "bfloat16");
    config.put("problem_type", "single_label_classification");
    ObjectNode names = config.putObject("id2label");
    ObjectNode ids = config.putObject("label2id");
    for (int i = 0; i < labels.size(); i++) {
      names.put(String.valueOf(i), labels.get(i));
      ids.put(labels.get(i), i);
    }
    return config.toPrettyString();
  }
}
