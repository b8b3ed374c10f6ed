package io.foresight.model.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Lists the tensors that an encoder with a head for labels must have. */
final class EncoderTensors {

  private final EncoderConfig config;
  private final Set<String> stored;
  private final String prefix;
  private final List<TensorNames.Wanted> list = new ArrayList<>();

  private EncoderTensors(EncoderConfig config, Set<String> stored) {
    this.config = config;
    this.stored = stored;
    this.prefix = config.names().prefix(stored);
  }

  /**
   * By the names that {@code sequence_classifier.py} has for them.
   *
   * @param stored names that are in the file
   * @throws IllegalArgumentException if no prefix fits
   */
  static List<TensorNames.Wanted> of(EncoderConfig config, int labels, Set<String> stored) {
    EncoderTensors tensors = new EncoderTensors(config, stored);
    tensors.embedding();
    for (int i = 0; i < config.layers(); i++) {
      tensors.layer(i);
    }
    tensors.linear("dense", 0, config.hidden(), config.hidden());
    tensors.linear("label", 0, config.hidden(), labels);
    return List.copyOf(tensors.list);
  }

  private void embedding() {
    EncoderConfig.Embedding e = config.embedding();
    add("embed", ".weight", 0, config.vocabulary(), e.width());
    if (e.learned()) {
      add("positions", ".weight", 0, e.positions(), e.width());
    }
    if (e.types() > 0) {
      add("types", ".weight", 0, e.types(), e.width());
    }
    if (e.width() != config.hidden()) {
      add("project", ".weight", 0, config.hidden(), e.width());
    }
    norm("embed_norm", 0);
    EncoderConfig.Distances d = config.distances();
    if (d != null) {
      add("distances", ".weight", 0, 2L * d.reach(), config.hidden());
      if (d.normed()) {
        norm("distance_norm", 0);
      }
    }
    EncoderConfig.Convolution c = config.convolution();
    if (c != null) {
      long inputs = config.hidden() / c.groups();
      add("convolution", ".weight", 0, config.hidden(), inputs, c.kernel());
      add("convolution", ".bias", 0, config.hidden());
      norm("convolution_norm", 0);
    }
  }

  private void layer(int i) {
    int hidden = config.hidden();
    linear("query", i, hidden, hidden);
    linear("key", i, hidden, hidden);
    linear("value", i, hidden, hidden);
    EncoderConfig.Distances d = config.distances();
    if (d != null && !d.shared()) {
      if (d.fromContent()) {
        linear("distance_key", i, hidden, hidden);
      }
      if (d.toContent()) {
        linear("distance_query", i, hidden, hidden);
      }
    }
    linear("out", i, hidden, hidden);
    norm("attention_norm", i);
    linear("in", i, hidden, config.width());
    linear("down", i, config.width(), hidden);
    norm("mlp_norm", i);
  }

  private void linear(String role, int layer, long inputs, long outputs) {
    add(role, ".weight", layer, outputs, inputs);
    add(role, ".bias", layer, outputs);
  }

  /** Files that were converted from TensorFlow have older names for what norms multiply and add. */
  private void norm(String role, int layer) {
    boolean old = stored.contains(source(role, layer) + ".gamma");
    add(role, ".weight", old ? ".gamma" : ".weight", layer, config.hidden());
    add(role, ".bias", old ? ".beta" : ".bias", layer, config.hidden());
  }

  private void add(String role, String suffix, int layer, long... shape) {
    add(role, suffix, suffix, layer, shape);
  }

  private void add(String role, String suffix, String storedSuffix, int layer, long... shape) {
    boolean ofLayer = config.names().sources().get(role).get(0).contains("%d");
    list.add(
        new TensorNames.Wanted(
            (ofLayer ? layer + "." : "") + role + suffix,
            source(role, layer) + storedSuffix,
            TensorNames.Arrangement.AS_IT_IS,
            shape));
  }

  private String source(String role, int layer) {
    return config.names().source(role, 0, layer, prefix, stored::contains);
  }
}
