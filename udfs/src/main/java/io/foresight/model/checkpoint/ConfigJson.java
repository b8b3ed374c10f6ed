package io.foresight.model.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;

/**
 * Values of a {@code config.json}. A key may have several spellings, of which the first that is
 * there and not null counts; messages name the first.
 */
record ConfigJson(JsonNode json) {

  private JsonNode find(String... keys) {
    for (String key : keys) {
      if (json.hasNonNull(key)) {
        return json.get(key);
      }
    }
    return json.path(keys[0]);
  }

  boolean has(String key) {
    return json.hasNonNull(key);
  }

  /** A positive integer that must be there. */
  int size(String... keys) {
    JsonNode value = find(keys);
    if (!value.isInt() || value.intValue() <= 0) {
      throw unfit(keys[0], value, "a positive integer");
    }
    return value.intValue();
  }

  /** A positive integer. */
  int sizeOr(int missing, String... keys) {
    return find(keys).isMissingNode() || find(keys).isNull() ? missing : size(keys);
  }

  /** A positive integer; 0 if it is null, which is to say that there is none. */
  int sizeUnlessNull(int missing, String key) {
    return json.has(key) ? sizeOr(0, key) : missing;
  }

  /** An integer from 0 on. */
  int indexOr(int missing, String key) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return missing;
    }
    if (!value.isInt() || value.intValue() < 0) {
      throw unfit(key, value, "an integer from 0 on");
    }
    return value.intValue();
  }

  String textOr(String missing, String key) {
    return json.path(key).isTextual() ? json.get(key).textValue() : missing;
  }

  /** A setting that has names, of which some are supported. */
  String oneOf(String key, String missing, String... supported) {
    String value = json.hasNonNull(key) ? json.get(key).asText() : missing;
    if (!List.of(supported).contains(value)) {
      throw new IllegalArgumentException(
          key
              + " \""
              + value
              + "\" is not supported. Supported: "
              + String.join(", ", supported)
              + ".");
    }
    return value;
  }

  double numberOr(double missing, String... keys) {
    JsonNode value = find(keys);
    if (value.isMissingNode() || value.isNull()) {
      return missing;
    }
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw unfit(keys[0], value, "a number");
    }
    return value.doubleValue();
  }

  /** A bound that {@code null} lifts; 0 then. */
  double boundOr(double missing, String key) {
    return json.has(key) ? numberOr(0, key) : missing;
  }

  boolean flagOr(boolean missing, String key) {
    JsonNode value = json.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return missing;
    }
    if (!value.isBoolean()) {
      throw unfit(key, value, "true or false");
    }
    return value.booleanValue();
  }

  /** The activation of an MLP, by its name in {@code causal_lm.py}. */
  String activationOr(String missing, String... keys) {
    String name = find(keys).asText("null");
    return switch (name.equals("null") ? missing : name) {
      case "silu", "swish" -> "silu";
      case "relu" -> "relu";
      case "gelu" -> "gelu";
      case "gelu_new", "gelu_pytorch_tanh", "gelu_fast" -> "gelu_tanh";
      default ->
          throw new IllegalArgumentException(
              keys[0]
                  + " \""
                  + name
                  + "\" is not supported. Supported: silu, relu, gelu, gelu_new, gelu_pytorch_tanh.");
    };
  }

  /** The same by its name in {@code sequence_classifier.py}, which has another one. */
  String encoderActivationOr(String missing, String... keys) {
    return find(keys).asText(missing).equals("tanh") ? "tanh" : activationOr(missing, keys);
  }

  /** A setting that must be as it is by default, since no program has the other. */
  void mustBe(boolean supported, String key) {
    if (flagOr(supported, key) != supported) {
      throw new IllegalArgumentException(
          key + " = " + !supported + " is not supported. Supported: " + supported + ".");
    }
  }

  /** A setting that no program has but where it is null. */
  void mustBeNull(String key) {
    if (has(key)) {
      throw new IllegalArgumentException(
          key + " = " + json.get(key) + " is not supported. Supported: null.");
    }
  }

  /** A list of layers, by their indices; empty if there is none. */
  Set<Integer> indices(String key) {
    Set<Integer> indices = new TreeSet<>();
    for (JsonNode index : json.path(key)) {
      if (!index.isInt()) {
        throw unfit(key, json.get(key), "a list of integers");
      }
      indices.add(index.intValue());
    }
    return indices;
  }

  /** Rotary settings of one type of layers, where version 5 of transformers says them by type. */
  ConfigJson ropeOf(String type) {
    JsonNode rope = json.path("rope_parameters").path(type);
    return rope.isObject()
        ? new ConfigJson(JsonNodeFactory.instance.objectNode().set("rope_parameters", rope))
        : null;
  }

  /** Which layers have a window: {@code layer_types} where it is given, or else a rule. */
  List<Boolean> windowed(int layers, IntPredicate rule) {
    List<Boolean> windowed = new ArrayList<>();
    JsonNode types = json.path("layer_types");
    if (types.isArray() && types.size() != layers) {
      throw unfit("layer_types", types, "a list of " + layers);
    }
    for (int i = 0; i < layers; i++) {
      String type = types.isArray() ? types.get(i).asText() : "";
      switch (type) {
        case "" -> windowed.add(rule.test(i));
        case "sliding_attention" -> windowed.add(true);
        case "full_attention" -> windowed.add(false);
        default ->
            throw new IllegalArgumentException(
                "layer type \""
                    + type
                    + "\" is not supported. Supported: full_attention, sliding_attention.");
      }
    }
    return List.copyOf(windowed);
  }

  /** Ids that end a text: those of {@code generation_config.json} if it has any. */
  Set<Integer> eos(JsonNode generation) {
    JsonNode eos =
        generation.hasNonNull("eos_token_id")
            ? generation.get("eos_token_id")
            : json.path("eos_token_id");
    Set<Integer> ends = new TreeSet<>();
    if (eos.isInt()) {
      ends.add(eos.intValue());
    }
    eos.forEach(id -> ends.add(id.intValue()));
    return Set.copyOf(ends);
  }

  private static IllegalArgumentException unfit(String key, JsonNode value, String wanted) {
    return new IllegalArgumentException(
        "config.json has "
            + key
            + " = "
            + (value.isMissingNode() ? "nothing" : value)
            + ", not "
            + wanted
            + ".");
  }
}
