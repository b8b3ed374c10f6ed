package io.foresight.jobs.curate.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.input.files.Unfinished;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.settings.Secrets;
import io.foresight.settings.SettingsReader;
import io.foresight.spark.rows.RowFormat;
import io.foresight.spark.run.RunException;
import io.foresight.spark.run.RunRequest;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * The runs that are curated, found and checked before their rows are read.
 *
 * @param all in the order in which they were given
 * @param mixed how they differ, of runs of different identity that were mixed on purpose
 * @param notes what a reader of the card should know of them
 */
public record Sources(List<Source> all, List<String> mixed, List<String> notes) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RUN = "_foresight/run.json";

  /** Names of an identity that say where a run was made, and nothing of its rows. */
  private static final List<String> SHOWN_LAST = List.of("code.commit", "code.version");

  /**
   * Finds the runs.
   *
   * @param runs where they lie; paths or patterns of them
   * @param mix whether they may be of different identity
   * @throws RunException of kind INPUT if one is not there or not finished, or they differ
   */
  public static Sources find(
      SparkSession spark, SettingsReader given, JobSettings bound, List<String> runs, boolean mix) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    List<Source> sources = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (String path : runs) {
      try {
        for (FileStatus found : named(hadoop, path)) {
          sources.add(source(hadoop, found, given, bound, notes));
        }
      } catch (IOException e) {
        throw new RunException(
            RunException.Kind.INPUT,
            "Cannot read input %s: %s. Check the path and the access to it."
                .formatted(path, Secrets.reason(e).replaceFirst("\\.$", "")),
            e);
      }
    }
    List<String> mixed = differences(sources);
    if (!mixed.isEmpty() && !mix) {
      throw InputProblem.told(
          "Cannot curate %s together: they differ:\n  %s\nCurate one, or give --mix."
              .formatted(
                  String.join(", ", sources.stream().map(Source::label).toList()),
                  String.join("\n  ", mixed)));
    }
    return new Sources(List.copyOf(sources), mixed, List.copyOf(notes));
  }

  private static List<FileStatus> named(Configuration hadoop, String given) throws IOException {
    Path path = new Path(given);
    FileSystem files = path.getFileSystem(hadoop);
    try {
      return List.of(files.getFileStatus(path));
    } catch (FileNotFoundException e) {
      FileStatus[] matching = files.globStatus(path);
      if (matching == null || matching.length == 0) {
        throw InputProblem.told(
            "Cannot read input %s: there is no such run. Give --input the output folder of generate or score."
                .formatted(given));
      }
      Arrays.sort(matching, Comparator.comparing(FileStatus::getPath));
      return List.of(matching);
    }
  }

  private static Source source(
      Configuration hadoop,
      FileStatus found,
      SettingsReader given,
      JobSettings bound,
      List<String> notes)
      throws IOException {
    Path path = found.getPath();
    FileSystem files = path.getFileSystem(hadoop);
    String label =
        "file".equals(path.toUri().getScheme()) ? path.toUri().getPath() : path.toString();
    JsonNode run = found.isDirectory() ? read(files, new Path(path, RUN)) : null;
    if (run == null) {
      return Source.ofFiles(label, path.toString(), format(files, found, label), bound);
    }
    if (run.at("/identity/job").asText().equals("curate")) {
      throw InputProblem.told(
          "Cannot curate %s: it is a curated data set. Give the runs that it was made of."
              .formatted(label));
    }
    if (!files.exists(new Path(path, "_SUCCESS"))) {
      String there = progress(files, path, run);
      if (bound.reading().unfinished() != Unfinished.READ) {
        throw InputProblem.told(
            "Cannot curate %s: its run is not finished%s. Go on with it by ./submit.sh %s --output %s and the other options that it was started with, or set input.unfinished = read."
                .formatted(label, there, run.at("/identity/job").asText("generate"), label));
      }
      notes.add("%s is not finished%s.".formatted(label, there));
    }
    return Source.ofRun(label, path.toString(), run, given, bound);
  }

  private static JsonNode read(FileSystem files, Path file) throws IOException {
    try (InputStream in = files.open(file)) {
      return JSON.readTree(in);
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  /** How far a run is. */
  private static String progress(FileSystem files, Path folder, JsonNode run) throws IOException {
    long shards = run.at("/plan/shards").asLong();
    long rows = 0;
    for (JsonNode segment : run.at("/plan/segments")) {
      rows += segment.path("rows").asLong();
    }
    long there =
        Arrays.stream(files.listStatus(folder))
            .filter(file -> file.getPath().getName().startsWith("part-"))
            .count();
    return shards == 0
        ? ": nothing of it is there"
        : ": %d of %d parts of its %d rows are there".formatted(there, shards, rows);
  }

  /** Of files that no run wrote. */
  private static RowFormat format(FileSystem files, FileStatus found, String label)
      throws IOException {
    for (FileStatus file : below(files, found)) {
      String name = file.getPath().getName();
      if (name.endsWith(".parquet")) {
        return RowFormat.PARQUET;
      }
      if (name.matches(".*\\.(jsonl?|ndjson)(\\.\\w+)?")) {
        return RowFormat.JSONL;
      }
    }
    throw InputProblem.told(
        "Cannot curate %s: it is no run, and has no file that is Parquet or JSONL by its name. Give --input the output folder of generate or score."
            .formatted(label));
  }

  private static List<FileStatus> below(FileSystem files, FileStatus found) throws IOException {
    List<FileStatus> all = new ArrayList<>();
    Deque<FileStatus> open = new ArrayDeque<>(List.of(found));
    while (!open.isEmpty()) {
      FileStatus next = open.pop();
      if (!next.isDirectory()) {
        all.add(next);
        continue;
      }
      for (FileStatus inside : files.listStatus(next.getPath())) {
        String name = inside.getPath().getName();
        if (!name.startsWith("_") && !name.startsWith(".")) {
          open.push(inside);
        }
      }
    }
    all.sort(Comparator.comparing(FileStatus::getPath));
    return all;
  }

  /** Each name whose value differs between the runs, with the values. */
  private static List<String> differences(List<Source> sources) {
    TreeSet<String> names =
        new TreeSet<>(
            Comparator.<String, Boolean>comparing(SHOWN_LAST::contains)
                .thenComparing(Comparator.naturalOrder()));
    sources.forEach(source -> names.addAll(source.identity().keySet()));
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      List<String> values =
          sources.stream()
              .map(source -> Optional.ofNullable(source.identity().get(name)).orElse("not set"))
              .distinct()
              .toList();
      if (values.size() > 1) {
        differences.add(name + ": " + String.join(", ", values));
      }
    }
    return differences;
  }

  /** The files that the rows, and references, are read of, as they are now. */
  public RunRequest.InputFiles files(SparkSession spark, List<String> references) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    List<String> listed = new ArrayList<>();
    long bytes = 0;
    List<String> paths = new ArrayList<>(all.stream().map(Source::path).toList());
    for (String reference : references) {
      requireThere(hadoop, reference);
      paths.add(reference);
    }
    for (String path : paths) {
      try {
        for (FileStatus found : named(hadoop, path)) {
          FileSystem files = found.getPath().getFileSystem(hadoop);
          for (FileStatus file : below(files, found)) {
            listed.add(
                "%s %d %d".formatted(file.getPath(), file.getLen(), file.getModificationTime()));
            bytes += file.getLen();
          }
        }
      } catch (IOException e) {
        throw new RunException(
            RunException.Kind.INPUT,
            "Cannot read %s: %s. Check the path and the access to it."
                .formatted(path, Secrets.reason(e).replaceFirst("\\.$", "")),
            e);
      }
    }
    return RunRequest.InputFiles.of(listed, bytes, "");
  }

  private static void requireThere(Configuration hadoop, String reference) {
    String reason = "there is no such file";
    try {
      Path path = new Path(reference);
      FileStatus[] matching = path.getFileSystem(hadoop).globStatus(path);
      if (matching != null && matching.length > 0) {
        return;
      }
    } catch (IOException e) {
      reason = Secrets.reason(e).replaceFirst("\\.$", "");
    }
    throw InputProblem.told(
        "Cannot read references %s: %s. Correct curate.references.path."
            .formatted(reference, reason));
  }

  /** What identifies them, by name. */
  public void describe(Map<String, String> identity) {
    for (int i = 0; i < all.size(); i++) {
      Source source = all.get(i);
      identity.put(
          "input." + i, source.label() + (source.job().isEmpty() ? "" : " by " + source.job()));
    }
  }
}
