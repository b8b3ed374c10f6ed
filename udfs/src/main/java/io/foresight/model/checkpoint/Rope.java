package io.foresight.model.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A rotary embedding, as {@code causal_lm.py} computes it.
 *
 * @param kind {@code default}, {@code linear}, {@code llama3}, {@code yarn} or {@code longrope}
 * @param dimensions of a head that are rotated
 * @param settings base; then, by kind, what {@code rope_tables} says
 * @param factors of {@code longrope}, a divisor per frequency
 * @param context most positions that it is meant for
 */
public record Rope(
    String kind, int dimensions, List<Double> settings, List<Double> factors, int context) {

  /**
   * Reads it from the layouts of transformers 4 ({@code rope_scaling}, {@code rope_theta}) and 5
   * ({@code rope_parameters}).
   *
   * @param headDim width of a head
   * @param partial share of a head that is rotated, where the configuration does not say
   * @param base where the configuration does not say
   * @param context most positions, by the configuration
   */
  static Rope of(JsonNode json, int headDim, double partial, double base, int context) {
    JsonNode rope =
        json.hasNonNull("rope_parameters")
            ? json.get("rope_parameters")
            : json.path("rope_scaling");
    String kind = rope.path("rope_type").asText(rope.path("type").asText("default"));
    double share =
        rope.path("partial_rotary_factor")
            .asDouble(json.path("partial_rotary_factor").asDouble(partial));
    int dimensions = (int) (headDim * share);
    if (dimensions < 2 || dimensions % 2 != 0 || dimensions > headDim) {
      throw new IllegalArgumentException(
          "it rotates "
              + dimensions
              + " numbers of a head of "
              + headDim
              + "; rotary embedding needs an even number.");
    }
    double theta = rope.path("rope_theta").asDouble(json.path("rope_theta").asDouble(base));
    List<Double> settings = new ArrayList<>(List.of(theta));
    switch (kind) {
      // Dynamic scaling starts beyond the context.
      case "default", "dynamic" -> {
        return new Rope("default", dimensions, List.copyOf(settings), List.of(), context);
      }
      case "linear" -> settings.add(number(rope, "factor"));
      case "llama3" -> {
        settings.add(number(rope, "factor"));
        settings.add(number(rope, "low_freq_factor"));
        settings.add(number(rope, "high_freq_factor"));
        settings.add((double) original(json, rope, context));
      }
      case "yarn" -> settings.addAll(yarn(json, rope, dimensions, theta, context));
      case "longrope", "su" -> {
        return longRope(json, rope, dimensions, theta, context);
      }
      default ->
          throw new IllegalArgumentException(
              "rope type \""
                  + kind
                  + "\" is not supported. Supported: default, linear, dynamic, llama3, yarn, longrope.");
    }
    return new Rope(kind, dimensions, List.copyOf(settings), List.of(), context);
  }

  /** YaRN (Peng et al., 2023): factor, first and last dimension of the ramp, attention factor. */
  private static List<Double> yarn(
      JsonNode json, JsonNode rope, int dimensions, double theta, int context) {
    double original = original(json, rope, context);
    double factor = rope.path("factor").asDouble(context / original);
    double low = dimension(rope.path("beta_fast").asDouble(32), dimensions, theta, original);
    double high = dimension(rope.path("beta_slow").asDouble(1), dimensions, theta, original);
    if (rope.path("truncate").asBoolean(true)) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, dimensions - 1.0);
    double all = rope.path("mscale_all_dim").asDouble(0);
    double scale = rope.path("mscale").asDouble(0);
    double attention =
        rope.hasNonNull("attention_factor")
            ? rope.get("attention_factor").asDouble()
            : scale != 0 && all != 0
                ? magnitude(factor, scale) / magnitude(factor, all)
                : magnitude(factor, 1);
    return List.of(factor, low, low == high ? high + 0.001 : high, attention);
  }

  /** The context before it was extended; where it is said twice, beside the rope settings. */
  private static int original(JsonNode json, JsonNode rope, int context) {
    String key = "original_max_position_embeddings";
    return json.path(key).asInt(rope.path(key).asInt(context));
  }

  /** The dimension that turns {@code rotations} times over the original context. */
  private static double dimension(double rotations, int dimensions, double theta, double original) {
    return dimensions * Math.log(original / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
  }

  private static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  }

  /** LongRoPE (Ding et al., 2024) within the original context, where its short factors hold. */
  private static Rope longRope(
      JsonNode json, JsonNode rope, int dimensions, double theta, int context) {
    int original = original(json, rope, context);
    double factor = rope.path("factor").asDouble((double) context / original);
    double attention =
        rope.hasNonNull("attention_factor")
            ? rope.get("attention_factor").asDouble()
            : factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
    List<Double> factors = new ArrayList<>();
    rope.path("short_factor").forEach(value -> factors.add(value.asDouble()));
    if (factors.size() != dimensions / 2) {
      throw new IllegalArgumentException(
          "config.json has "
              + factors.size()
              + " numbers in short_factor of its rope settings, not "
              + dimensions / 2
              + ".");
    }
    return new Rope(
        "longrope",
        dimensions,
        List.of(theta, attention),
        List.copyOf(factors),
        Math.min(context, original));
  }

  private static double number(JsonNode json, String key) {
    if (!json.path(key).isNumber()) {
      throw new IllegalArgumentException(
          "config.json has no number " + key + " in its rope settings.");
    }
    return json.get(key).doubleValue();
  }
}
