package io.foresight.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configurations as transformers 4 wrote them, whose keys differ from those of the fixtures. */
class EncoderFamiliesTest {

  private static EncoderConfig read(String family, String more) {
    String text =
        """
        {"model_type": "%s", "vocab_size": 100, "hidden_size": 48, "intermediate_size": 96,
         "num_hidden_layers": 2, "num_attention_heads": 4%s}
        """
            .formatted(family, more.isEmpty() ? "" : ", " + more);
    try {
      return EncoderFamilies.read(new ConfigJson(new ObjectMapper().readTree(text)));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @Test
  void bertHasTransformersDefaults() {
    EncoderConfig config = read("bert", "\"gradient_checkpointing\": false");
    assertThat(config.embedding()).isEqualTo(new EncoderConfig.Embedding(48, 512, true, 0, -1, 2));
    assertThat(config.epsilon()).isEqualTo(1e-12);
    assertThat(config.activation()).isEqualTo("gelu");
    assertThat(config.pooling()).isEqualTo("tanh");
    assertThat(config.distances()).isNull();
    assertThat(config.convolution()).isNull();
    assertThat(config.scoreParts()).isEqualTo(1);
  }

  @Test
  void robertasPositionsBeginAfterItsPadding() {
    EncoderConfig.Embedding embedding =
        read(
                "roberta",
                "\"max_position_embeddings\": 514, \"type_vocab_size\": 1, \"pad_token_id\": 1")
            .embedding();
    assertThat(embedding.context()).isEqualTo(512);
    assertThat(embedding.positions()).isEqualTo(514);
    long[] rows = new long[5];
    embedding.positions(new int[] {0, 1, 7, 2}, rows, 1);
    assertThat(rows).containsExactly(0, 2, 1, 3, 4);
    assertThat(read("xlm-roberta", "\"pad_token_id\": 4").embedding().firstPosition()).isEqualTo(5);
  }

  @Test
  void distilBertHasNamesOfItsOwn() throws JsonProcessingException {
    EncoderConfig config =
        EncoderFamilies.read(
            new ConfigJson(
                new ObjectMapper()
                    .readTree(
                        """
                        {"model_type": "distilbert", "vocab_size": 100, "dim": 48, "hidden_dim": 90,
                         "n_layers": 3, "n_heads": 6, "activation": "gelu", "sinusoidal_pos_embds": false,
                         "max_position_embeddings": 128, "tie_weights_": true}
                        """)));
    assertThat(config.hidden()).isEqualTo(48);
    assertThat(config.width()).isEqualTo(90);
    assertThat(config.layers()).isEqualTo(3);
    assertThat(config.heads()).isEqualTo(6);
    assertThat(config.pooling()).isEqualTo("relu");
    assertThat(config.embedding().types()).isZero();
  }

  @Test
  void debertaV3HasItsKindsInOneString() {
    EncoderConfig config =
        read(
            "deberta-v2",
            """
            "relative_attention": true, "position_buckets": 256, "norm_rel_ebd": "layer_norm",
            "share_att_key": true, "pos_att_type": "p2c|c2p", "layer_norm_eps": 1e-7,
            "max_relative_positions": -1, "position_biased_input": false, "type_vocab_size": 0,
            "max_position_embeddings": 512
            """);
    assertThat(config.distances())
        .isEqualTo(new EncoderConfig.Distances(true, true, 256, 256, 512, true, true));
    assertThat(config.scoreParts()).isEqualTo(3);
    assertThat(config.pooling()).isEqualTo("gelu");
    assertThat(config.embedding().learned()).isFalse();
    assertThat(config.embedding().types()).isZero();
  }

  @Test
  void debertaV2HasAConvolution() {
    EncoderConfig config =
        read(
            "deberta-v2",
            "\"conv_kernel_size\": 3, \"conv_act\": \"gelu\", \"attention_head_size\": 12");
    assertThat(config.convolution()).isEqualTo(new EncoderConfig.Convolution(3, 1, "gelu"));
    assertThat(config.distances()).isNull();
    assertThat(config.embedding().learned()).isTrue();
    assertThat(read("deberta-v2", "\"conv_kernel_size\": 5").convolution().activation())
        .isEqualTo("tanh");
  }

  @Test
  void distancesWithoutBucketsReachAsFarAsTheyAreToldApart() {
    String relative = "\"relative_attention\": true, \"pos_att_type\": [\"c2p\"]";
    assertThat(read("deberta-v2", relative).distances())
        .isEqualTo(new EncoderConfig.Distances(true, false, 512, 0, 512, false, false));
    assertThat(read("deberta-v2", relative + ", \"max_relative_positions\": 100").distances())
        .isEqualTo(new EncoderConfig.Distances(true, false, 100, 0, 100, false, false));
  }

  /** Google's BERT was converted from TensorFlow, with its names for the norms' parameters. */
  @Test
  void normsMayHaveOlderNames() {
    EncoderConfig config = read("bert", "");
    Set<String> stored =
        Stream.concat(
                EncoderTensors.of(config, 2, Set.of("bert.embeddings.word_embeddings.weight"))
                    .stream()
                    .map(TensorNames.Wanted::source),
                Stream.of("cls.predictions.bias"))
            .map(
                name ->
                    name.replace("LayerNorm.weight", "LayerNorm.gamma")
                        .replace("LayerNorm.bias", "LayerNorm.beta"))
            .collect(Collectors.toSet());
    List<TensorNames.Wanted> wanted = EncoderTensors.of(config, 2, stored);
    assertThat(stored).containsAll(wanted.stream().map(TensorNames.Wanted::source).toList());
    assertThat(wanted)
        .filteredOn(tensor -> tensor.name().equals("1.mlp_norm.bias"))
        .extracting(TensorNames.Wanted::source)
        .containsExactly("bert.encoder.layer.1.output.LayerNorm.beta");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "bert; \"position_embedding_type\": \"relative_key\"; position_embedding_type \"relative_key\" is not supported. Supported: absolute.",
        "bert; \"is_decoder\": true; is_decoder = true is not supported",
        "bert; \"add_cross_attention\": true; add_cross_attention = true is not supported",
        "bert; \"hidden_act\": \"mish\"; hidden_act \"mish\" is not supported",
        "bert; \"num_attention_heads\": 5; hidden_size 48 is no multiple of num_attention_heads 5.",
        "bert; \"type_vocab_size\": -2; type_vocab_size = -2, not a positive integer",
        "roberta; \"max_position_embeddings\": 2; which leaves no position after pad_token_id = 1",
        "roberta; \"pad_token_id\": -1; pad_token_id = -1, not an integer from 0 on",
        "deberta-v2; \"pos_att_type\": \"p2p|c2p\"; pos_att_type [c2p, p2p] is not supported. Supported: c2p, p2c.",
        "deberta-v2; \"relative_attention\": true, \"norm_rel_ebd\": \"batch\"; norm_rel_ebd \"batch\" is not supported",
        "deberta-v2; \"relative_attention\": true, \"position_buckets\": 64, \"max_relative_positions\": 33; position_buckets = 64, of which distances up to 33 need no half",
        "deberta-v2; \"relative_attention\": true, \"position_buckets\": 1; position_buckets = 1",
        "deberta-v2; \"conv_kernel_size\": 4; conv_kernel_size = 4 and conv_groups = 1, not an odd number",
        "deberta-v2; \"conv_kernel_size\": 3, \"conv_groups\": 5; conv_groups = 5",
        "deberta-v2; \"conv_kernel_size\": 3, \"conv_act\": \"mish\"; conv_act \"mish\" is not supported",
        "deberta-v2; \"pooler_hidden_act\": \"mish\"; pooler_hidden_act \"mish\" is not supported",
        "deberta-v2; \"pooler_hidden_size\": 20; pooler_hidden_size 20",
        "deberta-v2; \"attention_head_size\": 20; 80 numbers in its heads are not supported",
        "deberta-v2; \"z_steps\": 2; z_steps above 1 is not supported"
      })
  void whatNoProgramHasIsRefused(String family, String keys, String reason) {
    assertThatThrownBy(() -> read(family, keys))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }
}
