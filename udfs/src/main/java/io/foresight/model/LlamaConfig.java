package io.foresight.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A Llama-family {@code config.json}, in the layouts of transformers 4 and 5. Missing optional keys
 * have transformers' defaults.
 *
 * @param vocabulary number of token ids
 * @param context most positions
 * @param ropeKind {@code default}, {@code linear} or {@code llama3}
 * @param ropeSettings base; for linear also the factor; for llama3 also low and high frequency
 *     factors and original context
 * @param eos ids that end a sequence; may be empty
 */
record LlamaConfig(
    int vocabulary,
    int hidden,
    int intermediate,
    int layers,
    int heads,
    int keyValueHeads,
    int headDim,
    double normEpsilon,
    int context,
    boolean tied,
    boolean attentionBias,
    boolean mlpBias,
    String ropeKind,
    List<Double> ropeSettings,
    Set<Integer> eos) {

  /** Reads the configuration, or throws an IllegalArgumentException whose message is the reason. */
  static LlamaConfig of(JsonNode json, JsonNode generation) {
    String family = json.path("model_type").asText("(none)");
    if (!family.equals("llama")) {
      throw new IllegalArgumentException(
          "its family, model_type \"" + family + "\", is not supported. Supported: llama.");
    }
    String activation = json.path("hidden_act").asText("silu");
    if (!activation.equals("silu")) {
      throw new IllegalArgumentException(
          "hidden_act \"" + activation + "\" is not supported. Supported: silu.");
    }
    int hidden = positive(json, "hidden_size");
    int heads = positive(json, "num_attention_heads");
    int keyValueHeads =
        json.hasNonNull("num_key_value_heads") ? positive(json, "num_key_value_heads") : heads;
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "num_attention_heads "
              + heads
              + " is no multiple of num_key_value_heads "
              + keyValueHeads
              + ".");
    }
    int headDim = json.hasNonNull("head_dim") ? positive(json, "head_dim") : hidden / heads;
    if (headDim % 2 != 0) {
      throw new IllegalArgumentException(
          "head_dim " + headDim + " is odd; rotary embedding needs an even one.");
    }
    JsonNode rope =
        json.hasNonNull("rope_parameters")
            ? json.get("rope_parameters")
            : json.path("rope_scaling");
    String kind = rope.path("rope_type").asText(rope.path("type").asText("default"));
    int context =
        json.hasNonNull("max_position_embeddings")
            ? positive(json, "max_position_embeddings")
            : 2048;
    List<Double> settings = new ArrayList<>();
    settings.add(rope.path("rope_theta").asDouble(json.path("rope_theta").asDouble(10000)));
    switch (kind) {
      case "default" -> {}
      case "linear" -> settings.add(number(rope, "factor"));
      case "llama3" -> {
        settings.add(number(rope, "factor"));
        settings.add(number(rope, "low_freq_factor"));
        settings.add(number(rope, "high_freq_factor"));
        settings.add(number(rope, "original_max_position_embeddings"));
      }
      default ->
          throw new IllegalArgumentException(
              "rope type \"" + kind + "\" is not supported. Supported: default, linear, llama3.");
    }
    JsonNode eos =
        generation.hasNonNull("eos_token_id")
            ? generation.get("eos_token_id")
            : json.path("eos_token_id");
    Set<Integer> ends = new TreeSet<>();
    if (eos.isInt()) {
      ends.add(eos.intValue());
    }
    eos.forEach(id -> ends.add(id.intValue()));
    return new LlamaConfig(
        positive(json, "vocab_size"),
        hidden,
        positive(json, "intermediate_size"),
        positive(json, "num_hidden_layers"),
        heads,
        keyValueHeads,
        headDim,
        json.path("rms_norm_eps").asDouble(1e-6),
        context,
        json.path("tie_word_embeddings").asBoolean(false),
        json.path("attention_bias").asBoolean(false),
        json.path("mlp_bias").asBoolean(false),
        kind,
        List.copyOf(settings),
        Set.copyOf(ends));
  }

  private static int positive(JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (!value.isInt() || value.intValue() <= 0) {
      throw new IllegalArgumentException(
          "config.json has "
              + key
              + " = "
              + (value.isMissingNode() ? "nothing" : value)
              + ", not a positive integer.");
    }
    return value.intValue();
  }

  private static double number(JsonNode json, String key) {
    if (!json.path(key).isNumber()) {
      throw new IllegalArgumentException(
          "config.json has no number " + key + " in its rope settings.");
    }
    return json.get(key).doubleValue();
  }
}
