package io.foresight.jobs;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.Strategies;
import io.foresight.model.Checkpoint;
import io.foresight.model.ModelException;
import io.foresight.model.Tokenizer;
import io.foresight.spark.Foresight;
import io.foresight.spark.GenerationSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Decodes a file of prompts under constraints and writes the scored output. */
@Command(
    name = "generate",
    description = "Decodes prompts under constraints and writes scored Parquet.",
    mixinStandardHelpOptions = true)
final class GenerateJob implements Callable<Integer> {

  private static final int SHOWN_ROWS = 10;
  private static final int SHOWN_PROMPTS = 3;
  private static final ObjectMapper JSON = new ObjectMapper();

  @Option(names = "--config", paramLabel = "FILE", description = "HOCON file of settings.")
  private Path config;

  @Option(names = "--set", paramLabel = "key=value", description = "One setting; may be repeated.")
  private List<String> overrides = new ArrayList<>();

  @Option(names = "--input", paramLabel = "P", description = "The same as --set input.path=P.")
  private String input;

  @Option(names = "--output", paramLabel = "P", description = "The same as --set output.path=P.")
  private String output;

  @Option(names = "--limit", paramLabel = "N", description = "Takes the first N rows.")
  private Integer limit;

  @Option(names = "--overwrite", description = "Replaces an output that exists.")
  private boolean overwrite;

  @Option(
      names = "--summary",
      paramLabel = "FILE",
      description = "Writes the figures as one JSON object.")
  private Path summaryFile;

  @Option(
      names = "--dry-run",
      description = "Checks everything and shows the first prompts; decodes nothing.")
  private boolean dryRun;

  @Override
  public Integer call() throws IOException {
    JobSettings settings = settings();
    GenerationSettings generation = settings.generation();
    Checkpoint target = Checkpoint.inspect(Path.of(generation.targetModel()));
    Checkpoint draft = null;
    if (Strategies.of(generation.decoding()).usesDraft()) {
      draft = Checkpoint.inspect(Path.of(generation.draftModel()));
      requireSameVocabulary(target, draft);
    }
    // A tokenizer that cannot be read is found here, before Spark starts.
    Tokenizer.load(target.folder()).close();
    try (SparkSession spark = SparkSession.builder().appName("foresight generate").getOrCreate()) {
      Dataset<Row> prompts = InputReader.read(spark, settings);
      org.apache.hadoop.fs.Path out = new org.apache.hadoop.fs.Path(settings.output());
      FileSystem files = out.getFileSystem(spark.sparkContext().hadoopConfiguration());
      if (!settings.overwrite() && files.exists(out) && files.listStatus(out).length > 0) {
        throw new IllegalArgumentException(
            "Cannot write output %s: it exists and is not empty. Give another --output, or --overwrite."
                .formatted(settings.output()));
      }
      Dataset<Row> decoded = Foresight.generate(prompts, generation);
      if (dryRun) {
        show(settings, prompts, decoded);
        return 0;
      }
      requireUniqueIds(prompts, generation.idColumn());
      long started = System.nanoTime();
      write(decoded, settings);
      double seconds = (System.nanoTime() - started) / 1e9;
      Dataset<Row> written =
          spark
              .read()
              .format(sparkFormat(settings.outputFormat()))
              .schema(decoded.schema())
              .load(settings.output());
      Summary summary = Summary.of(written, seconds);
      ObjectNode run = JSON.createObjectNode();
      run.set("settings", JSON.readTree(settings.resolved()));
      run.putObject("models")
          .put("target", target.digest())
          .put("draft", draft == null ? null : draft.digest());
      run.set("summary", summary.json());
      try (OutputStream file =
          files.create(new org.apache.hadoop.fs.Path(out, "_foresight/run.json"))) {
        file.write(run.toPrettyString().getBytes(StandardCharsets.UTF_8));
      }
      if (summaryFile != null) {
        Files.writeString(summaryFile, summary.json().toPrettyString() + "\n");
      }
      System.out.print(summary.table());
      written.select("output", "satisfied", "status").show(SHOWN_ROWS, false);
      System.out.println("Written to " + settings.output());
      if (summary.draftedNothing(Strategies.of(generation.decoding()).usesDraft())) {
        System.err.println(
            "The draft proposed no token in the whole run: nothing was speculated. Check models.draft and decoding.draft-length.");
        return 1;
      }
      return 0;
    }
  }

  private JobSettings settings() {
    List<String> all = new ArrayList<>(overrides);
    if (input != null) {
      all.add("input.path=" + input);
    }
    if (output != null) {
      all.add("output.path=" + output);
    }
    if (limit != null) {
      all.add("input.limit=" + limit);
    }
    if (overwrite) {
      all.add("output.overwrite=true");
    }
    return JobSettings.bind(SettingsReader.layered(config, all));
  }

  private static void requireSameVocabulary(Checkpoint target, Checkpoint draft) {
    if (target.vocabularySize() != draft.vocabularySize()) {
      throw new ModelException(
          "Cannot draft with %s: its vocabulary has %d ids, the target's %d. Use a draft with the target's tokenizer."
              .formatted(draft.folder(), draft.vocabularySize(), target.vocabularySize()));
    }
    try {
      long difference =
          Files.mismatch(
              target.folder().resolve("tokenizer.json"), draft.folder().resolve("tokenizer.json"));
      if (difference >= 0) {
        throw new ModelException(
            "Cannot draft with %s: its tokenizer.json differs from the target's at byte %d. Use a draft with the target's tokenizer."
                .formatted(draft.folder(), difference));
      }
    } catch (IOException e) {
      throw new ModelException(
          "Cannot compare the tokenizers of %s and %s: %s. Save tokenizer.json in both folders."
              .formatted(target.folder(), draft.folder(), e),
          e);
    }
  }

  private static void requireUniqueIds(Dataset<Row> prompts, String id) {
    if (id == null) {
      return;
    }
    List<Row> bad =
        prompts
            .groupBy(col("`" + id + "`").as("id"))
            .agg(count(lit(1)).as("rows"))
            .filter("id is null or rows > 1")
            .orderBy("id")
            .limit(3)
            .collectAsList();
    if (!bad.isEmpty()) {
      throw new IllegalArgumentException(
          "Cannot use column %s as id: %s. Ids must be unique and not null; set input.columns.id = \"\" to derive them."
              .formatted(
                  id,
                  bad.stream().map(r -> r.get(0) + " stands in " + r.get(1) + " rows").toList()));
    }
  }

  private static void show(JobSettings settings, Dataset<Row> prompts, Dataset<Row> decoded) {
    System.out.println(settings.resolved());
    decoded.printSchema();
    for (String prompt :
        Foresight.prompts(prompts.limit(SHOWN_PROMPTS), settings.generation().prompt())) {
      System.out.println(prompt);
    }
  }

  private static String sparkFormat(String format) {
    return format.equals("jsonl") ? "json" : format;
  }

  private static void write(Dataset<Row> decoded, JobSettings settings) {
    decoded
        .write()
        .mode(settings.overwrite() ? SaveMode.Overwrite : SaveMode.Append)
        .format(sparkFormat(settings.outputFormat()))
        .save(settings.output());
  }
}
