package io.foresight.model.checkpoint;

import static java.util.Map.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.foresight.model.checkpoint.ModelConfig.Attention;
import io.foresight.model.checkpoint.ModelConfig.Embedding;
import io.foresight.model.checkpoint.ModelConfig.Experts;
import io.foresight.model.checkpoint.ModelConfig.Head;
import io.foresight.model.checkpoint.ModelConfig.HeadNorms;
import io.foresight.model.checkpoint.ModelConfig.Mlp;
import io.foresight.model.checkpoint.ModelConfig.Norms;
import io.foresight.model.checkpoint.ModelConfig.Placement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * The families of models: for each, by the {@code model_type} of its {@code config.json}, where its
 * tensors are and what its configuration says, in the layouts of transformers 4 and 5. Missing
 * optional keys have transformers' defaults. To add a family, add its table and its reader here.
 *
 * <p>Long, since it is a table: a paragraph per family.
 */
final class Families {

  private static final TensorNames LLAMA =
      TensorNames.of(
          """
          embed           embed_tokens
          norm            norm
          head            /lm_head
          attention_norm  layers.%d.input_layernorm
          qkv             layers.%d.self_attn.q_proj layers.%d.self_attn.k_proj layers.%d.self_attn.v_proj
          query_norm      layers.%d.self_attn.q_norm
          key_norm        layers.%d.self_attn.k_norm
          out             layers.%d.self_attn.o_proj
          mlp_norm        layers.%d.post_attention_layernorm
          in              layers.%d.mlp.gate_proj layers.%d.mlp.up_proj
          down            layers.%d.mlp.down_proj\
          """);

  /** With one norm for attention and MLP, which read the same. */
  private static final TensorNames LLAMA_PARALLEL =
      LLAMA.with("mlp_norm", "layers.%d.input_layernorm");

  private static final TensorNames OLMO2 =
      LLAMA
          .with("attention_branch_norm", "layers.%d.post_attention_layernorm")
          .with("mlp_branch_norm", "layers.%d.post_feedforward_layernorm");

  private static final TensorNames GEMMA2 =
      OLMO2.with("mlp_norm", "layers.%d.pre_feedforward_layernorm");

  private static final TensorNames GLM =
      LLAMA
          .with("in", "layers.%d.mlp.gate_up_proj")
          .with("attention_branch_norm", "layers.%d.post_self_attn_layernorm")
          .with("mlp_branch_norm", "layers.%d.post_mlp_layernorm");

  private static final TensorNames PHI3 =
      LLAMA.with("qkv", "layers.%d.self_attn.qkv_proj").with("in", "layers.%d.mlp.gate_up_proj");

  private static final TensorNames PHI =
      LLAMA_PARALLEL
          .with("norm", "final_layernorm")
          .with("out", "layers.%d.self_attn.dense")
          .with("in", "layers.%d.mlp.fc1")
          .with("down", "layers.%d.mlp.fc2");

  private static final TensorNames QWEN3_MOE =
      LLAMA
          .with("router", "layers.%d.mlp.gate")
          .with(
              "expert_in", "layers.%d.mlp.experts.%e.gate_proj", "layers.%d.mlp.experts.%e.up_proj")
          .with("expert_down", "layers.%d.mlp.experts.%e.down_proj");

  private static final TensorNames MIXTRAL =
      LLAMA
          .with("router", "layers.%d.block_sparse_moe.gate")
          .with(
              "expert_in",
              "layers.%d.block_sparse_moe.experts.%e.w1",
              "layers.%d.block_sparse_moe.experts.%e.w3")
          .with("expert_down", "layers.%d.block_sparse_moe.experts.%e.w2");

  private static final TensorNames MPT =
      TensorNames.of(
          """
          embed           wte
          norm            norm_f
          head            /lm_head
          attention_norm  blocks.%d.norm_1
          qkv             blocks.%d.attn.Wqkv
          out             blocks.%d.attn.out_proj
          mlp_norm        blocks.%d.norm_2
          in              blocks.%d.ffn.up_proj
          down            blocks.%d.ffn.down_proj\
          """);

  private static final TensorNames GPT2 =
      TensorNames.of(
              """
              embed           wte
              positions       wpe
              norm            ln_f
              head            /lm_head
              attention_norm  h.%d.ln_1
              qkv             h.%d.attn.c_attn
              out             h.%d.attn.c_proj
              mlp_norm        h.%d.ln_2
              in              h.%d.mlp.c_fc
              down            h.%d.mlp.c_proj\
              """)
          .transposedMatrices();

  private static final TensorNames GPT_NEOX =
      TensorNames.of(
              """
              embed           embed_in
              norm            final_layer_norm
              head            /embed_out
              attention_norm  layers.%d.input_layernorm
              qkv             layers.%d.attention.query_key_value
              out             layers.%d.attention.dense
              mlp_norm        layers.%d.post_attention_layernorm
              in              layers.%d.mlp.dense_h_to_4h
              down            layers.%d.mlp.dense_4h_to_h\
              """)
          .storedHeadByHead();

  /** Falcon's names too. */
  private static final TensorNames BLOOM =
      TensorNames.of(
              """
              embed           word_embeddings
              embed_norm      word_embeddings_layernorm
              norm            ln_f
              head            /lm_head
              attention_norm  h.%d.input_layernorm
              qkv             h.%d.self_attention.query_key_value
              out             h.%d.self_attention.dense
              mlp_norm        h.%d.post_attention_layernorm
              in              h.%d.mlp.dense_h_to_4h
              down            h.%d.mlp.dense_4h_to_h\
              """)
          .storedHeadByHead();

  private static final TensorNames OPT =
      TensorNames.of(
          """
          embed           embed_tokens
          positions       embed_positions
          project_in      project_in
          project_out     project_out
          norm            final_layer_norm
          head            /lm_head
          attention_norm  layers.%d.self_attn_layer_norm
          qkv             layers.%d.self_attn.q_proj layers.%d.self_attn.k_proj layers.%d.self_attn.v_proj
          out             layers.%d.self_attn.out_proj
          mlp_norm        layers.%d.final_layer_norm
          in              layers.%d.fc1
          down            layers.%d.fc2\
          """);

  private static final Map<String, BiFunction<ConfigJson, Builder, ModelConfig>> READERS =
      new TreeMap<>(
          Map.ofEntries(
              entry("llama", Families::llama),
              entry("mistral", Families::mistral),
              entry("qwen2", Families::qwen2),
              entry("qwen3", Families::qwen3),
              entry("qwen3_moe", Families::qwen3Moe),
              entry("mixtral", Families::mixtral),
              entry("gemma", Families::gemma),
              entry("gemma2", Families::gemma2),
              entry("gemma3_text", Families::gemma3),
              entry("olmo2", Families::olmo2),
              entry("granite", Families::granite),
              entry("stablelm", Families::stableLm),
              entry("glm", Families::glm),
              entry("glm4", Families::glm4),
              entry("cohere", Families::cohere),
              entry("phi", Families::phi),
              entry("phi3", Families::phi3),
              entry("falcon", Families::falcon),
              entry("mpt", Families::mpt),
              entry("gpt2", Families::gpt2),
              entry("gpt_neox", Families::gptNeoX),
              entry("bloom", Families::bloom),
              entry("opt", Families::opt)));

  /** Tables of positions are made for the whole context. */
  private static final int MOST_POSITIONS = 1 << 20;

  private Families() {}

  /** The {@code model_type} of each. */
  static Set<String> names() {
    return READERS.keySet();
  }

  /** Reads a configuration, or throws an IllegalArgumentException whose message is the reason. */
  static ModelConfig read(JsonNode json, JsonNode generation) {
    String family = json.path("model_type").asText("(none)");
    BiFunction<ConfigJson, Builder, ModelConfig> reader = READERS.get(family);
    if (reader == null) {
      throw new IllegalArgumentException(
          "its family, model_type \""
              + family
              + "\", is not supported. Supported: "
              + String.join(", ", READERS.keySet())
              + ".");
    }
    ConfigJson config = new ConfigJson(json);
    return reader.apply(config, new Builder(config, generation));
  }

  private static ModelConfig llama(ConfigJson json, Builder b) {
    gated(json, b, "silu");
    b.attentionBias = json.flagOr(false, "attention_bias");
    b.outputBias = b.attentionBias;
    b.mlpBias = json.flagOr(false, "mlp_bias");
    b.rotary(json, 1, 10_000, json.sizeOr(2048, "max_position_embeddings"));
    return b.build(LLAMA);
  }

  private static ModelConfig mistral(ConfigJson json, Builder b) {
    b.keyValueHeads = 8;
    gated(json, b, "silu");
    b.window = json.sizeUnlessNull(4096, "sliding_window");
    b.windowed = json.windowed(b.layers, layer -> true);
    b.rotary(json, 1, 10_000, json.sizeOr(131_072, "max_position_embeddings"));
    return b.build(LLAMA);
  }

  private static ModelConfig qwen2(ConfigJson json, Builder b) {
    b.keyValueHeads = 32;
    qwen(json, b);
    b.attentionBias = true;
    return b.build(LLAMA);
  }

  private static ModelConfig qwen3(ConfigJson json, Builder b) {
    b.keyValueHeads = 32;
    b.headDim = 128;
    qwen(json, b);
    b.attentionBias = json.flagOr(false, "attention_bias");
    b.outputBias = b.attentionBias;
    b.headNorms = HeadNorms.SHARED;
    return b.build(LLAMA);
  }

  private static ModelConfig qwen3Moe(ConfigJson json, Builder b) {
    b.keyValueHeads = 4;
    gated(json, b, "silu");
    b.attentionBias = json.flagOr(false, "attention_bias");
    b.outputBias = b.attentionBias;
    b.headNorms = HeadNorms.SHARED;
    if (json.flagOr(false, "use_sliding_window")) {
      b.window = json.sizeUnlessNull(4096, "sliding_window");
      b.windowed = Collections.nCopies(b.layers, true);
    }
    Set<Integer> single = json.indices("mlp_only_layers");
    int step = json.sizeOr(1, "decoder_sparse_step");
    b.experts =
        new Experts(
            json.sizeOr(128, "num_experts", "num_local_experts"),
            json.sizeOr(8, "num_experts_per_tok"),
            json.sizeOr(768, "moe_intermediate_size"),
            json.flagOr(false, "norm_topk_prob"),
            IntStream.range(0, b.layers)
                .mapToObj(layer -> (layer + 1) % step == 0 && !single.contains(layer))
                .toList());
    b.rotary(json, 1, 10_000, json.sizeOr(32_768, "max_position_embeddings"));
    return b.build(QWEN3_MOE);
  }

  private static ModelConfig mixtral(ConfigJson json, Builder b) {
    b.keyValueHeads = 8;
    gated(json, b, "silu");
    b.epsilon = json.numberOr(1e-5, "rms_norm_eps");
    b.window = json.sizeOr(0, "sliding_window");
    b.windowed = Collections.nCopies(b.layers, true);
    b.experts =
        new Experts(
            json.sizeOr(8, "num_local_experts", "num_experts"),
            json.sizeOr(2, "num_experts_per_tok"),
            b.width,
            true,
            Collections.nCopies(b.layers, true));
    b.rotary(json, 1, 1_000_000, json.sizeOr(131_072, "max_position_embeddings"));
    return b.build(MIXTRAL);
  }

  private static void qwen(ConfigJson json, Builder b) {
    gated(json, b, "silu");
    int full = json.has("max_window_layers") ? json.json().get("max_window_layers").asInt() : 28;
    if (json.flagOr(false, "use_sliding_window")) {
      b.window = json.sizeUnlessNull(4096, "sliding_window");
      b.windowed = json.windowed(b.layers, layer -> layer >= full);
    }
    b.rotary(json, 1, 10_000, json.sizeOr(32_768, "max_position_embeddings"));
  }

  private static ModelConfig gemma(ConfigJson json, Builder b) {
    gemmas(json, b);
    b.keyValueHeads = json.sizeOr(16, "num_key_value_heads");
    // Early files say gelu and mean its tanh approximation.
    String activation = json.activationOr("gelu_pytorch_tanh", "hidden_activation", "hidden_act");
    b.activation = activation.equals("gelu") ? "gelu_tanh" : activation;
    b.rotary(json, 1, 10_000, json.sizeOr(8192, "max_position_embeddings"));
    return b.build(LLAMA);
  }

  private static ModelConfig gemma2(ConfigJson json, Builder b) {
    laterGemmas(json, b);
    b.windowed = json.windowed(b.layers, layer -> layer % 2 == 0);
    b.softcap = json.boundOr(50, "attn_logit_softcapping");
    b.logitSoftcap = json.boundOr(30, "final_logit_softcapping");
    b.rotary(json, 1, 10_000, json.sizeOr(8192, "max_position_embeddings"));
    return b.build(GEMMA2);
  }

  private static ModelConfig gemma3(ConfigJson json, Builder b) {
    laterGemmas(json, b);
    json.mustBe(false, "use_bidirectional_attention");
    b.headNorms = HeadNorms.SHARED;
    int period = json.sizeOr(6, "sliding_window_pattern");
    b.windowed = json.windowed(b.layers, layer -> (layer + 1) % period != 0);
    b.softcap = json.boundOr(0, "attn_logit_softcapping");
    b.logitSoftcap = json.boundOr(0, "final_logit_softcapping");
    int positions = json.sizeOr(131_072, "max_position_embeddings");
    // In version 4 the settings of layers with a window are the base alone.
    ConfigJson wide = json.ropeOf("full_attention");
    ConfigJson local = json.ropeOf("sliding_attention");
    b.rotary(wide == null ? json : wide, 1, 1_000_000, positions);
    b.windowRope =
        Rope.of(
            (local == null ? new ConfigJson(MissingNode.getInstance()) : local).json(),
            b.headDim,
            1,
            json.numberOr(10_000, "rope_local_base_freq"),
            positions);
    return b.build(GEMMA2);
  }

  private static void laterGemmas(ConfigJson json, Builder b) {
    b.keyValueHeads = 4;
    gemmas(json, b);
    b.activation = json.activationOr("gelu_pytorch_tanh", "hidden_activation");
    b.placement = Placement.INPUTS_AND_OUTPUTS;
    b.window = json.sizeUnlessNull(4096, "sliding_window");
    b.queryScale = Math.sqrt(b.headDim / json.numberOr(256, "query_pre_attn_scalar"));
  }

  private static void gemmas(ConfigJson json, Builder b) {
    b.headDim = 256;
    b.tied = true;
    gated(json, b, "gelu_pytorch_tanh");
    b.attentionBias = json.flagOr(false, "attention_bias");
    b.outputBias = b.attentionBias;
    b.embeddingScale = Math.sqrt(b.hidden);
    b.normOffset = 1;
  }

  private static ModelConfig olmo2(ConfigJson json, Builder b) {
    gated(json, b, "silu");
    b.epsilon = json.numberOr(1e-5, "rms_norm_eps");
    b.attentionBias = json.flagOr(false, "attention_bias");
    b.outputBias = b.attentionBias;
    b.placement = Placement.OUTPUTS;
    b.headNorms = HeadNorms.TOGETHER;
    b.rotary(json, 1, 10_000, json.sizeOr(2048, "max_position_embeddings"));
    return b.build(OLMO2);
  }

  private static ModelConfig granite(ConfigJson json, Builder b) {
    gated(json, b, "silu");
    b.attentionBias = json.flagOr(false, "attention_bias");
    b.outputBias = b.attentionBias;
    b.mlpBias = json.flagOr(false, "mlp_bias");
    b.embeddingScale = json.numberOr(1, "embedding_multiplier");
    b.queryScale = json.numberOr(1, "attention_multiplier") * Math.sqrt(b.headDim);
    b.residualScale = json.numberOr(1, "residual_multiplier");
    b.headScale = 1 / json.numberOr(1, "logits_scaling");
    b.rotary(json, 1, 10_000, json.sizeOr(2048, "max_position_embeddings"));
    return b.build(LLAMA);
  }

  private static ModelConfig stableLm(ConfigJson json, Builder b) {
    b.keyValueHeads = 32;
    gated(json, b, "silu");
    b.layerNorm = true;
    b.epsilon = json.numberOr(1e-5, "layer_norm_eps");
    b.attentionBias = json.flagOr(false, "use_qkv_bias");
    b.headNorms = json.flagOr(false, "qk_layernorm") ? HeadNorms.OWN : HeadNorms.NONE;
    b.parallel = json.flagOr(false, "use_parallel_residual");
    b.rotary(json, 0.25, 10_000, json.sizeOr(4096, "max_position_embeddings"));
    return b.build(
        (b.parallel ? LLAMA_PARALLEL : LLAMA)
            .with("query_norm", "layers.%d.self_attn.q_layernorm.norms.%e")
            .with("key_norm", "layers.%d.self_attn.k_layernorm.norms.%e"));
  }

  private static ModelConfig glm(ConfigJson json, Builder b) {
    b.keyValueHeads = 2;
    b.headDim = 128;
    gated(json, b, "silu");
    b.epsilon = json.numberOr(1.5625e-7, "rms_norm_eps");
    b.attentionBias = json.flagOr(true, "attention_bias");
    b.interleaved = true;
    b.rotary(json, 0.5, 10_000, json.sizeOr(131_072, "max_position_embeddings"));
    return b.build(GLM);
  }

  private static ModelConfig glm4(ConfigJson json, Builder b) {
    b.placement = Placement.INPUTS_AND_OUTPUTS;
    return glm(json, b);
  }

  private static ModelConfig cohere(ConfigJson json, Builder b) {
    b.tied = true;
    gated(json, b, "silu");
    b.layerNorm = true;
    b.normBiases = false;
    b.epsilon = json.numberOr(1e-5, "layer_norm_eps");
    b.attentionBias = json.flagOr(false, "attention_bias");
    b.outputBias = b.attentionBias;
    b.headNorms = json.flagOr(false, "use_qk_norm") ? HeadNorms.OWN : HeadNorms.NONE;
    b.parallel = true;
    b.headScale = json.numberOr(0.0625, "logit_scale");
    b.interleaved = true;
    b.rotary(json, 1, 500_000, json.sizeOr(8192, "max_position_embeddings"));
    return b.build(LLAMA_PARALLEL);
  }

  private static ModelConfig phi(ConfigJson json, Builder b) {
    plain(json, b, "hidden_size", "num_hidden_layers", "num_attention_heads");
    json.mustBe(false, "qk_layernorm");
    b.keyValueHeads = json.sizeOr(b.heads, "num_key_value_heads");
    b.width = json.size("intermediate_size");
    b.activation = json.activationOr("gelu_new", "hidden_act");
    b.epsilon = json.numberOr(1e-5, "layer_norm_eps");
    b.parallel = true;
    b.headBias = true;
    b.rotary(json, 0.5, 10_000, json.sizeOr(2048, "max_position_embeddings"));
    return b.build(PHI);
  }

  private static ModelConfig phi3(ConfigJson json, Builder b) {
    gated(json, b, "silu");
    b.epsilon = json.numberOr(1e-5, "rms_norm_eps");
    b.window = json.sizeOr(0, "sliding_window");
    b.windowed = json.windowed(b.layers, layer -> true);
    b.rotary(json, 1, 10_000, json.sizeOr(4096, "max_position_embeddings"));
    return b.build(PHI3);
  }

  /** What families with RMS norms and a gated MLP have in common. */
  private static void gated(ConfigJson json, Builder b, String activation) {
    b.hidden = json.size("hidden_size");
    b.layers = json.size("num_hidden_layers");
    b.heads = json.size("num_attention_heads");
    b.keyValueHeads = json.sizeUnlessNull(b.keyValueHeads, "num_key_value_heads");
    b.keyValueHeads = b.keyValueHeads == 0 ? b.heads : b.keyValueHeads;
    b.headDim = json.sizeOr(b.headDim == 0 ? b.hidden / b.heads : b.headDim, "head_dim");
    b.width = json.size("intermediate_size");
    b.gated = true;
    b.epsilon = json.numberOr(1e-6, "rms_norm_eps");
    b.tied = json.flagOr(b.tied, "tie_word_embeddings");
    b.activation = json.activationOr(activation, "hidden_act");
  }

  private static ModelConfig gpt2(ConfigJson json, Builder b) {
    b.tied = true;
    plain(json, b, "n_embd", "n_layer", "n_head");
    json.mustBe(false, "add_cross_attention");
    b.context = json.sizeOr(1024, "n_positions", "max_position_embeddings");
    b.positions = b.context;
    b.width = json.sizeOr(4 * b.hidden, "n_inner");
    b.activation = json.activationOr("gelu_new", "activation_function");
    b.epsilon = json.numberOr(1e-5, "layer_norm_epsilon");
    b.queryScale = json.flagOr(true, "scale_attn_weights") ? 1 : Math.sqrt(b.headDim);
    b.scaledByLayer = json.flagOr(false, "scale_attn_by_inverse_layer_idx");
    return b.build(GPT2);
  }

  private static ModelConfig gptNeoX(ConfigJson json, Builder b) {
    plain(json, b, "hidden_size", "num_hidden_layers", "num_attention_heads");
    b.width = json.size("intermediate_size");
    b.activation = json.activationOr("gelu", "hidden_act");
    b.epsilon = json.numberOr(1e-5, "layer_norm_eps");
    b.parallel = json.flagOr(true, "use_parallel_residual");
    b.attentionBias = json.flagOr(true, "attention_bias");
    b.outputBias = b.attentionBias;
    b.rotary(
        json,
        json.numberOr(0.25, "rotary_pct"),
        json.numberOr(10_000, "rotary_emb_base"),
        json.sizeOr(2048, "max_position_embeddings"));
    return b.build(GPT_NEOX);
  }

  private static ModelConfig bloom(ConfigJson json, Builder b) {
    b.tied = true;
    plain(json, b, "hidden_size", "n_layer", "n_head");
    json.mustBe(false, "apply_residual_connection_post_layernorm");
    // Its scores know no end; this is what the models were trained on.
    b.context = json.sizeOr(2048, "seq_length");
    b.width = 4 * b.hidden;
    b.activation = "gelu_tanh";
    b.epsilon = json.numberOr(1e-5, "layer_norm_epsilon");
    b.embeddingNorm = true;
    b.alibi = true;
    return b.build(BLOOM);
  }

  private static ModelConfig falcon(ConfigJson json, Builder b) {
    b.tied = true;
    plain(json, b, "hidden_size", "num_hidden_layers", "num_attention_heads");
    // Its bias is rounded to bf16, positions included.
    json.mustBe(false, "alibi");
    boolean later = json.flagOr(false, "new_decoder_architecture");
    if (later) {
      b.keyValueHeads = json.sizeOr(b.heads, "num_kv_heads");
    } else if (json.flagOr(true, "multi_query")) {
      b.keyValueHeads = 1;
    }
    b.width = json.sizeOr(4 * b.hidden, "ffn_hidden_size");
    b.activation = json.activationOr("gelu", "activation");
    b.epsilon = json.numberOr(1e-5, "layer_norm_epsilon");
    b.attentionBias = json.flagOr(false, "bias");
    b.outputBias = b.attentionBias;
    b.mlpBias = b.attentionBias;
    b.parallel = later || json.flagOr(true, "parallel_attn");
    b.rotary(json, 1, 10_000, json.sizeOr(2048, "max_position_embeddings"));
    if (later && json.sizeOr(2, "num_ln_in_parallel_attn") == 2) {
      return b.build(BLOOM.with("attention_norm", "h.%d.ln_attn").with("mlp_norm", "h.%d.ln_mlp"));
    }
    return b.build(b.parallel ? BLOOM.with("mlp_norm", "h.%d.input_layernorm") : BLOOM);
  }

  private static ModelConfig mpt(ConfigJson json, Builder b) {
    b.tied = true;
    plain(json, b, "d_model", "n_layers", "n_heads");
    json.mustBe(true, "no_bias");
    json.mustBeNull("logit_scale");
    b.attentionBias = false;
    b.outputBias = false;
    b.mlpBias = false;
    b.normBiases = false;
    ConfigJson attention = new ConfigJson(json.json().path("attn_config"));
    attention.oneOf("attn_type", "multihead_attention", "multihead_attention");
    attention.mustBe(true, "alibi");
    attention.mustBe(false, "qk_ln");
    attention.mustBe(false, "prefix_lm");
    attention.mustBeNull("clip_qkv");
    attention.oneOf("alibi_bias_max", "8", "8");
    double root = Math.sqrt(b.headDim);
    b.queryScale = root * attention.numberOr(1 / root, "softmax_scale");
    b.alibi = true;
    // Its scores know no end; this is what the models were trained on.
    b.context = json.sizeOr(2048, "max_seq_len");
    b.width = 4 * b.hidden;
    b.activation = "gelu";
    b.epsilon = json.numberOr(1e-5, "layer_norm_epsilon");
    return b.build(MPT);
  }

  private static ModelConfig opt(ConfigJson json, Builder b) {
    b.tied = true;
    plain(json, b, "hidden_size", "num_hidden_layers", "num_attention_heads");
    b.context = json.sizeOr(2048, "max_position_embeddings");
    // The first two rows are of padding.
    b.firstPosition = 2;
    b.positions = b.context + 2;
    b.embeddingWidth = json.sizeOr(b.hidden, "word_embed_proj_dim");
    b.width = json.size("ffn_dim");
    b.activation = json.activationOr("relu", "activation_function");
    b.epsilon = 1e-5;
    b.weightedNorms = json.flagOr(true, "layer_norm_elementwise_affine");
    boolean before = json.flagOr(true, "do_layer_norm_before");
    b.placement = before ? Placement.INPUTS : Placement.SUMS;
    b.lastNorm = before && !json.flagOr(false, "_remove_final_layer_norm");
    b.attentionBias = json.flagOr(true, "enable_bias");
    b.outputBias = b.attentionBias;
    b.mlpBias = b.attentionBias;
    return b.build(OPT);
  }

  /** What families with layer norms, biases and an MLP without a gate have in common. */
  private static void plain(
      ConfigJson json, Builder b, String hidden, String layers, String heads) {
    b.hidden = json.size(hidden, "hidden_size", "n_embed");
    b.layers = json.size(layers, "num_hidden_layers");
    b.heads = json.size(heads, "num_attention_heads");
    b.keyValueHeads = b.heads;
    b.headDim = b.hidden / b.heads;
    b.tied = json.flagOr(b.tied, "tie_word_embeddings");
    b.layerNorm = true;
    b.attentionBias = true;
    b.outputBias = true;
    b.mlpBias = true;
  }

  /** What a reader says of a model. What it leaves out is as in the plainest of them. */
  private static final class Builder {

    private final String family;
    private final int vocabulary;
    private final Set<Integer> eos;
    private int hidden;
    private int layers;
    private int heads;
    private int keyValueHeads;
    private int headDim;
    private int context;
    private boolean tied;
    private int embeddingWidth;
    private double embeddingScale = 1;
    private boolean embeddingNorm;
    private int positions;
    private int firstPosition;
    private boolean layerNorm;
    private double epsilon;
    private boolean weightedNorms = true;
    private boolean normBiases = true;
    private Placement placement = Placement.INPUTS;
    private double normOffset;
    private boolean lastNorm = true;
    private boolean attentionBias;
    private boolean outputBias;
    private HeadNorms headNorms = HeadNorms.NONE;
    private double queryScale = 1;
    private boolean scaledByLayer;
    private int window;
    private List<Boolean> windowed = List.of();
    private double softcap;
    private boolean alibi;
    private boolean interleaved;
    private Rope rope;
    private Rope windowRope;
    private int width;
    private String activation;
    private boolean gated;
    private boolean mlpBias;
    private boolean parallel;
    private Experts experts;
    private double residualScale = 1;
    private boolean headBias;
    private double headScale = 1;
    private double logitSoftcap;

    Builder(ConfigJson json, JsonNode generation) {
      family = json.json().get("model_type").asText();
      vocabulary = json.size("vocab_size");
      eos = json.eos(generation);
    }

    void rotary(ConfigJson json, double partial, double base, int positions) {
      rope = Rope.of(json.json(), headDim, partial, base, positions);
      context = rope.context();
    }

    ModelConfig build(TensorNames names) {
      if (context > MOST_POSITIONS) {
        throw new IllegalArgumentException(
            "its context of "
                + context
                + " positions is more than the "
                + MOST_POSITIONS
                + " that are supported. Lower max_position_embeddings to what prompts need.");
      }
      if (heads % keyValueHeads != 0) {
        throw new IllegalArgumentException(
            "num_attention_heads "
                + heads
                + " is no multiple of num_key_value_heads "
                + keyValueHeads
                + ".");
      }
      if (experts != null && experts.chosen() > experts.count()) {
        throw new IllegalArgumentException(
            "num_experts_per_tok "
                + experts.chosen()
                + " is more than the "
                + experts.count()
                + " experts that there are.");
      }
      List<Double> scales = new ArrayList<>();
      for (int i = 0; i < layers; i++) {
        scales.add(scaledByLayer ? queryScale / (i + 1) : queryScale);
      }
      return new ModelConfig(
          family,
          vocabulary,
          hidden,
          layers,
          context,
          new Embedding(
              vocabulary,
              embeddingWidth == 0 ? hidden : embeddingWidth,
              embeddingScale,
              embeddingNorm,
              positions,
              firstPosition),
          new Norms(layerNorm, epsilon, weightedNorms, normBiases, placement, normOffset, lastNorm),
          new Attention(
              heads,
              keyValueHeads,
              headDim,
              attentionBias,
              outputBias,
              headNorms,
              List.copyOf(scales),
              window,
              window == 0 ? Collections.nCopies(layers, false) : windowed,
              softcap,
              alibi,
              interleaved),
          rope,
          windowRope,
          new Mlp(width, activation, gated, mlpBias, parallel, experts),
          residualScale,
          new Head(vocabulary, vocabulary, tied, headBias, headScale, logitSoftcap),
          eos,
          names);
    }
  }
}
