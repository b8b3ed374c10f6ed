package io.foresight.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import io.foresight.decoding.Strategies;
import io.foresight.spark.GenerationSettings;
import io.foresight.spark.RowDecoder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Compares strategies, or settings of one, on the same rows: one row at a time, one thread, every
 * variant on a row before the next row, so that a slow moment of the machine meets all of them.
 */
@Command(
    name = "benchmark",
    description = "Compares strategies on the same rows, interleaved: quality, cost and speed.",
    mixinStandardHelpOptions = true)
final class BenchmarkJob implements Callable<Integer> {

  /** Rows decoded at first and not counted, while the JVM compiles. */
  private static final int WARM_UP_ROWS = 3;

  @Mixin private SettingsOptions options;

  @Option(
      names = "--rows",
      paramLabel = "N",
      description = "Takes the first N rows; all if not given.")
  private Integer rows;

  @Option(
      names = "--strategies",
      paramLabel = "NAME",
      split = ",",
      description = "Strategies to compare; all if not given.")
  private List<String> strategies = Strategies.NAMES;

  @Option(
      names = "--variants",
      paramLabel = "FILE",
      description =
          "HOCON file with a list \"variants\" of settings to compare instead of strategies, each"
              + " with a \"name\".")
  private Path variantsFile;

  @Option(names = "--json", paramLabel = "FILE", description = "Writes the figures as JSON.")
  private Path json;

  @Override
  public Integer call() throws IOException {
    Map<String, JobSettings> variants = variants();
    FiguresFile.check("--json", json);
    JobSettings first = variants.values().iterator().next();
    for (JobSettings variant : variants.values()) {
      Models.check(variant.generation());
    }
    List<Row> prompts;
    try (SparkSession spark = SparkSession.builder().appName("foresight benchmark").getOrCreate()) {
      Dataset<Row> input = InputReader.read(spark, first);
      InputReader.countWithUniqueIds(input, first.generation().idColumn());
      prompts = input.collectAsList();
    }
    List<BenchmarkFigures> figures = run(variants, prompts);
    System.out.print(BenchmarkFigures.markdown(figures));
    System.out.printf(
        "%nThe draft's arg max is the target's at %.1f %% of the positions of the target's greedy texts.%n",
        100 * Agreement.measure(first.generation(), prompts));
    System.out.print(ForwardCost.measure(first.generation()));
    ArrayNode all = new ObjectMapper().createArrayNode();
    figures.forEach(f -> all.add(f.json(figures)));
    FiguresFile.write(json, all);
    return 0;
  }

  private Map<String, JobSettings> variants() {
    Map<String, Object> own = new HashMap<>();
    if (rows != null) {
      own.put("input.limit", rows);
    }
    Map<String, JobSettings> bound = new LinkedHashMap<>();
    if (variantsFile == null) {
      for (String strategy : strategies) {
        Map<String, Object> all = new HashMap<>(own);
        all.put("decoding.strategy", strategy);
        bound.put(strategy, options.bind(all));
      }
      return bound;
    }
    List<? extends Config> variants;
    try {
      variants =
          ConfigFactory.parseFile(
                  variantsFile.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
              .resolve()
              .getConfigList("variants");
      for (Config variant : variants) {
        Map<String, Object> all = new HashMap<>(own);
        variant
            .withoutPath("name")
            .entrySet()
            .forEach(entry -> all.put(entry.getKey(), entry.getValue().unwrapped()));
        bound.put(variant.getString("name"), options.bind(all));
      }
    } catch (ConfigException e) {
      throw new SettingsException(
          List.of("Cannot read --variants " + variantsFile + ": " + e.getMessage() + "."));
    }
    return bound;
  }

  private static List<BenchmarkFigures> run(Map<String, JobSettings> variants, List<Row> prompts) {
    List<BenchmarkFigures> figures = new ArrayList<>();
    List<RowDecoder> decoders = new ArrayList<>();
    try {
      for (Map.Entry<String, JobSettings> variant : variants.entrySet()) {
        GenerationSettings generation = variant.getValue().generation();
        decoders.add(new RowDecoder(generation));
        figures.add(new BenchmarkFigures(variant.getKey(), generation));
      }
      for (int i = -Math.min(WARM_UP_ROWS, prompts.size()); i < prompts.size(); i++) {
        Row row = prompts.get(Math.floorMod(i, prompts.size()));
        for (int turn = 0; turn < decoders.size(); turn++) {
          // Another variant starts each row, so that none always runs on a cold cache.
          int v = Math.floorMod(i + turn, decoders.size());
          figures.get(v).decode(decoders.get(v), i, row);
        }
        if (i >= 0 && (i + 1) % 20 == 0) {
          System.err.printf("%d of %d rows%n", i + 1, prompts.size());
        }
      }
    } finally {
      decoders.forEach(RowDecoder::close);
    }
    return figures;
  }
}
