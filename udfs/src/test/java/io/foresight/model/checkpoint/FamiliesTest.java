package io.foresight.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configurations as transformers 4 wrote them, whose keys differ from those of the fixtures. */
class FamiliesTest {

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static ModelConfig read(String text) {
    return Families.read(json(text), MissingNode.getInstance());
  }

  /** The sizes that every gated family's file gives. */
  private static String gated(String family, String more) {
    return """
        {"model_type": "%s", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 128,
         "num_hidden_layers": 4, "num_attention_heads": 32%s}
        """
        .formatted(family, more.isEmpty() ? "" : ", " + more);
  }

  @Test
  void llama2HasNoKeysOfLaterVersions() {
    ModelConfig config = read(gated("llama", "\"torch_dtype\": \"float16\", \"pad_token_id\": -1"));
    assertThat(config.context()).isEqualTo(2048);
    assertThat(config.attention().keyValueHeads()).isEqualTo(32);
    assertThat(config.attention().headDim()).isEqualTo(2);
    assertThat(config.norms().epsilon()).isEqualTo(1e-6);
    assertThat(config.rope().kind()).isEqualTo("default");
    assertThat(config.rope().settings()).containsExactly(10_000.0);
    assertThat(config.head().tied()).isFalse();
    assertThat(config.eos()).isEmpty();
  }

  @Test
  void llama31HasItsRopeInRopeScalingAndItsBaseBesideIt() {
    ModelConfig config =
        read(
            gated(
                "llama",
                """
                "rope_theta": 500000.0, "max_position_embeddings": 131072,
                "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                  "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
                """));
    assertThat(config.rope().kind()).isEqualTo("llama3");
    assertThat(config.rope().settings()).containsExactly(500_000.0, 8.0, 1.0, 4.0, 8192.0);
    assertThat(config.context()).isEqualTo(131_072);
  }

  @Test
  void theOldNameOfARopeKindIsRead() {
    ModelConfig config =
        read(gated("llama", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.5}"));
    assertThat(config.rope().kind()).isEqualTo("linear");
    assertThat(config.rope().settings()).containsExactly(10_000.0, 2.5);
  }

  @Test
  void dynamicScalingIsThePlainOneWithinTheContext() {
    ModelConfig config =
        read(
            gated(
                "llama",
                "\"max_position_embeddings\": 512, \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2.0}"));
    assertThat(config.rope().kind()).isEqualTo("default");
    assertThat(config.context()).isEqualTo(512);
  }

  @Test
  void yarnTakesItsAttentionFactorFromTheFactor() {
    ModelConfig config =
        read(
            gated(
                "qwen2",
                """
                "num_key_value_heads": 8, "rope_theta": 1000000.0, "head_dim": 128,
                "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
                """));
    assertThat(config.rope().settings()).hasSize(5).startsWith(1e6, 4.0, 23.0, 40.0);
    assertThat(config.rope().settings().get(4)).isCloseTo(1.138629, within(1e-6));
  }

  @Test
  void mistralSeesItsDefaultWindowUnlessTheFileSaysNone() {
    ModelConfig missing = read(gated("mistral", ""));
    assertThat(missing.attention().window()).isEqualTo(4096);
    assertThat(missing.attention().windowed()).containsOnly(true);
    assertThat(missing.attention().keyValueHeads()).isEqualTo(8);
    ModelConfig none = read(gated("mistral", "\"sliding_window\": null, \"head_dim\": null"));
    assertThat(none.attention().window()).isZero();
    assertThat(none.attention().windowed()).containsOnly(false);
    assertThat(none.attention().headDim()).isEqualTo(2);
  }

  @Test
  void qwen2HasAWindowOnlyWhereItIsUsed() {
    String window = "\"sliding_window\": 1024, \"max_window_layers\": 2, \"use_sliding_window\": ";
    assertThat(read(gated("qwen2", window + "false")).attention().window()).isZero();
    ModelConfig.Attention used = read(gated("qwen2", window + "true")).attention();
    assertThat(used.window()).isEqualTo(1024);
    assertThat(used.windowed()).containsExactly(false, false, true, true);
    assertThat(used.bias()).isTrue();
    assertThat(used.outputBias()).isFalse();
  }

  @Test
  void qwen3HasHeadsOfTheirOwnWidth() {
    ModelConfig.Attention attention = read(gated("qwen3", "")).attention();
    assertThat(attention.headDim()).isEqualTo(128);
    assertThat(attention.headNorms()).isEqualTo(ModelConfig.HeadNorms.SHARED);
    assertThat(attention.bias()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "\"hidden_act\": \"gelu\"",
        "\"hidden_act\": \"gelu_pytorch_tanh\"",
        "\"hidden_activation\": null, \"hidden_act\": \"gelu\"",
        "\"hidden_activation\": \"gelu_pytorch_tanh\", \"hidden_act\": \"gelu\"",
        "\"x\": 0"
      })
  void gemmaActivatesByTheTanhApproximationWhateverItsEarlyFilesSay(String keys) {
    ModelConfig config = read(gated("gemma", "\"num_key_value_heads\": 1, " + keys));
    assertThat(config.mlp().activation()).isEqualTo("gelu_tanh");
    assertThat(config.attention().headDim()).isEqualTo(256);
    assertThat(config.attention().keyValueHeads()).isEqualTo(1);
    assertThat(config.embedding().scale()).isEqualTo(8);
    assertThat(config.norms().offset()).isEqualTo(1);
    assertThat(config.head().tied()).isTrue();
  }

  @Test
  void gemma2AlternatesAndBoundsUnlessItsBoundsAreNull() {
    ModelConfig config = read(gated("gemma2", "\"query_pre_attn_scalar\": 64"));
    assertThat(config.attention().windowed()).containsExactly(true, false, true, false);
    assertThat(config.attention().window()).isEqualTo(4096);
    assertThat(config.attention().softcap()).isEqualTo(50);
    assertThat(config.attention().queryScales()).containsOnly(2.0);
    assertThat(config.head().softcap()).isEqualTo(30);
    ModelConfig unbound =
        read(
            gated("gemma2", "\"attn_logit_softcapping\": null, \"final_logit_softcapping\": null"));
    assertThat(unbound.attention().softcap()).isZero();
    assertThat(unbound.head().softcap()).isZero();
  }

  @Test
  void phi3IsHeldToTheContextOfItsShortFactors() {
    ModelConfig config =
        read(
            gated(
                "phi3",
                """
                "max_position_embeddings": 131072, "original_max_position_embeddings": 4096,
                "head_dim": 4, "sliding_window": 2047,
                "rope_scaling": {"type": "su", "short_factor": [1.0, 1.5], "long_factor": [2.0, 9.0]}
                """));
    assertThat(config.context()).isEqualTo(4096);
    assertThat(config.rope().kind()).isEqualTo("longrope");
    assertThat(config.rope().factors()).containsExactly(1.0, 1.5);
    assertThat(config.rope().settings().get(1))
        .isCloseTo(Math.sqrt(1 + Math.log(32) / Math.log(4096)), within(1e-12));
    assertThat(config.norms().epsilon()).isEqualTo(1e-5);
    assertThat(config.attention().window()).isEqualTo(2047);
  }

  @Test
  void gpt2HasNamesOfItsOwn() {
    ModelConfig config =
        read(
            """
            {"model_type": "gpt2", "vocab_size": 100, "n_embd": 12, "n_layer": 2, "n_head": 3,
             "n_positions": 1024, "n_ctx": 1024, "layer_norm_epsilon": 1e-05,
             "activation_function": "gelu_new", "scale_attn_weights": false}
            """);
    assertThat(config.hidden()).isEqualTo(12);
    assertThat(config.context()).isEqualTo(1024);
    assertThat(config.embedding().positions()).isEqualTo(1024);
    assertThat(config.mlp().width()).isEqualTo(48);
    assertThat(config.head().tied()).isTrue();
    assertThat(config.attention().queryScales()).containsOnly(2.0);
  }

  @Test
  void pythiaHasItsRopeInKeysOfItsOwn() {
    ModelConfig config =
        read(
            """
            {"model_type": "gpt_neox", "vocab_size": 100, "hidden_size": 64, "intermediate_size": 256,
             "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 2048,
             "rotary_pct": 0.25, "rotary_emb_base": 25000, "hidden_act": "gelu",
             "tie_word_embeddings": false, "use_parallel_residual": true}
            """);
    assertThat(config.rope().dimensions()).isEqualTo(4);
    assertThat(config.rope().settings()).containsExactly(25_000.0);
    assertThat(config.mlp().parallel()).isTrue();
    assertThat(config.mlp().activation()).isEqualTo("gelu");
  }

  @Test
  void bloomHasNoLimitButThatOfItsTraining() {
    ModelConfig config =
        read(
            """
            {"model_type": "bloom", "vocab_size": 100, "n_embed": 64, "num_hidden_layers": 2,
             "num_attention_heads": 4, "seq_length": 4096, "offset_alibi": 100}
            """);
    assertThat(config.context()).isEqualTo(4096);
    assertThat(config.attention().alibi()).isTrue();
    assertThat(config.hidden()).isEqualTo(64);
  }

  @Test
  void opt350mProjectsAndNormalisesAfterwards() {
    ModelConfig config =
        read(
            """
            {"model_type": "opt", "vocab_size": 100, "hidden_size": 64, "ffn_dim": 256,
             "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 2048,
             "word_embed_proj_dim": 32, "do_layer_norm_before": false}
            """);
    assertThat(config.embedding().width()).isEqualTo(32);
    assertThat(config.embedding().positions()).isEqualTo(2050);
    assertThat(config.norms().placement()).isEqualTo(ModelConfig.Placement.SUMS);
    assertThat(config.norms().last()).isFalse();
    assertThat(config.head().tied()).isTrue();
  }

  @Test
  void gemma3RotatesLayersWithAWindowByABaseOfTheirOwn() {
    ModelConfig config =
        read(
            gated(
                "gemma3_text",
                """
                "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "head_dim": 4,
                "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
                "sliding_window": 512, "sliding_window_pattern": 3, "query_pre_attn_scalar": 64
                """));
    assertThat(config.rope().settings()).containsExactly(1e6, 8.0);
    assertThat(config.windowRope().settings()).containsExactly(1e4);
    assertThat(config.attention().windowed()).containsExactly(true, true, false, true);
    assertThat(config.attention().softcap()).isZero();
    assertThat(config.attention().queryScales()).containsOnly(0.25);
    assertThat(config.norms().placement()).isEqualTo(ModelConfig.Placement.INPUTS_AND_OUTPUTS);
    ModelConfig plain = read(gated("gemma3_text", ""));
    assertThat(plain.rope().settings()).containsExactly(1e6);
    assertThat(plain.attention().windowed()).containsOnly(true);
    assertThat(plain.context()).isEqualTo(131_072);
  }

  @Test
  void graniteMultipliesByWhatItsFileSays() {
    ModelConfig config =
        read(
            gated(
                "granite",
                """
                "attention_multiplier": 0.5, "embedding_multiplier": 12.0,
                "logits_scaling": 8.0, "residual_multiplier": 0.22
                """));
    assertThat(config.attention().queryScales()).containsOnly(0.5 * Math.sqrt(2));
    assertThat(config.embedding().scale()).isEqualTo(12);
    assertThat(config.head().scale()).isEqualTo(0.125);
    assertThat(config.residualScale()).isEqualTo(0.22);
  }

  @Test
  void olmo2NormalisesWhatAttentionAndMlpReturn() {
    ModelConfig config = read(gated("olmo2", ""));
    assertThat(config.norms().placement()).isEqualTo(ModelConfig.Placement.OUTPUTS);
    assertThat(config.attention().headNorms()).isEqualTo(ModelConfig.HeadNorms.TOGETHER);
    assertThat(config.norms().epsilon()).isEqualTo(1e-5);
  }

  @Test
  void aPartOfEachHeadIsRotatedWhereTheFamilyHasIt() {
    assertThat(read(gated("stablelm", "\"head_dim\": 8")).rope().dimensions()).isEqualTo(2);
    assertThat(read(gated("glm4", "")).rope().dimensions()).isEqualTo(64);
    assertThat(read(gated("glm", "")).attention().keyValueHeads()).isEqualTo(2);
    assertThat(
            read(gated("phi", "\"hidden_size\": 256, \"num_key_value_heads\": null"))
                .rope()
                .dimensions())
        .isEqualTo(4);
  }

  @Test
  void cohereHasNoBiasInItsNormsAndScalesItsScores() {
    ModelConfig config = read(gated("cohere", "\"rope_theta\": 8000000.0"));
    assertThat(config.norms().layerNorm()).isTrue();
    assertThat(config.norms().biased()).isFalse();
    assertThat(config.head().scale()).isEqualTo(0.0625);
    assertThat(config.head().tied()).isTrue();
    assertThat(config.attention().interleaved()).isTrue();
  }

  @Test
  void falconsHaveOneKeyValueHeadOrSeveralOrAll() {
    assertThat(read(gated("falcon", "")).attention().keyValueHeads()).isEqualTo(1);
    assertThat(read(gated("falcon", "\"multi_query\": false")).attention().keyValueHeads())
        .isEqualTo(32);
    String later =
        "\"new_decoder_architecture\": true, \"num_kv_heads\": 8, \"parallel_attn\": false";
    ModelConfig config = read(gated("falcon", later));
    assertThat(config.attention().keyValueHeads()).isEqualTo(8);
    assertThat(config.mlp().parallel()).isTrue();
    assertThat(config.mlp().width()).isEqualTo(256);
    assertThat(config.names().sources().get("mlp_norm")).containsExactly("h.%d.ln_mlp");
    config = read(gated("falcon", later + ", \"num_ln_in_parallel_attn\": 1"));
    assertThat(config.names().sources().get("mlp_norm")).containsExactly("h.%d.input_layernorm");
  }

  @Test
  void mptHasItsAttentionInSettingsOfTheirOwn() {
    String mpt =
        """
        {"model_type": "mpt", "vocab_size": 100, "d_model": 64, "n_layers": 2, "n_heads": 4,
         "max_seq_len": 4096, "attn_config": {"alibi": true, "softmax_scale": 0.5%s}}
        """;
    ModelConfig config = read(mpt.formatted(""));
    assertThat(config.context()).isEqualTo(4096);
    assertThat(config.attention().alibi()).isTrue();
    assertThat(config.attention().queryScales()).containsOnly(2.0);
    assertThatThrownBy(() -> read(mpt.formatted(", \"clip_qkv\": 6")))
        .hasMessage("clip_qkv = 6 is not supported. Supported: null.");
  }

  @Test
  void expertsAreInTheLayersThatTheFileSays() {
    ModelConfig config =
        read(
            gated(
                "qwen3_moe",
                "\"num_experts\": 64, \"decoder_sparse_step\": 2, \"mlp_only_layers\": [3]"));
    ModelConfig.Experts experts = config.mlp().experts();
    assertThat(experts.count()).isEqualTo(64);
    assertThat(experts.chosen()).isEqualTo(8);
    assertThat(experts.width()).isEqualTo(768);
    assertThat(experts.rescaled()).isFalse();
    assertThat(experts.layers()).containsExactly(false, true, false, false);
    ModelConfig mixtral = read(gated("mixtral", "\"sliding_window\": null"));
    assertThat(mixtral.mlp().experts().layers()).containsOnly(true);
    assertThat(mixtral.mlp().experts().width()).isEqualTo(128);
    assertThat(mixtral.attention().window()).isZero();
    assertThat(mixtral.rope().settings()).containsExactly(1e6);
  }

  @Test
  void idsThatEndATextComeFromTheGenerationConfiguration() {
    JsonNode config = json(gated("llama", "\"eos_token_id\": 2"));
    assertThat(Families.read(config, json("{\"eos_token_id\": [7, 9]}")).eos())
        .containsExactlyInAnyOrder(7, 9);
    assertThat(Families.read(config, json("{}")).eos()).containsExactly(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "t5; \"x\": 0; its family, model_type \"t5\", is not supported. Supported: bloom, cohere, falcon, gemma, gemma2, gemma3_text, glm, glm4, gpt2, gpt_neox, granite, llama, mistral, mixtral, mpt, olmo2, opt, phi, phi3, qwen2, qwen3, qwen3_moe, stablelm.",
        "llama; \"hidden_act\": \"mish\"; hidden_act \"mish\" is not supported",
        "llama; \"num_key_value_heads\": 5; num_attention_heads 32 is no multiple of num_key_value_heads 5.",
        "llama; \"num_key_value_heads\": -1; num_key_value_heads = -1, not a positive integer",
        "llama; \"max_position_embeddings\": 1048577; its context of 1048577 positions is more than the 1048576 that are supported.",
        "llama; \"head_dim\": 3; it rotates 3 numbers of a head of 3; rotary embedding needs an even number.",
        "llama; \"rope_scaling\": {\"type\": \"mrope\"}; rope type \"mrope\" is not supported",
        "llama; \"rope_scaling\": {\"type\": \"linear\"}; no number factor in its rope settings",
        "llama; \"mlp_bias\": 1; mlp_bias = 1, not true or false",
        "phi3; \"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1]}, \"head_dim\": 4; 1 numbers in short_factor of its rope settings, not 2",
        "qwen2; \"use_sliding_window\": true, \"layer_types\": [\"full_attention\"]; layer_types",
        "gpt2; \"add_cross_attention\": true; add_cross_attention = true is not supported",
        "falcon; \"alibi\": true; alibi = true is not supported",
        "phi; \"qk_layernorm\": true; qk_layernorm = true is not supported",
        "gemma3_text; \"use_bidirectional_attention\": true; use_bidirectional_attention = true is not supported",
        "mixtral; \"num_local_experts\": 1; num_experts_per_tok 2 is more than the 1 experts that there are.",
        "qwen3_moe; \"mlp_only_layers\": [\"a\"]; not a list of integers",
        "bloom; \"apply_residual_connection_post_layernorm\": true; apply_residual_connection_post_layernorm = true is not supported"
      })
  void whatNoProgramHasIsRefused(String family, String keys, String reason) {
    assertThatThrownBy(() -> read(gated(family, keys)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void everyFamilysTensorsHaveNames() {
    ModelConfig config = read(gated("gemma2", "\"tie_word_embeddings\": false"));
    TensorNames.Plan plan =
        config
            .names()
            .plan(
                config,
                List.of("language_model.model.embed_tokens.weight", "vision.embed_positions"));
    assertThat(plan.embedding())
        .extracting(TensorNames.Wanted::source)
        .containsExactly("language_model.model.embed_tokens.weight");
    assertThat(plan.layers().get(3))
        .extracting(TensorNames.Wanted::source)
        .contains("language_model.model.layers.3.post_feedforward_layernorm.weight");
    assertThat(plan.head())
        .extracting(TensorNames.Wanted::source)
        .containsExactly("language_model.model.norm.weight", "language_model.lm_head.weight");
    assertThatThrownBy(() -> config.names().plan(config, Collections.emptyList()))
        .hasMessageContaining("it has no tensor embed_tokens.weight");
    assertThatThrownBy(
            () ->
                config
                    .names()
                    .plan(
                        config,
                        IntStream.range(0, 2)
                            .mapToObj(i -> "m" + i + ".embed_tokens.weight")
                            .toList()))
        .hasMessageContaining("several tensors embed_tokens.weight, with prefixes [m0., m1.]");
  }
}
