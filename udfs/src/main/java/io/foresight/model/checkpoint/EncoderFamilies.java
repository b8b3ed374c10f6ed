package io.foresight.model.checkpoint;

import static java.util.Map.entry;

import io.foresight.model.checkpoint.EncoderConfig.Convolution;
import io.foresight.model.checkpoint.EncoderConfig.Distances;
import io.foresight.model.checkpoint.EncoderConfig.Embedding;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The families of encoders that classify texts: for each, by the {@code model_type} of its {@code
 * config.json}, where its tensors are and what its configuration says. Missing optional keys have
 * transformers' defaults. To add a family, add its table and its reader here.
 */
final class EncoderFamilies {

  private static final String LAYERS_OF_BERT =
      """
      query           encoder.layer.%d.attention.self.query
      key             encoder.layer.%d.attention.self.key
      value           encoder.layer.%d.attention.self.value
      out             encoder.layer.%d.attention.output.dense
      attention_norm  encoder.layer.%d.attention.output.LayerNorm
      in              encoder.layer.%d.intermediate.dense
      down            encoder.layer.%d.output.dense
      mlp_norm        encoder.layer.%d.output.LayerNorm
      embed           embeddings.word_embeddings
      positions       embeddings.position_embeddings
      types           embeddings.token_type_embeddings
      embed_norm      embeddings.LayerNorm
      """;

  private static final TensorNames BERT =
      TensorNames.of(
          LAYERS_OF_BERT
              + """
              dense  pooler.dense
              label  /classifier\
              """);

  private static final TensorNames ROBERTA =
      TensorNames.of(
          LAYERS_OF_BERT
              + """
              dense  /classifier.dense
              label  /classifier.out_proj\
              """);

  private static final TensorNames DEBERTA =
      TensorNames.of(
          LAYERS_OF_BERT.replaceAll("(query|key|value)\n", "$1_proj\n")
              + """
              project           embeddings.embed_proj
              distances         encoder.rel_embeddings
              distance_norm     encoder.LayerNorm
              distance_key      encoder.layer.%d.attention.self.pos_key_proj
              distance_query    encoder.layer.%d.attention.self.pos_query_proj
              convolution       encoder.conv.conv
              convolution_norm  encoder.conv.LayerNorm
              dense             /pooler.dense
              label             /classifier\
              """);

  private static final TensorNames DISTILBERT =
      TensorNames.of(
          """
          query           transformer.layer.%d.attention.q_lin
          key             transformer.layer.%d.attention.k_lin
          value           transformer.layer.%d.attention.v_lin
          out             transformer.layer.%d.attention.out_lin
          attention_norm  transformer.layer.%d.sa_layer_norm
          in              transformer.layer.%d.ffn.lin1
          down            transformer.layer.%d.ffn.lin2
          mlp_norm        transformer.layer.%d.output_layer_norm
          embed           embeddings.word_embeddings
          positions       embeddings.position_embeddings
          embed_norm      embeddings.LayerNorm
          dense           /pre_classifier
          label           /classifier\
          """);

  private static final Map<String, Function<ConfigJson, EncoderConfig>> READERS =
      new TreeMap<>(
          Map.ofEntries(
              entry("bert", EncoderFamilies::bert),
              entry("roberta", EncoderFamilies::roberta),
              entry("xlm-roberta", EncoderFamilies::roberta),
              entry("distilbert", EncoderFamilies::distilBert),
              entry("deberta-v2", EncoderFamilies::deberta)));

  private EncoderFamilies() {}

  /** The {@code model_type} of each. */
  static Set<String> names() {
    return READERS.keySet();
  }

  /** Reads a configuration, or throws an IllegalArgumentException whose message is the reason. */
  static EncoderConfig read(ConfigJson config) {
    return READERS.get(config.textOr("", "model_type")).apply(config);
  }

  private static EncoderConfig bert(ConfigJson json) {
    int hidden = ofBert(json);
    int context = json.sizeOr(512, "max_position_embeddings");
    int types = json.sizeOr(2, "type_vocab_size");
    Embedding embedding = new Embedding(hidden, context, true, 0, -1, types);
    return config(
        json, embedding, json.numberOr(1e-12, "layer_norm_eps"), "tanh", 1, null, null, BERT);
  }

  private static EncoderConfig roberta(ConfigJson json) {
    int hidden = ofBert(json);
    int padding = json.indexOr(1, "pad_token_id");
    int rows = json.sizeOr(512, "max_position_embeddings");
    if (rows <= padding + 1) {
      throw new IllegalArgumentException(
          "config.json has max_position_embeddings = %d, which leaves no position after pad_token_id = %d."
              .formatted(rows, padding));
    }
    int types = json.sizeOr(2, "type_vocab_size");
    Embedding embedding =
        new Embedding(hidden, rows - padding - 1, true, padding + 1, padding, types);
    return config(
        json, embedding, json.numberOr(1e-12, "layer_norm_eps"), "tanh", 1, null, null, ROBERTA);
  }

  /** Refuses what no program has of BERT's family; returns the hidden width. */
  private static int ofBert(ConfigJson json) {
    json.mustBe(false, "is_decoder");
    json.mustBe(false, "add_cross_attention");
    json.oneOf("position_embedding_type", "absolute", "absolute");
    return json.size("hidden_size");
  }

  private static EncoderConfig distilBert(ConfigJson json) {
    int hidden = json.size("dim", "hidden_size");
    Embedding embedding =
        new Embedding(hidden, json.sizeOr(512, "max_position_embeddings"), true, 0, -1, 0);
    return config(json, embedding, 1e-12, "relu", 1, null, null, DISTILBERT);
  }

  private static EncoderConfig deberta(ConfigJson json) {
    int hidden = json.size("hidden_size");
    int context = json.sizeOr(512, "max_position_embeddings");
    if (json.numberOr(0, "z_steps") > 1) {
      throw new IllegalArgumentException("z_steps above 1 is not supported. Supported: 0.");
    }
    int pooled = json.sizeOr(hidden, "pooler_hidden_size");
    int inHeads =
        json.sizeOr(hidden / json.size("num_attention_heads"), "attention_head_size")
            * json.size("num_attention_heads");
    if (pooled != hidden || inHeads != hidden) {
      throw new IllegalArgumentException(
          "pooler_hidden_size %d and %d numbers in its heads are not supported. Supported: hidden_size, %d, both."
              .formatted(pooled, inHeads, hidden));
    }
    Embedding embedding =
        new Embedding(
            json.sizeOr(hidden, "embedding_size"),
            context,
            json.flagOr(true, "position_biased_input"),
            0,
            -1,
            json.indexOr(0, "type_vocab_size"));
    // They count for the scale even where attention looks at no distances.
    Set<String> kinds = kinds(json);
    return config(
        json,
        embedding,
        json.numberOr(1e-7, "layer_norm_eps"),
        json.encoderActivationOr("gelu", "pooler_hidden_act"),
        1 + kinds.size(),
        json.flagOr(false, "relative_attention") ? distances(json, kinds, context) : null,
        convolution(json, hidden),
        DEBERTA);
  }

  /** The terms of the scores that look at distances. */
  private static Set<String> kinds(ConfigJson json) {
    Set<String> kinds = new TreeSet<>();
    // A list, or as early files have it, one string.
    json.json().path("pos_att_type").forEach(kind -> kinds.add(kind.asText()));
    Arrays.stream(json.textOr("", "pos_att_type").split("\\|"))
        .map(String::strip)
        .filter(kind -> !kind.isEmpty())
        .forEach(kinds::add);
    if (!Set.of("c2p", "p2c").containsAll(kinds)) {
      throw new IllegalArgumentException(
          "pos_att_type " + kinds + " is not supported. Supported: c2p, p2c.");
    }
    return kinds;
  }

  private static Distances distances(ConfigJson json, Set<String> kinds, int context) {
    double given = json.numberOr(-1, "max_relative_positions");
    int farthest = given < 1 ? context : json.size("max_relative_positions");
    int buckets = json.numberOr(-1, "position_buckets") < 1 ? 0 : json.size("position_buckets");
    if (buckets == 1 || (buckets > 0 && farthest - 1 <= buckets / 2)) {
      throw new IllegalArgumentException(
          "config.json has position_buckets = %d, of which distances up to %d need no half."
              .formatted(buckets, farthest));
    }
    String norm = json.oneOf("norm_rel_ebd", "none", "none", "layer_norm");
    return new Distances(
        kinds.contains("c2p"),
        kinds.contains("p2c"),
        buckets > 0 ? buckets : farthest,
        buckets,
        farthest,
        json.flagOr(false, "share_att_key"),
        norm.equals("layer_norm"));
  }

  private static Convolution convolution(ConfigJson json, int hidden) {
    int kernel = json.indexOr(0, "conv_kernel_size");
    if (kernel == 0) {
      return null;
    }
    int groups = json.sizeOr(1, "conv_groups");
    if (kernel % 2 == 0 || hidden % groups != 0) {
      throw new IllegalArgumentException(
          "config.json has conv_kernel_size = %d and conv_groups = %d, not an odd number and a divisor of hidden_size = %d."
              .formatted(kernel, groups, hidden));
    }
    return new Convolution(kernel, groups, json.encoderActivationOr("tanh", "conv_act"));
  }

  /** What all have in common, by its names in BERT's and DistilBERT's files. */
  private static EncoderConfig config(
      ConfigJson json,
      Embedding embedding,
      double epsilon,
      String pooling,
      int scoreParts,
      Distances distances,
      Convolution convolution,
      TensorNames names) {
    int hidden = json.size("hidden_size", "dim");
    int heads = json.size("num_attention_heads", "n_heads");
    if (hidden % heads != 0) {
      throw new IllegalArgumentException(
          "hidden_size %d is no multiple of num_attention_heads %d.".formatted(hidden, heads));
    }
    return new EncoderConfig(
        json.size("vocab_size"),
        hidden,
        json.size("num_hidden_layers", "n_layers"),
        heads,
        json.size("intermediate_size", "hidden_dim"),
        epsilon,
        json.encoderActivationOr("gelu", "hidden_act", "activation"),
        pooling,
        embedding,
        scoreParts,
        distances,
        convolution,
        names);
  }
}
