package io.foresight.model;

import io.foresight.model.checkpoint.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/** Writes a model whose logits are the same everywhere, so that what ties is known. */
public final class LinearModel {

  static final int WIDTH = 8;

  private LinearModel() {}

  /**
   * Writes a folder. Its EOS is id 6.
   *
   * @param weight of an id, above 0; its logit is about 8 times that
   */
  public static void write(Path folder, int vocabulary, IntToDoubleFunction weight)
      throws IOException {
    write(folder, vocabulary, weight, null, column -> 1, row -> 1);
  }

  /**
   * The same with a head of its own.
   *
   * @param head weight of an id in the head; {@code null}: the embedding's
   * @param norm weight of a column of the norm before the head
   * @param down weight of a row of the last matrix before the head
   */
  public static void write(
      Path folder,
      int vocabulary,
      IntToDoubleFunction weight,
      IntToDoubleFunction head,
      IntToDoubleFunction norm,
      IntToDoubleFunction down)
      throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": %d, "hidden_size": 8,
         "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
         "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
         "tie_word_embeddings": %s, "eos_token_id": 6}
        """
            .formatted(vocabulary, head == null));
    SafetensorsWriter writer = new SafetensorsWriter();
    float[] embedding = new float[vocabulary * WIDTH];
    for (int i = 0; i < embedding.length; i++) {
      embedding[i] = (float) weight.applyAsDouble(i / WIDTH);
    }
    writer.bf16("model.embed_tokens.weight", embedding, 0, vocabulary, WIDTH);
    if (head != null) {
      float[] own = new float[vocabulary * WIDTH];
      for (int i = 0; i < own.length; i++) {
        own[i] = (float) head.applyAsDouble(i / WIDTH);
      }
      writer.bf16("lm_head.weight", own, 0, vocabulary, WIDTH);
    }
    float[] ones = new float[WIDTH * WIDTH];
    Arrays.fill(ones, 1);
    String layer = "model.layers.0.";
    float[] columns = new float[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
      columns[i] = (float) norm.applyAsDouble(i);
    }
    writer.bf16("model.norm.weight", columns, 0, WIDTH);
    for (String each : new String[] {"input_layernorm", "post_attention_layernorm"}) {
      writer.bf16(layer + each + ".weight", ones, 0, WIDTH);
    }
    for (String matrix :
        new String[] {
          "self_attn.q_proj",
          "self_attn.k_proj",
          "self_attn.v_proj",
          "self_attn.o_proj",
          "mlp.gate_proj",
          "mlp.up_proj"
        }) {
      writer.bf16(layer + matrix + ".weight", ones, 0, WIDTH, WIDTH);
    }
    float[] last = new float[WIDTH * WIDTH];
    for (int i = 0; i < last.length; i++) {
      last[i] = (float) down.applyAsDouble(i / WIDTH);
    }
    writer.bf16(layer + "mlp.down_proj.weight", last, 0, WIDTH, WIDTH);
    writer.write(folder.resolve("model.safetensors"));
  }

  /**
   * Writes a model with random weights whose ids come in pairs, 2 i and 2 i + 1, that differ by
   * less than rounding: what it says of them depends on how a forward is computed. Its EOS is id 6.
   */
  static void writePairs(Path folder, long seed) throws IOException {
    int vocabulary = 1024;
    int width = 64;
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 1024, "hidden_size": 64,
         "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
         "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
         "tie_word_embeddings": true, "eos_token_id": 6}
        """);
    Random random = new Random(seed);
    SafetensorsWriter writer = new SafetensorsWriter();
    float[] embedding = new float[vocabulary * width];
    for (int i = 0; i < embedding.length; i++) {
      int pair = i - i / width % 2 * width;
      embedding[i] = pair == i ? (float) random.nextGaussian() : embedding[pair];
      if (i % width == 0) {
        embedding[i] = pair == i ? 0x1p-20f : 0x1.04p-20f;
      }
    }
    writer.bf16("model.embed_tokens.weight", embedding, 0, vocabulary, width);
    float[] ones = new float[width];
    Arrays.fill(ones, 1);
    writer.bf16("model.norm.weight", ones, 0, width);
    for (int l = 0; l < 2; l++) {
      String layer = "model.layers." + l + ".";
      writer.bf16(layer + "input_layernorm.weight", ones, 0, width);
      writer.bf16(layer + "post_attention_layernorm.weight", ones, 0, width);
      for (String matrix :
          new String[] {
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj"
          }) {
        float[] weights = new float[width * width];
        for (int i = 0; i < weights.length; i++) {
          weights[i] = (float) (random.nextGaussian() / 4);
        }
        writer.bf16(layer + matrix + ".weight", weights, 0, width, width);
      }
    }
    writer.write(folder.resolve("model.safetensors"));
  }
}
