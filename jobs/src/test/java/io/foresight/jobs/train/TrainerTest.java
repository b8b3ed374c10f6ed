package io.foresight.jobs.train;

import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.Strategies;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.jobs.Main;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.Tokenizer;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {

  private static final int VOCABULARY = 320;
  private static final ModelShape SHAPE = new ModelShape(VOCABULARY, 2, 32, 2, 64);

  @TempDir Path folder;

  private Corpus corpus;
  private Tokenizer tokenizer;

  @BeforeEach
  void corpus() throws IOException {
    corpus = TinyCorpus.write(folder);
    List<String> texts = corpus.training().stream().map(l -> l.prompt() + " " + l.text()).toList();
    Files.writeString(folder.resolve("tokenizer.json"), BpeTrainer.train(texts, VOCABULARY));
    Files.writeString(folder.resolve("config.json"), SHAPE.config());
    tokenizer = Tokenizer.load(folder);
  }

  private Path copy(String name) throws IOException {
    Path copy = Files.createDirectories(folder.resolve(name));
    for (String file : List.of("tokenizer.json", "config.json")) {
      Files.copy(folder.resolve(file), copy.resolve(file));
    }
    return copy;
  }

  private Batches batches(List<Corpus.Line> taught) {
    return new Batches(corpus, taught, tokenizer, ModelShape.EOS, 32, 1);
  }

  private Trainer trainer(Path into) {
    return new Trainer(
        batches(List.of()), into, new Trainer.Recipe(3e-3, 8, 0, 0.01, 10, 10, 1, false));
  }

  @Test
  void aLineIsThePromptAndTheTextAsTheTokenizerSplitsThem() {
    for (Corpus.Line line : corpus.training().subList(0, 20)) {
      Batches.Example example = batches(List.of()).example(line);
      int[] whole = tokenizer.encode(line.prompt() + " " + line.text());
      assertThat(Arrays.copyOf(example.ids(), example.ids().length - 1)).isEqualTo(whole);
      assertThat(example.ids()[example.ids().length - 1]).isEqualTo(ModelShape.EOS);
      assertThat(tokenizer.decode(Arrays.copyOf(example.ids(), example.learned())))
          .isEqualTo(line.prompt());
    }
  }

  @Test
  void aRunThatWasKilledEndsWhereOneThatWasNotDoes() throws IOException {
    Path whole = copy("whole");
    double loss = trainer(whole).train(SHAPE);
    assertThat(loss).as("from about 5.8 nats at first").isLessThan(2.5);
    Path killed = copy("killed");
    trainer(killed).train(SHAPE, 33);
    assertThat(trainer(killed).train(SHAPE)).isCloseTo(loss, within(1e-3));
    // What was exported is what was trained, up to the rounding of stored weights.
    assertThat(lossByInference(whole)).isCloseTo(loss, within(0.03));
  }

  private double lossByInference(Path model) {
    double sum = 0;
    int tokens = 0;
    try (CausalLm lm = CausalLm.load(model, Device.cpu(), Precision.FP32);
        ModelSession session = lm.newSession()) {
      for (List<Batches.Example> batch : batches(List.of()).heldOut()) {
        for (Batches.Example example : batch) {
          int[] ids = Arrays.copyOf(example.ids(), example.ids().length - 1);
          int from = example.learned() - 1;
          int[][] next = new int[ids.length - from][1];
          for (int i = from; i < ids.length; i++) {
            next[i - from][0] = example.ids()[i + 1];
          }
          try (Sequence sequence = session.open()) {
            float[][] scores =
                session
                    .extend(ForwardRequest.of(sequence, ids, LogitsRequest.gather(from, next)))
                    .gathered();
            for (float[] score : scores) {
              sum -= score[0];
            }
            tokens += scores.length;
          }
        }
      }
    }
    return sum / tokens;
  }

  @Test
  void aTeacherSaysWhatItsGreedyDecodingSays() throws IOException {
    Path model = copy("teacher");
    trainer(model).train(SHAPE, 30);
    Path file = folder.resolve("teacher.jsonl");
    try (CausalLm lm = CausalLm.load(model, Device.cpu(), Precision.FP32);
        ModelSession session = lm.newSession()) {
      new Teacher(session, tokenizer).write(corpus, 2, 1, file);
      List<Corpus.Line> lines = Teacher.read(file);
      assertThat(lines).hasSize(2 * corpus.training().size());
      for (Corpus.Line line : lines.subList(0, 10)) {
        int[] ids = tokenizer.encode(line.prompt());
        int[] said =
            Strategies.of(Settings.defaults().with(STRATEGY, "greedy"))
                .decode(session, null, new Request(ids, 48, (text, finished) -> Judgement.of(0), 1))
                .tokens();
        assertThat(line.text()).isEqualTo(tokenizer.decode(said));
      }
      // Batches over a teacher's lines are as many as without one.
      assertThat(batches(lines).epoch(1)).hasSize(batches(List.of()).perEpoch());
    }
  }

  @Test
  void theJobTrainsATargetAndADraftForIt() throws IOException {
    Path input = TinyCorpus.file(folder);
    Path target = folder.resolve("target");
    Path draft = folder.resolve("draft");
    String[] common = common(input);
    assertThat(run(common, "--output", target, "--layers", 2, "--vocabulary", 300)).isZero();
    assertThat(
            run(
                common,
                "--output",
                draft,
                "--layers",
                1,
                "--tokenizer",
                target.resolve("tokenizer.json"),
                "--teacher",
                target))
        .isZero();
    assertThat(draft.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(target.resolve("tokenizer.json"));
    assertThat(Files.readAllLines(target.resolve("held-out.jsonl"))).isNotEmpty();
    try (CausalLm lm = CausalLm.load(draft, Device.cpu(), Precision.FP32)) {
      assertThat(lm.checkpoint().vocabularySize()).isEqualTo(300);
    }
    // A finished run has nothing left to do; another shape in its place is refused.
    assertThat(run(common, "--output", target, "--layers", 2, "--vocabulary", 300)).isZero();
    assertThat(run(common, "--output", target, "--layers", 3, "--vocabulary", 300)).isEqualTo(1);
    assertThat(run(common, "--output", target, "--layers", 0, "--dropout", 1)).isEqualTo(2);
  }

  @Test
  void theJobTrainsOnDialoguesAndFurtherTexts() throws IOException {
    Path target = folder.resolve("target");
    Path draft = folder.resolve("draft");
    Path texts =
        Files.write(
            folder.resolve("texts.jsonl"),
            List.of("{\"text\": \"A kite flies.\"}", "{\"text\": \"Fly a kite.\"}"));
    String[] common = common(TinyCorpus.dialogues(folder));
    String template = "Human: {prompt} Assistant:";
    assertThat(
            run(
                common,
                "--input",
                texts,
                "--prompt-template",
                template,
                "--output",
                target,
                "--vocabulary",
                300))
        .isZero();
    String heldOut = Files.readString(target.resolve("held-out.jsonl"));
    assertThat(heldOut).startsWith("{\"id\":\"h00000\",\"prompt\":\"").contains("in the");
    assertThat(
            run(
                common,
                "--input",
                texts,
                "--prompt-template",
                template,
                "--output",
                draft,
                "--tokenizer",
                target.resolve("tokenizer.json"),
                "--teacher",
                target))
        .isZero();
    // The teacher says something for every prompt, and nothing for a text that stands alone.
    List<Corpus.Line> taught = Teacher.read(draft.resolve("teacher.jsonl"));
    DialogueCorpus corpus =
        DialogueCorpus.read(
            List.of(TinyCorpus.dialogues(folder), texts), new PromptTemplate(template));
    assertThat(taught)
        .hasSize(2 * (corpus.training().size() - 2))
        .allMatch(l -> l.prompt().startsWith("Human: ") && !l.wholly());
    assertThat(run(common, "--prompt-template", "{text}", "--output", target)).isEqualTo(1);
    assertThat(run(common, "--prompt-template", "no column", "--output", target)).isEqualTo(1);
  }

  private static String[] common(Path input) {
    return new String[] {
      "--input",
      input.toString(),
      "--batch",
      "32",
      "--epochs",
      "2",
      "--evaluate-every",
      "10",
      "--hidden",
      "16",
      "--heads",
      "2",
      "--intermediate",
      "16",
      "--warmup",
      "5",
      "--precision",
      "fp32",
      "--threads",
      "1"
    };
  }

  private static int run(String[] common, Object... further) {
    String[] args = new String[1 + common.length + further.length];
    args[0] = "train";
    System.arraycopy(common, 0, args, 1, common.length);
    for (int i = 0; i < further.length; i++) {
      args[1 + common.length + i] = further[i].toString();
    }
    return Main.run(args);
  }
}
