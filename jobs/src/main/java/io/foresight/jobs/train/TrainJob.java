package io.foresight.jobs.train;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains a target, or a draft for one, on texts that follow prompts. */
@Command(
    name = "train",
    description = {
      "Trains a Llama-family model that says what follows a prompt, on the CPU.",
      "A run that was stopped goes on from its last checkpoint when it is started again."
    },
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
public final class TrainJob implements Callable<Integer> {

  /** Variations of the corpus that a teacher says something for. */
  private static final int TEACHER_PASSES = 2;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description = {
        "JSONL; may be given more than once, also with the same file, which then weighs more.",
        "For a template with {concepts}: {\"concepts\": [...], \"text\": \"...\"}.",
        "For one with {prompt}: {\"prompt\": \"...\", \"response\": \"...\"}, or a \"text\" that stands alone."
      })
  private List<Path> inputs;

  @Option(
      names = "--prompt-template",
      paramLabel = "T",
      description = "The prompt as generation will build it; it names {concepts} or {prompt}.")
  private String promptTemplate = "{concepts} =";

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FOLDER",
      description =
          "Gets config.json, model.safetensors (the best so far), tokenizer.json, the"
              + " checkpoint, and held-out.jsonl: prompts that were not trained on, shuffled.")
  private Path output;

  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      description = "tokenizer.json to use, as a draft must its target's; learned if not given.")
  private Path tokenizerFile;

  @Option(
      names = "--teacher",
      paramLabel = "FOLDER",
      description =
          "Target model whose greedy texts make three quarters of the lines, so that a"
              + " draft agrees with it.")
  private Path teacher;

  @Option(names = "--vocabulary", paramLabel = "N", description = "Ids, if learned.")
  private int vocabulary = 4096;

  @Option(names = "--layers", paramLabel = "N", description = "Layers.")
  private int layers = 8;

  @Option(names = "--hidden", paramLabel = "N", description = "Hidden width.")
  private int hidden = 256;

  @Option(names = "--heads", paramLabel = "N", description = "Attention heads.")
  private int heads = 8;

  @Option(names = "--intermediate", paramLabel = "N", description = "Width of the MLP.")
  private int intermediate = 512;

  @Option(names = "--epochs", paramLabel = "N", description = "Epochs.")
  private int epochs = 8;

  @Option(names = "--batch", paramLabel = "N", description = "Lines per step.")
  private int batch = 96;

  @Option(names = "--rate", paramLabel = "R", description = "Highest learning rate of AdamW.")
  private double rate = 8e-4;

  @Option(names = "--warmup", paramLabel = "N", description = "Steps until the highest rate.")
  private int warmup = 300;

  @Option(names = "--dropout", paramLabel = "P", description = "Dropout.")
  private double dropout = 0.2;

  @Option(names = "--weight-decay", paramLabel = "W", description = "Weight decay of matrices.")
  private double weightDecay = 0.05;

  @Option(
      names = "--evaluate-every",
      paramLabel = "N",
      description = "Steps between held-out losses and checkpoints.")
  private int evaluateEvery = 500;

  @Option(names = "--precision", paramLabel = "D", description = "fp32 or bf16, of the layers.")
  private String precision = "bf16";

  @Option(names = "--seed", paramLabel = "S", description = "Seed of everything random.")
  private long seed = 1;

  @Option(names = "--threads", paramLabel = "N", description = "Threads of the engine.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() throws IOException {
    check();
    // Read once, when the engine first loads, which nothing in this process has done yet.
    System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
    Files.createDirectories(output);
    Corpus corpus = corpus();
    writeHeldOut(corpus);
    vocabulary(corpus);
    ModelShape shape = new ModelShape(vocabulary, layers, hidden, heads, intermediate);
    Path config = output.resolve("config.json");
    if (Files.exists(output.resolve(Trainer.CHECKPOINT))
        && !Files.readString(config).equals(shape.config())) {
      throw new IllegalArgumentException(
          "Cannot resume in %s: it holds a model of another shape. Give its options, or another --output."
              .formatted(output));
    }
    Files.writeString(config, shape.config());
    try (Tokenizer tokenizer = Tokenizer.load(output)) {
      List<Corpus.Line> taught = teacher == null ? List.of() : taught(corpus, tokenizer);
      Batches batches = new Batches(corpus, taught, tokenizer, ModelShape.EOS, batch, seed);
      Trainer.Recipe recipe =
          new Trainer.Recipe(
              rate,
              epochs,
              dropout,
              weightDecay,
              warmup,
              evaluateEvery,
              seed,
              precision.equals("bf16"));
      System.out.printf(
          "%d training lines, %d held-out lines%n",
          corpus.training().size(), corpus.heldOut().size());
      System.out.printf(
          "best held-out loss %.4f nats per token%n",
          new Trainer(batches, output, recipe).train(shape));
    }
    return 0;
  }

  private Corpus corpus() throws IOException {
    PromptTemplate template = new PromptTemplate(promptTemplate);
    List<String> columns = template.columns();
    if (columns.equals(List.of("concepts"))) {
      return ConceptCorpus.read(inputs, template);
    }
    if (columns.equals(List.of("prompt"))) {
      return DialogueCorpus.read(inputs, template);
    }
    throw new IllegalArgumentException(
        "Cannot train with prompt template \"%s\": it names the columns %s. Name {concepts} or {prompt}, once."
            .formatted(promptTemplate, columns));
  }

  private void check() {
    OptionProblems problems = new OptionProblems();
    inputs.forEach(input -> problems.requireFile("--input", input));
    problems.requireFile("--tokenizer", tokenizerFile);
    problems.require(
        teacher == null || Files.isDirectory(teacher), "--teacher", teacher, "a model folder");
    problems.requireAtLeast(BpeTrainer.MIN_SIZE, "--vocabulary", vocabulary);
    problems.requireAtLeast(1, "--layers", layers);
    problems.requireAtLeast(1, "--heads", heads);
    problems.require(
        heads >= 1 && hidden >= 2 * heads && hidden % (2 * heads) == 0,
        "--hidden",
        hidden,
        "a multiple of twice --heads");
    problems.requireAtLeast(1, "--intermediate", intermediate);
    problems.requireRecipe(rate, epochs, warmup, dropout, weightDecay);
    problems.requireAtLeast(1, "--batch", batch);
    problems.requireAtLeast(1, "--evaluate-every", evaluateEvery);
    problems.require(
        precision.equals("fp32") || precision.equals("bf16"),
        "--precision",
        precision,
        "fp32 or bf16");
    problems.requireAtLeast(1, "--threads", threads);
    problems.finish();
  }

  /** Takes the given vocabulary, or the one that the folder has, or learns one. */
  private void vocabulary(Corpus corpus) throws IOException {
    Path file = output.resolve("tokenizer.json");
    if (tokenizerFile != null) {
      if (Files.notExists(file)) {
        Files.copy(tokenizerFile, file);
      } else if (Files.mismatch(tokenizerFile, file) >= 0) {
        throw new IllegalArgumentException(
            "Cannot use tokenizer %s: %s holds another. Give another --output."
                .formatted(tokenizerFile, output));
      }
    } else if (Files.notExists(file)) {
      Stream<String> texts =
          corpus.training().stream().flatMap(line -> Stream.of(line.text(), line.prompt()));
      Files.writeString(file, BpeTrainer.train(texts.toList(), vocabulary));
    }
    // A small corpus has fewer pairs to merge than were asked for, and a given file is what it is.
    vocabulary = new ObjectMapper().readTree(file.toFile()).at("/model/vocab").size();
  }

  private void writeHeldOut(Corpus corpus) throws IOException {
    List<Map<String, Object>> rows = new ArrayList<>(corpus.heldOutRows());
    // A corpus may be sorted; in this order the first rows are a fair sample.
    Collections.shuffle(rows, new Random(seed));
    ObjectMapper mapper = new ObjectMapper();
    List<String> lines = new ArrayList<>();
    for (Map<String, Object> row : rows) {
      ObjectNode line = mapper.createObjectNode().put("id", "h%05d".formatted(lines.size()));
      row.forEach(line::putPOJO);
      lines.add(mapper.writeValueAsString(line));
    }
    Files.write(output.resolve("held-out.jsonl"), lines);
  }

  private List<Corpus.Line> taught(Corpus corpus, Tokenizer tokenizer) throws IOException {
    Path file = output.resolve("teacher.jsonl");
    if (Files.notExists(file)) {
      try (CausalLm model = CausalLm.load(teacher, Device.cpu(), Precision.FP32);
          ModelSession session = model.newSession()) {
        new Teacher(session, tokenizer).write(corpus, TEACHER_PASSES, seed, file);
      }
    }
    return Teacher.read(file);
  }
}
