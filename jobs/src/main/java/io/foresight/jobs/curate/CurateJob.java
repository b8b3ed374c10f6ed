package io.foresight.jobs.curate;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.jobs.curate.source.Source;
import io.foresight.jobs.curate.source.Sources;
import io.foresight.jobs.curate.step.Languages;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.input.files.Locations;
import io.foresight.jobs.output.FiguresFile;
import io.foresight.jobs.process.Interruption;
import io.foresight.jobs.process.Sessions;
import io.foresight.jobs.process.Version;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.jobs.settings.OutputSettings;
import io.foresight.jobs.settings.SettingsOptions;
import io.foresight.settings.Catalog;
import io.foresight.settings.Secrets;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.run.RunException;
import io.foresight.spark.run.RunRequest;
import io.foresight.spark.run.StagedRun;
import io.foresight.spark.run.UnfinishedRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a data set of generated rows: filtered, without duplicates, selected, split, exported. */
@Command(
    name = "curate",
    description =
        "Makes a data set of what generate or score wrote: filters, removes duplicates and test data, selects, splits, exports.",
    mixinStandardHelpOptions = true)
public final class CurateJob implements Callable<Integer> {

  private static final String NAME = "curate";

  /** Settings besides curate's own that decide what is written. */
  private static final List<String> FURTHER =
      List.of("output.format", "output.prefix", "input.columns.", "prompt.");

  @Mixin private SettingsOptions options;

  @Parameters(arity = "0..*", paramLabel = "RUN", description = "Further runs, as by --input.")
  private List<String> further = new ArrayList<>();

  @Option(names = "--output", paramLabel = "P", description = "The same as --set output.path=P.")
  private String output;

  @Option(
      names = "--overwrite",
      description = "Replaces an output that exists, once the new one is whole.")
  private boolean overwrite;

  @Option(
      names = "--mix",
      description = "Curates runs of different identity together; the card names what differs.")
  private boolean mix;

  @Option(
      names = "--summary",
      paramLabel = "FILE",
      description = "Writes the figures as one JSON object.")
  private Path summaryFile;

  @Override
  public Integer call() throws Exception {
    SettingsReader given = options.read(own());
    JobSettings bound = JobSettings.withStandIns(NAME, given);
    Settings settings = given.settings();
    CurationSettings.check(settings, given);
    given.finish();
    Languages.codes(settings.get(CurationSettings.LANGUAGES));
    FiguresFile.check("--summary", summaryFile);
    List<String> runs = new ArrayList<>();
    if (given.isGiven("input.path")) {
      runs.addAll(bound.reading().paths());
    }
    runs.addAll(further);
    if (runs.isEmpty()) {
      throw InputProblem.told("Cannot curate: no run is named. Give --input" + newest());
    }
    try (SparkSession spark = Sessions.open("foresight curate")) {
      Sources sources = Sources.find(spark, given, bound, runs, mix);
      Map<String, String> identity = identity(given, sources);
      RunRequest.InputFiles files = sources.files(spark, settings.get(CurationSettings.REFERENCES));
      String folder = folder(spark, bound, identity, files);
      for (Source source : sources.all()) {
        Locations.requireApart(spark, source.path(), folder);
      }
      Curation curation = new Curation(spark, given, bound, sources, runs, folder);
      RunRequest request =
          new RunRequest(
              NAME,
              NAME,
              folder,
              bound.outputFormat(),
              bound.overwrite(),
              false,
              false,
              1,
              1,
              identity,
              files,
              curation.described());
      try (StagedRun run = StagedRun.open(spark, request)) {
        return Interruption.during(run::howToGoOn, () -> write(run, curation, folder));
      }
    }
  }

  /** The folder that is named, that of an unfinished run of the same identity, or a new one. */
  private static String folder(
      SparkSession spark,
      JobSettings bound,
      Map<String, String> identity,
      RunRequest.InputFiles files) {
    if (!bound.outputChosen()) {
      return bound.output();
    }
    String unfinished =
        UnfinishedRuns.find(
            spark, JobSettings.CHOSEN_FOLDER, JobSettings.chosenPrefix(NAME), identity, files);
    return unfinished == null ? bound.output() : unfinished;
  }

  private int write(StagedRun run, Curation curation, String folder) throws IOException {
    boolean before = run.isWhole();
    if (!before) {
      if (run.isResumed()) {
        System.err.printf("Going on with %s.%n", folder);
      }
      try {
        curation.make(run);
      } catch (RunException e) {
        if (e.kind() == RunException.Kind.INPUT) {
          run.abandon();
        }
        throw e;
      }
    }
    FiguresFile.write(summaryFile, run.described("summary"));
    System.out.print(Curation.table(run.described("summary")));
    System.out.printf("Written %sto %s%n", before ? "before " : "", folder);
    return 0;
  }

  private Map<String, Object> own() {
    Map<String, Object> own = new HashMap<>();
    if (output != null) {
      own.put(OutputSettings.PATH.key(), output);
    }
    if (overwrite) {
      own.put(OutputSettings.OVERWRITE.key(), true);
    }
    return own;
  }

  /** What to give for want of a run: the newest one that is finished. */
  private static String newest() throws IOException {
    Path folder = Path.of(JobSettings.CHOSEN_FOLDER);
    if (Files.isDirectory(folder)) {
      try (Stream<Path> runs = Files.list(folder)) {
        Path newest =
            runs.filter(run -> run.getFileName().toString().startsWith("generate-"))
                .filter(run -> Files.exists(run.resolve("_SUCCESS")))
                .max(java.util.Comparator.naturalOrder())
                .orElse(null);
        if (newest != null) {
          return " %s, the newest one that is finished, or others.".formatted(newest);
        }
      }
    }
    return " the output folder of generate or score. ./submit.sh generate makes one of the example prompts.";
  }

  /** All that decides what is written, by names that users know. */
  private static Map<String, String> identity(SettingsReader given, Sources sources)
      throws IOException {
    Map<String, String> identity = new TreeMap<>();
    for (Setting<?> setting : Catalog.load().settings()) {
      String key = setting.key();
      boolean further = given.isGiven(key) && FURTHER.stream().anyMatch(key::startsWith);
      if (setting.effect() == Setting.Effect.CURATION || further) {
        identity.put(key, Secrets.hidden(given.shown(setting)));
      }
    }
    identity.put("job", NAME);
    sources.describe(identity);
    Version.read().forEach((name, value) -> identity.put("code." + name, value));
    return identity;
  }
}
