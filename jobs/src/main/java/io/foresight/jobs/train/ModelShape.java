package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The sizes of a Llama-family model to be trained: as many key-value heads as heads, tied
 * embeddings, no biases.
 */
record ModelShape(int vocabulary, int layers, int hidden, int heads, int intermediate) {

  static final int CONTEXT = 256;
  static final double NORM_EPSILON = 1e-5;

  /** Ids of the special tokens, as {@link BpeTrainer} numbers them. */
  static final int EOS = 2;

  int headDim() {
    return hidden / heads;
  }

  /** The text of its {@code config.json}. */
  String config() {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.putArray("architectures").add("LlamaForCausalLM");
    config.put("model_type", "llama").put("vocab_size", vocabulary).put("hidden_size", hidden);
    config.put("intermediate_size", intermediate).put("num_hidden_layers", layers);
    config
        .put("num_attention_heads", heads)
        .put("num_key_value_heads", heads)
        .put("head_dim", headDim());
    config
        .put("hidden_act", "silu")
        .put("max_position_embeddings", CONTEXT)
        .put("rms_norm_eps", NORM_EPSILON);
    config.put("rope_theta", 10000.0).put("attention_bias", false).put("mlp_bias", false);
    config.put("tie_word_embeddings", true).put("torch_dtype", "bfloat16");
    config.put("pad_token_id", 0).put("bos_token_id", 1).put("eos_token_id", EOS);
    return config.toPrettyString();
  }
}
