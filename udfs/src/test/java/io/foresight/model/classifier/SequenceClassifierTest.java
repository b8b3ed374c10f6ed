package io.foresight.model.classifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.foresight.model.CacheBudget;
import io.foresight.model.CacheMemoryException;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.ClassifierProblem;
import io.foresight.model.checkpoint.WeightFiles;
import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SequenceClassifierTest {

  private static final Path FIXTURES = Path.of("src/test/resources/parity-classifiers");

  @TempDir Path temp;

  /** A copy of a fixture. */
  private Path copy(String fixture) throws IOException {
    try (Stream<Path> files = Files.list(FIXTURES.resolve(fixture))) {
      for (Path file : files.toList()) {
        Files.copy(file, temp.resolve(file.getFileName()));
      }
    }
    return temp;
  }

  private static void change(Path file, String from, String to) throws IOException {
    String text = Files.readString(file);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
  }

  @Test
  void aFolderSaysWhatItIs() {
    ClassifierCheckpoint bert = ClassifierCheckpoint.inspect(FIXTURES.resolve("bert"));
    assertThat(bert.family()).isEqualTo("bert");
    assertThat(bert.labels()).containsExactly("negative", "neutral", "positive");
    assertThat(bert.problem()).isEqualTo(ClassifierProblem.SINGLE_LABEL);
    assertThat(bert.maxTokens()).isEqualTo(40);
    assertThat(bert.parameters()).isEqualTo(11_907);
    ClassifierCheckpoint scorer = ClassifierCheckpoint.inspect(FIXTURES.resolve("llama-reward"));
    assertThat(scorer.labels()).containsExactly("LABEL_0");
    assertThat(scorer.problem()).isEqualTo(ClassifierProblem.REGRESSION);
    assertThat(scorer.parameters()).isEqualTo(10_392);
    assertThat(scorer.digest()).hasSize(64).isNotEqualTo(bert.digest());
  }

  @ParameterizedTest
  @CsvSource({
    "bert-two, SINGLE_LABEL, 2",
    "bert-multi-label, MULTI_LABEL, 5",
    "distilbert-regression, REGRESSION, 1",
    "gpt2-reward, REGRESSION, 1"
  })
  void theProblemIsTheConfigurationsOrFollowsFromTheLabels(
      String fixture, ClassifierProblem problem, int labels) {
    ClassifierCheckpoint checkpoint = ClassifierCheckpoint.inspect(FIXTURES.resolve(fixture));
    assertThat(checkpoint.problem()).isEqualTo(problem);
    assertThat(checkpoint.labels()).hasSize(labels);
  }

  @Test
  void labelsHaveTransformersNamesIfTheyHaveNone() throws IOException {
    Path folder = copy("bert-two");
    assertThat(Files.readString(folder.resolve("config.json"))).doesNotContain("id2label");
    assertThat(ClassifierCheckpoint.inspect(folder).labels()).containsExactly("LABEL_0", "LABEL_1");
  }

  @Test
  void scoresAreWhatTheProblemMakesOfLogits() {
    float[] logits = {1, 2, -300};
    float[] single = ClassifierProblem.SINGLE_LABEL.scores(logits);
    assertThat(single[0]).isCloseTo(0.26894143f, within(1e-6f));
    assertThat(single[0] + single[1] + single[2]).isCloseTo(1, within(1e-6f));
    float[] multi = ClassifierProblem.MULTI_LABEL.scores(logits);
    assertThat(multi[0]).isCloseTo(0.7310586f, within(1e-6f));
    assertThat(multi[1]).isCloseTo(0.880797f, within(1e-6f));
    assertThat(multi[2]).isZero();
    assertThat(ClassifierProblem.REGRESSION.scores(logits)).containsExactly(1, 2, -300);
    assertThat(logits).containsExactly(1, 2, -300);
    assertThat(ClassifierProblem.SINGLE_LABEL.scores(new float[] {1e30f, 0})).containsExactly(1, 0);
  }

  @Test
  void theTokenizersOwnLimitCounts() throws IOException {
    Path folder = copy("bert");
    change(
        folder.resolve("tokenizer_config.json"),
        "\"model_max_length\": 40",
        "\"model_max_length\": 7");
    try (SequenceClassifier classifier = SequenceClassifier.load(folder, Device.cpu())) {
      assertThat(classifier.maxTokens()).isEqualTo(7);
      int[] ids = classifier.encode("the dog a cat the dog a cat");
      assertThat(ids).containsExactly(2, 57, 58, 59, 60, 57, 3);
      assertThat(classifier.encode("the dog a cat the")).isEqualTo(ids);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"1000000000000000019884624838656", "512"})
  void theModelsPositionsCountWhereTheTokenizerAllowsMore(String limit) throws IOException {
    Path folder = copy("roberta");
    change(
        folder.resolve("tokenizer_config.json"),
        "\"model_max_length\": 40",
        "\"model_max_length\": " + limit);
    assertThat(ClassifierCheckpoint.inspect(folder).maxTokens()).isEqualTo(40);
    Files.delete(folder.resolve("tokenizer_config.json"));
    assertThat(ClassifierCheckpoint.inspect(folder).maxTokens()).isEqualTo(40);
  }

  @ParameterizedTest
  @ValueSource(strings = {"deberta-v3", "llama"})
  void threadsShareAClassifier(String fixture) throws Exception {
    List<int[]> texts = new ArrayList<>();
    Random random = new Random(5);
    for (int i = 0; i < 40; i++) {
      texts.add(random.ints(1 + random.nextInt(40), 3, 67).toArray());
    }
    try (SequenceClassifier classifier =
        SequenceClassifier.load(FIXTURES.resolve(fixture), Device.cpu())) {
      float[][] alone = classifier.logits(texts);
      ExecutorService threads = Executors.newFixedThreadPool(4);
      try {
        Callable<float[][]> call = () -> classifier.logits(texts);
        for (Future<float[][]> result : threads.invokeAll(Collections.nCopies(24, call))) {
          assertThat(result.get()).isDeepEqualTo(alone);
        }
      } finally {
        threads.shutdown();
      }
    }
  }

  @Test
  void textsWaitForOneAnotherWhereTheirCachesDoNotFitTogether() {
    List<int[]> texts = new ArrayList<>();
    Random random = new Random(7);
    for (int i = 0; i < 7; i++) {
      texts.add(random.ints(30 + random.nextInt(10), 3, 67).toArray());
    }
    try (SequenceClassifier classifier =
        SequenceClassifier.load(FIXTURES.resolve("llama-reward"), Device.cpu())) {
      assertThat(classifier.usesCache()).isTrue();
      float[][] wanted = classifier.logits(texts);
      long each = classifier.cacheBytes(40);
      for (int rooms : new int[] {1, 2, 7}) {
        CacheBudget budget = new CacheBudget(rooms * each);
        float[][] logits = classifier.logits(texts, budget);
        for (int i = 0; i < wanted.length; i++) {
          assertThat(logits[i]).containsExactly(wanted[i], within(1e-5f));
        }
        assertThat(budget.rooms(each)).as("all is given back").isEqualTo(rooms);
      }
      assertThatThrownBy(() -> classifier.logits(texts, new CacheBudget(each - 1)))
          .isInstanceOf(CacheMemoryException.class)
          .hasMessageContaining("Set a larger models.cache-memory.");
    }
  }

  @Test
  void anEncoderHasNoCache() {
    try (SequenceClassifier classifier =
        SequenceClassifier.load(FIXTURES.resolve("bert"), Device.cpu())) {
      assertThat(classifier.usesCache()).isFalse();
      assertThat(classifier.logits(List.of(new int[] {5}), new CacheBudget(0))).hasDimensions(1, 3);
    }
  }

  @Test
  void noTextsHaveNoLogits() {
    try (SequenceClassifier classifier =
        SequenceClassifier.load(FIXTURES.resolve("bert"), Device.cpu())) {
      assertThat(classifier.logits(List.of())).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "gpt2"})
  void idsThatTheModelCannotReadAreRefused(String fixture) {
    try (SequenceClassifier classifier =
        SequenceClassifier.load(FIXTURES.resolve(fixture), Device.cpu())) {
      int[] longest = new int[40];
      Arrays.fill(longest, 5);
      assertThat(classifier.logits(List.of(longest)))
          .hasDimensions(1, fixture.equals("bert") ? 3 : 2);
      for (int[] ids : List.of(new int[0], new int[41])) {
        assertThatThrownBy(() -> classifier.logits(List.of(longest, ids)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("Cannot classify a text of " + ids.length + " tokens")
            .hasMessageContaining("it takes 1 to 40.");
      }
      for (int id : new int[] {-1, 67}) {
        assertThatThrownBy(() -> classifier.logits(List.of(new int[] {5, id})))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("Cannot classify a text with token " + id)
            .hasMessageContaining("ids are 0 to 66.");
      }
    }
  }

  @Test
  void batchesHoldSimilarLengthsAndFewTokens() {
    Random random = new Random(9);
    List<int[]> texts = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      texts.add(new int[1 + random.nextInt(random.nextInt(512) + 1)]);
    }
    texts.add(new int[9_000]);
    List<int[]> batches = TextBatches.of(texts);
    assertThat(batches.stream().flatMapToInt(Arrays::stream).sorted().toArray())
        .isEqualTo(IntStream.range(0, texts.size()).toArray());
    long padded = 0;
    for (int[] batch : batches) {
      int longest = Arrays.stream(batch).map(i -> texts.get(i).length).max().orElseThrow();
      assertThat(batch.length == 1 || batch.length * longest <= 4_096).isTrue();
      padded += (long) batch.length * longest;
    }
    long tokens = texts.stream().mapToLong(ids -> ids.length).sum();
    assertThat(padded).isLessThan(tokens + tokens / 8);
    assertThat(batches.size()).isLessThan((int) (tokens / 2_048));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "bert; \"model_type\": \"bert\"; \"model_type\": \"t5\"; its family, model_type \"t5\", is not supported. Supported: bert, bloom, cohere, deberta-v2, distilbert,",
        "bert; BertForSequenceClassification; BertForMaskedLM; its architecture, BertForMaskedLM, is no sequence classifier. Give a checkpoint of one whose name ends in ForSequenceClassification.",
        "llama; LlamaForSequenceClassification; LlamaForCausalLM; its architecture, LlamaForCausalLM, is no sequence classifier.",
        "bert; \"1\": \"neutral\"; \"7\": \"neutral\"; config.json has id2label with 3 entries, but no name for \"1\". Number the labels from 0 on.",
        "bert; \"0\": \"negative\",; \"0\": \"negative\", \"3\": \"mixed\",; tensor classifier.weight of model.safetensors has shape [3, 24], but config.json calls for [4, 24]. Copy both from the same model.",
        "bert-multi-label; multi_label_classification; ranking; problem_type \"ranking\" is not supported",
        "bert; \"hidden_size\": 24; \"hidden_size\": 27; tensor bert.embeddings.word_embeddings.weight of model.safetensors has shape [67, 24], but config.json calls for [67, 27].",
        "roberta; \"max_position_embeddings\": 42; \"max_position_embeddings\": 44; roberta.embeddings.position_embeddings.weight of model.safetensors has shape [42, 24]",
        "distilbert; \"n_layers\": 3; \"n_layers\": 4; model.safetensors has no tensor distilbert.transformer.layer.3.attention.q_lin.weight, which config.json calls for.",
        "llama; \"num_hidden_layers\": 2; \"num_hidden_layers\": 3; has no tensor model.layers.2.",
        "deberta-v3; \"position_buckets\": 10; \"position_buckets\": 12; deberta.encoder.rel_embeddings.weight of model.safetensors has shape [20, 24], but config.json calls for [24, 24].",
        "deberta-v3; \"share_att_key\": true; \"share_att_key\": false; has no tensor deberta.encoder.layer.0.attention.self.pos_key_proj.weight"
      })
  void whatIsNoClassifierIsRefusedWithTheReason(
      String fixture, String from, String to, String reason) throws IOException {
    Path folder = copy(fixture);
    change(folder.resolve("config.json"), from, to);
    assertRefused(folder, reason);
  }

  private static void assertRefused(Path folder, String reason) {
    assertThatThrownBy(() -> ClassifierCheckpoint.inspect(folder))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("Cannot load ")
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(reason);
    assertThatThrownBy(() -> SequenceClassifier.load(folder, Device.cpu()).close())
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void aTokenizerOfAnotherModelIsRefused() throws IOException {
    Path folder = copy("bert");
    change(folder.resolve("tokenizer.json"), "\"cat\": 60", "\"cat\": 67");
    assertRefused(folder, "tokenizer.json has ids up to 67, but the model's are below 67.");
    Files.delete(folder.resolve("tokenizer.json"));
    assertRefused(folder, "tokenizer.json: there is no such file.");
  }

  @Test
  void aTokenizerThatCutsOnTheLeftIsRefused() throws IOException {
    Path folder = copy("bert");
    change(
        folder.resolve("tokenizer_config.json"),
        "\"model_max_length\"",
        "\"truncation_side\": \"left\", \"model_max_length\"");
    assertRefused(folder, "tokenizer_config.json cuts texts on the left, which is not supported.");
  }

  @Test
  void damagedFilesAreRefused() throws IOException {
    Path folder = copy("deberta-v2");
    Path weights = folder.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    Files.write(weights, Arrays.copyOf(whole, whole.length - 1));
    assertRefused(folder, "model.safetensors is truncated");
    Files.delete(weights);
    assertRefused(folder, "it has neither a file model.safetensors nor");
    Files.createFile(folder.resolve("pytorch_model.bin"));
    assertRefused(folder, "pytorch_model.bin is a pickle, which may run code when it is read.");
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": ");
    Files.write(weights, whole);
    assertRefused(folder, "config.json is no valid JSON");
    Files.delete(folder.resolve("config.json"));
    assertRefused(folder, "pytorch_model.bin is a pickle");
    assertRefused(folder.resolve("missing"), "there is no such folder.");
  }

  @Test
  void weightsMayBeInShards() throws IOException {
    Path folder = copy("roberta");
    List<int[]> texts = List.of(new int[] {0, 9, 8, 7, 2});
    float[][] whole;
    try (SequenceClassifier classifier = SequenceClassifier.load(folder, Device.cpu())) {
      whole = classifier.logits(texts);
    }
    WeightFiles.split(folder, 3);
    try (SequenceClassifier classifier = SequenceClassifier.load(folder, Device.cpu())) {
      assertThat(classifier.logits(texts)).isDeepEqualTo(whole);
    }
  }
}
